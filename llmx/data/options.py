"""Multiple-choice problems: a question, and below it options that are lettered from A.

Published sets and people's own files write the right option as its letter, label, text or number.
Which of them a column holds is told from all of its rows: a reading is taken if it reads every row,
and if no other one that does says something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Literal, get_args

from llmx.core import json_text
from llmx.core.permuted import lettered

AnswerForm = Literal["label", "letter", "text", "index", "number"]
"""How the right option is written: by the data's own label, a letter from A, its text, its place
from 0 or its place from 1."""


def with_options(question: str, options: Sequence[str]) -> str:
    """Return the question as it is asked: each option on a line of its own, ``A. …``.

    Raises:
        ValueError: for fewer than two options, or more than there are letters.
    """
    return "\n".join([question.strip(), lettered(options)])


@dataclass(frozen=True)
class Choices:
    """The options of one problem: their texts, and the data's own labels where it has any."""

    texts: tuple[str, ...]
    labels: tuple[str, ...] = ()

    def ordered(self, places: Sequence[int]) -> Choices:
        """Return them in another order: at each place, which one stands there."""
        texts = tuple(self.texts[place] for place in places)
        return Choices(texts, tuple(self.labels[place] for place in places if self.labels))


def choices_in(value: Any) -> Choices | None:
    """Return the options that a cell holds; None where it holds none.

    A list of texts, ``{text: […], label: […]}``, ``{A: …, B: …}``, a list of
    ``{label: …, text: …}``, or one of these written as JSON.
    """
    if isinstance(value, str):
        return _written(value)
    if isinstance(value, list):
        return _listed(value)
    if not isinstance(value, Mapping):
        return None
    texts, labels = value.get("text"), value.get("label")
    if isinstance(texts, list):
        found = _listed(texts)
        return found and Choices(found.texts, tuple(map(str, labels or ())))
    found = _listed(list(value.values()))
    return found and Choices(found.texts, tuple(map(str, value)))


def _written(text: str) -> Choices | None:
    if text.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return choices_in(json_text.parse(text))
    except ValueError:
        return None


def _listed(held: list[Any]) -> Choices | None:
    if held and all(isinstance(one, Mapping) and {"label", "text"} <= one.keys() for one in held):
        found = _listed([one["text"] for one in held])
        return found and Choices(found.texts, tuple(str(one["label"]) for one in held))
    if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in held):
        return None
    texts = tuple(str(one) for one in held)
    return Choices(texts) if 2 <= len(texts) <= len(ascii_uppercase) else None


_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_PLACE = re.compile(r"\d{1,2}")


def _by_label(answer: str, choices: Choices) -> int | None:
    known = choices.labels
    return known.index(answer) if known.count(answer) == 1 else None


def _by_letter(answer: str, choices: Choices) -> int | None:
    found = _LETTER.fullmatch(answer)
    place = ascii_uppercase.index(found[1].upper()) if found else len(choices.texts)
    return place if place < len(choices.texts) else None


def _by_text(answer: str, choices: Choices) -> int | None:
    texts = [text.strip() for text in choices.texts]
    return texts.index(answer) if texts.count(answer) == 1 else None


def _by_place(first: int) -> Callable[[str, Choices], int | None]:
    def read(answer: str, choices: Choices) -> int | None:
        place = int(answer) - first if _PLACE.fullmatch(answer) else -1
        return place if 0 <= place < len(choices.texts) else None

    return read


_READ: dict[AnswerForm, Callable[[str, Choices], int | None]] = {
    "label": _by_label,
    "letter": _by_letter,
    "text": _by_text,
    "index": _by_place(0),
    "number": _by_place(1),
}


class UnreadAnswers(ValueError):
    """A column of answers that no reading reads, or that two read differently.

    Attributes:
        place: of the first row that shows it.
        forms: the readings that part there; none where there is no reading at all.
    """

    def __init__(self, place: int, forms: Sequence[AnswerForm] = ()) -> None:
        super().__init__(f"answer of row {place}")
        self.place = place
        self.forms = tuple(forms)


def read_answers(
    answers: Sequence[str], choices: Sequence[Choices], form: AnswerForm | None = None
) -> tuple[AnswerForm, list[int]]:
    """Return how answers are written, and the place of the right option of every problem, from 0.

    Args:
        answers: as the data writes them, one a problem.
        choices: one a problem.
        form: how they are written; None = told from all of them.

    Raises:
        UnreadAnswers: if that cannot be told.
    """
    pairs = [(answer.strip(), held) for answer, held in zip(answers, choices, strict=True)]
    asked: tuple[AnswerForm, ...] = (form,) if form else get_args(AnswerForm)
    read = {one: [_READ[one](answer, held) for answer, held in pairs] for one in asked}
    whole = {one: [p for p in found if p is not None] for one, found in read.items()}
    whole = {one: found for one, found in whole.items() if len(found) == len(pairs)}
    if not whole:
        raise UnreadAnswers(max(_first_unread(found) for found in read.values()))
    if "label" in whole:  # what the data itself calls its options
        return "label", whole["label"]
    first, *others = whole
    for place, row in enumerate(zip(*whole.values(), strict=True)):
        if len(set(row)) > 1:
            raise UnreadAnswers(place, [first, *(o for o in others if whole[o][place] != row[0])])
    return first, whole[first]


def _first_unread(found: Sequence[int | None]) -> int:
    return found.index(None)
