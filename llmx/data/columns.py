"""From the columns of a person's table to problems: which is the question, which the answer.

A column is named, or is one of the common names if just one of those is there. In the place of a
name may stand a Jinja template over the row, which is rendered as those of strangers are: in a
sandbox that changes nothing, within limits of time and room.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from string import ascii_uppercase
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from llmx.core.errors import DataError, nearest
from llmx.core.options import StageOptions, wrong
from llmx.core.permuted import in_draw, lettered, order_of
from llmx.core.record import PermutedOptions, Sample
from llmx.data.options import (
    AnswerForm,
    Choices,
    UnreadAnswers,
    choices_in,
    read_answers,
    with_options,
)
from llmx.data.question_template import WRITTEN, is_template, order_fault, shows_options
from llmx.data.table import QuestionTable, Row

QUESTIONS = ("question", "prompt", "input", "problem", "query", "instruction")
ANSWERS = (
    *("answer", "target", "label", "output", "expected", "expected_answer", "reference", "gold"),
    *("answerkey", "answer_key", "correct_answer", "ideal"),
)
CHOICES = ("choices", "options")
_LETTERS = ("A", "B", "C", "D")
_MARK = "\ue000\ue001"  # stands for the options while a template is rendered


def _can_be(value: bool | str, info: ValidationInfo) -> bool | str:
    """Refuse what can be told without a look at the data."""
    choices = info.data.get("choices")
    fault = order_fault(value, info.data.get("question") or "", choices)
    if fault is not None and choices is not None:
        raise wrong(*fault)
    return value


class ColumnOptions(StageOptions):
    """What of a row is the question, what the answer; names of columns, or Jinja templates."""

    question: str | None = Field(
        default=None, description="column, or template; null = the one with a common name"
    )
    answer: str | None = Field(
        default=None, description="column, or template; null = the one with a common name"
    )
    choices: str | tuple[str, ...] | None = Field(
        default=None,
        description="column with a list of options, template, or a list of columns with one each;"
        " [] = none",
        examples=["a column, or a list of columns"],
    )
    answer_is: AnswerForm | None = Field(
        default=None, description="how the right option is written; null = told from all rows"
    )
    permute: Annotated[bool | Literal["each_draw"], AfterValidator(_can_be)] = Field(
        default=False,
        description="options in an order drawn by data.seed: true = one for each problem, each_draw"
        " = one for each of its draws, of which the first is that of true",
        examples=["true, false or each_draw"],
    )
    id: str | None = Field(default=None, description="column; null = a hash of the content")
    cluster: str | None = Field(default=None, description="column: what makes questions alike")


@dataclass(frozen=True)
class Columns:
    """The columns or templates that are read; all of them are there.

    Attributes:
        order: seed by which the options of each problem are put in another order; None = as they
            are published.
        each_draw: whether each draw of a problem has an order of its own.
    """

    question: str
    answer: str
    choices: str | tuple[str, ...] | None = None
    answer_is: AnswerForm | None = None
    id: str | None = None
    cluster: str | None = None
    order: int | None = None
    each_draw: bool = False

    def problems(self, table: QuestionTable) -> list[Sample]:
        """Return a problem a row, in their order.

        Raises:
            DataError: naming the first row that is none.
        """
        rows = [RowReader(table, place, self) for place in range(len(table.rows))]
        questions = [row.text("question", self.question) for row in rows]
        answers = [row.references()[0] for row in rows]
        published = [row.published() for row in rows]
        # An order that is drawn is no content.
        named = questions if self.order is None or not self.shows_options else [""] * len(rows)
        keys = [_content(*found) for found in zip(named, answers, published, strict=True)]
        choices = [row.choices() for row in rows]
        if self.choices is not None:
            letters = _letters(table, self, answers, published)
            answers = [row.letter(of) for row, of in zip(rows, letters, strict=True)]
        names = [row.cell(self.id) for row in rows] if self.id else _numbered(keys)
        held = zip(rows, names, questions, answers, choices, strict=True)
        return [row.sample(name, asked, said, among) for row, name, asked, said, among in held]

    @property
    def shows_options(self) -> bool:
        """Whether a template writes the options into the question itself."""
        return shows_options(self.question, self.choices)

    def form(self, table: QuestionTable) -> AnswerForm | None:
        """Return how the right options are written; None where there are none to choose from."""
        if self.choices is None:
            return None
        rows = [RowReader(table, place, self) for place in range(len(table.rows))]
        among = [found for row in rows if (found := row.published()) is not None]
        return read_answers([row.references()[0] for row in rows], among, self.answer_is)[0]


def found_columns(table: QuestionTable, options: ColumnOptions) -> tuple[Columns, str]:
    """Return the columns to read, and in words those that nobody named; empty where all were.

    Raises:
        DataError: if one is not there, or it is unclear which is meant.
    """
    given = _named_choices(table, options)
    choices = _common_choices(table) if given is None else given or None
    names = {name: getattr(options, name) for name in ("question", "answer", "id", "cluster")}
    for name, given in names.items():
        if given is not None and (name in ("id", "cluster") or not is_template(given)):
            _require(table, name, given)
    question = names["question"] or _common(table, "question", QUESTIONS)
    answer = names["answer"] or _common(table, "answer", ANSWERS)
    found = Columns(question, answer, choices, options.answer_is, names["id"], names["cluster"])
    told = {name: getattr(found, name) for name in ("question", "answer", "choices")}
    new = {name: held for name, held in told.items() if held and getattr(options, name) is None}
    return found, ", ".join(f"{name}={_shown(held)}" for name, held in new.items())


def _shown(named: str | tuple[str, ...]) -> str:
    return named if isinstance(named, str) else f"[{','.join(named)}]"


def _require(table: QuestionTable, option: str, name: str) -> None:
    if name not in table.columns:
        text = f"data.options.{option}={name}: {table.name} has no such column"
        raise DataError(text, nearest(name, table.columns, "columns"))


def _common(table: QuestionTable, option: str, names: Sequence[str]) -> str:
    """Return the one column that has a common name."""
    found = [name for name in table.columns if name.lower().replace(" ", "_") in names]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(name[:40] for name in (found or table.columns)[:12])
    which = "several columns could be" if found else "no column is called like"
    text = f"{table.name}: {which} the {option}: {listed}"
    raise DataError(text, f"name it: data.options.{option}={(found or table.columns)[0]}")


def _named_choices(table: QuestionTable, options: ColumnOptions) -> str | tuple[str, ...] | None:
    given = options.choices
    for name in (given,) if isinstance(given, str) else given or ():
        if not is_template(name):
            _require(table, "choices", name)
    return given


def _common_choices(table: QuestionTable) -> str | tuple[str, ...] | None:
    """Return the column that holds lists of options, or the columns A, B, C, D."""
    first = table.rows[0]
    listed = [name for name in first if name.lower() in CHOICES and choices_in(first[name])]
    if len(listed) == 1:
        return listed[0]
    return _LETTERS if set(_LETTERS) <= set(table.columns) else None


class RowReader:
    """Reads one row."""

    def __init__(self, table: QuestionTable, place: int, columns: Columns) -> None:
        self.table, self.place, self.columns = table, place, columns
        self.row: Row = table.rows[place]

    def cell(self, column: str) -> str:
        """Return what a column holds as a text.

        Raises:
            DataError: if it holds none.
        """
        value = self.row.get(column)
        found = plain_text(value)
        if found is None or not found.strip():
            text = f"the column '{column}' holds {_noun(value)}"
            raise self.table.wrong(self.place, text, _TEXT)
        return found

    def references(self) -> list[str]:
        """Return the answer; all of them where a column holds a list, as ``{text: […]}`` too.

        Raises:
            DataError: if there is none.
        """
        named = self.columns.answer
        held = None if is_template(named) else self.row.get(named)
        if isinstance(held, Mapping):
            held = held.get("text")
        if not isinstance(held, list):
            return [self.text("answer", named).strip()]
        found = [text.strip() for one in held if (text := plain_text(one)) and text.strip()]
        if not found or len(found) < len(held):
            text = f"the column '{named}' holds a list that is not of texts"
            raise self.table.wrong(self.place, text, _TEXT)
        return found

    def text(self, option: str, named: str) -> str:
        """Return what a column or a template gives.

        Raises:
            DataError: if it gives nothing.
        """
        if not is_template(named):
            return self.cell(named)
        found = self.rendered(option, named)
        if not found.strip():
            raise self.table.wrong(self.place, f"data.options.{option} gives nothing", _TEXT)
        return found

    def rendered(self, option: str, template: str, over: Mapping[str, Any] | None = None) -> str:
        """Return what a template makes of the row.

        Args:
            over: names that stand above those of columns.

        Raises:
            DataError: with what the template says, and the row.
        """
        from llmx.core.templates.guarded import render_guarded

        around = self._around() if option in ("question", "answer") else {}
        variables = {"row": self.row, **around, **self.row, **(over or {})}
        try:
            return render_guarded(template, variables, strict=True)
        except Exception as error:  # templates raise what they like
            said = " ".join(str(error).split())[:200] or type(error).__name__
            hint = f"columns: {', '.join(self.table.columns)}"
            raise self.table.wrong(self.place, f"data.options.{option}: {said}", hint) from error

    def _around(self) -> dict[str, Any]:
        """Return what a template may use beside the row's own columns."""
        named = self.columns.choices
        if named is None or (isinstance(named, str) and is_template(named)):
            return {}
        found = self.choices()
        return {} if found is None else {WRITTEN: lettered(found.texts)}

    def choices(self) -> Choices | None:
        """Return the options in the order in which they are shown, None where there are none."""
        found = self.published()
        return None if found is None else found.ordered(self._order(found))

    def letter(self, published: str) -> str:
        """Return the letter under which an option is shown, from the one it is published under."""
        found = self.published()
        if found is None:
            return published
        return ascii_uppercase[self._order(found).index(ascii_uppercase.index(published))]

    def _order(self, found: Choices) -> list[int]:
        seed = self.columns.order
        return list(range(len(found.texts))) if seed is None else order_of(found.texts, seed)

    def published(self) -> Choices | None:
        """Return the options as the data orders them, None where the problem has none.

        Raises:
            DataError: if a column or template of options gives none.
        """
        named = self.columns.choices
        if named is None:
            return None
        if isinstance(named, str):
            value = self._offered(named)
            found = choices_in(value)
        else:
            texts = [plain_text(self.row.get(name)) for name in named]
            while texts and not (texts[-1] or "").strip():
                texts.pop()  # fewer options than columns
            found = choices_in([text if text and text.strip() else None for text in texts])
        if found is None or not all(text.strip() for text in found.texts):
            what = f"data.options.choices={_shown(named)} gives no list of 2 to 26 texts"
            raise self.table.wrong(self.place, what, "a list, or {text: […], label: […]}")
        return found

    def _offered(self, named: str) -> Any:
        if not is_template(named):
            return self.row.get(named)
        text = self.rendered("choices", named)
        if text.lstrip()[:1] in ("[", "{"):
            return text
        return [line for line in text.split("\n") if line.strip()]

    def sample(self, name: str, question: str, answer: str, choices: Choices | None) -> Sample:
        """Return the problem."""
        several = self.references()
        if choices is not None and len(several) > 1:
            raise self.table.wrong(self.place, "several options are right", "one answer a row")
        permuted = self._permuted(question, answer)
        if choices is not None and not self.columns.shows_options:
            question = with_options(question, choices.texts)
        found = Sample(
            id=name,
            question=question,
            answer=answer,
            choices=len(choices.texts) if choices else 0,
            cluster=self.cell(self.columns.cluster) if self.columns.cluster else "",
            metadata={"answers": several} if len(several) > 1 else {},
            permuted=permuted,
        )
        if in_draw(found, 0) != found:
            what = "data.options.question changes the options that it writes"
            hint = "write {{ lettered }} as it is, or data.options.permute=true"
            raise self.table.wrong(self.place, what, hint)
        return found

    def _permuted(self, question: str, letter: str) -> PermutedOptions | None:
        """Return the options where each draw shows them in another order.

        Args:
            question: without options, but where a template writes them into it.
            letter: of the right one, as the first draw shows it.
        """
        columns, found = self.columns, self.published()
        if not columns.each_draw or columns.order is None or found is None:
            return None
        right = self._order(found)[ascii_uppercase.index(letter)]
        around = [f"{question.strip()}\n", ""]
        if columns.shows_options:
            marked = self.rendered("question", columns.question, over={WRITTEN: _MARK})
            around = marked.split(_MARK)
        if len(around) < 2:
            what = "data.options.question writes no options, so that draws would all be alike"
            raise self.table.wrong(self.place, what, "write {{ lettered }} into it")
        return PermutedOptions(
            around=tuple(around), texts=found.texts, right=right, seed=columns.order
        )


_TEXT = "every row needs a question and an answer"


def plain_text(value: Any) -> str | None:
    """Return a value as a text, None of what is none: a list, a mapping, no number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float):
        return str(value)
    return None


def _noun(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    return "names and values" if isinstance(value, Mapping) else "nothing"


def _content(question: str, answer: str, choices: Choices | None) -> str:
    held = [question, answer, list(choices.texts) if choices else []]
    return blake2b(json.dumps(held).encode(), digest_size=8).hexdigest()


def _numbered(keys: Sequence[str]) -> list[str]:
    """Return names: the hash of the content, and a number behind that of one that was there."""
    seen: Counter[str] = Counter()
    found = []
    for key in keys:
        seen[key] += 1
        found.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return found


def _letters(
    table: QuestionTable,
    columns: Columns,
    answers: Sequence[str],
    choices: Sequence[Choices | None],
) -> list[str]:
    """Return the letter of the right option of every row."""
    among = [found for found in choices if found is not None]
    try:
        _, places = read_answers(answers, among, columns.answer_is)
    except UnreadAnswers as error:
        said = f"'{answers[error.place][:40]}'"
        texts = " | ".join(among[error.place].texts)[:80]
        if error.forms:
            what = f"the answer {said} is {' or '.join(error.forms)}: which?"
            raise table.wrong(
                error.place, what, f"data.options.answer_is={error.forms[0]}"
            ) from None
        what = f"the answer {said} is none of its options: {texts}"
        raise table.wrong(error.place, what, "its letter, label, text or number") from None
    return [chr(ord("A") + place) for place in places]
