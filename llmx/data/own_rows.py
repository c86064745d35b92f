"""A person's own questions: a file of theirs, or any dataset of the hub.

What a specification leaves open (which column is the question, how many rows there are, at which
commit a dataset stands) is settled once, when a run is planned, and stands in the specification
from then on. Of a file its content counts, wherever it lies.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import AfterValidator, Field

from llmx.core.errors import DataError, nearest
from llmx.core.options import SPLITS, Split, parse, wrong
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.columns import ColumnOptions, Columns, RowReader, found_columns
from llmx.data.drawn import Settled, doubled
from llmx.data.question_template import EACH_DRAW, is_template, order_fault
from llmx.data.table import QuestionTable
from llmx.data.templated import question_key

VERSION = 1  # raised with every change here, in columns.py, options.py or table.py to a problem
_ROUNDING = 1e-9  # of a sum of shares
_UNSHOWN = ("train", "sft")  # splits that models learn from are not asked with examples
_SIZED = ("test", "calibration", "heldout", "train")
_SHOT = "{{ question }}\n{{ answer }}"

Part = str | int | float
"""Of a split: the name that the data gives it, a number of rows, or a share of all."""


def _of_one_sort(splits: dict[Split, Part]) -> dict[Split, Part]:
    sorts = {type(part) for part in splits.values()}
    if len(sorts) > 1:
        raise wrong("mixes names, numbers and shares", "write {test: 0.8, calibration: 0.2}")
    for name, part in splits.items():
        if isinstance(part, int) and part < 1:
            raise wrong(f".{name} is {part}", "write a number of rows, 1 or more")
        if isinstance(part, float) and not 0 < part <= 1:
            raise wrong(f".{name} is {part:g}", "write a share of all rows, above 0, at most 1")
    shares = [part for part in splits.values() if isinstance(part, float)]
    if sum(shares) > 1 + _ROUNDING:
        raise wrong(f"shares add up to {sum(shares):g}", "they are 1 together, or less")
    return splits


def _template(text: str) -> str:
    if not is_template(text):
        raise wrong("is no template", "write '{{ question }} … {{ answer }}'")
    return text


class RowsOptions(ColumnOptions):
    """Columns, splits and worked examples of a person's own questions."""

    split_column: str | None = Field(
        default=None, description="column that says of which split a row is"
    )
    splits: Annotated[dict[Split, Part], AfterValidator(_of_one_sort)] = Field(
        default={},
        description="split -> its name in the data, or a share or number of rows, by a hash of the"
        " question; empty = all rows are test",
        examples=["{test: 0.8, calibration: 0.2}"],
    )
    shuffle: bool = Field(default=False, description="order by a hash of data.seed, not the file's")
    shots: int = Field(default=0, ge=0, le=100, description="worked examples above each question")
    shots_split: Split = Field(default="train", description="split that they are drawn from")
    shot: Annotated[str, AfterValidator(_template)] = Field(
        default=_SHOT, description="template of one, over question, answer and the row's columns"
    )


class RowSource(Protocol):
    """Where rows stand; equal sources have equal rows."""

    def __hash__(self) -> int: ...

    def table(self) -> QuestionTable:
        """Return its rows."""


@lru_cache(maxsize=4)
def _problems(source: RowSource, columns: Columns) -> tuple[Sample, ...]:
    """Return a problem for each row of a source.

    Raises:
        DataError: for a row that is none, or two of one id.
    """
    table = source.table()
    found = tuple(columns.problems(table))
    if (places := doubled(one.id for one in found)) is not None:
        first, other = (table.places[place] for place in places)
        text = f"{table.name}: {first} and {other} have one id: '{found[places[0]].id}'"
        hint = f"give each an id of its own, or leave data.options.id={columns.id} out"
        raise DataError(text, hint)
    return found


class OwnRows(ABC):
    """Questions that somebody brings; splits in their own order."""

    Options: ClassVar[type[RowsOptions]]
    scorer: ClassVar[str | None] = "exact"
    """What fits their answers; of a specification see :meth:`scorer_of`."""

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec
        self.options = self._parsed(spec)

    @classmethod
    def _parsed(cls, spec: DataSpec) -> RowsOptions:
        return parse(spec, cls.Options)

    @classmethod
    @abstractmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on."""

    @classmethod
    @abstractmethod
    def settled(cls, spec: DataSpec, found: Path) -> Settled:
        """Return the specification with what stands in the data: columns, sizes, a commit."""

    @classmethod
    def scorer_of(cls, spec: DataSpec) -> str:
        """Return the scorer that fits: ``choice`` where there are options to choose from."""
        known = cls(spec)
        named = known.options.choices  # without a look at the data, where they are named
        return "choice" if (known.columns.choices if named is None else named) else "exact"

    @abstractmethod
    def source(self, split: str) -> RowSource:
        """Return where the rows of a split stand."""

    @cached_property
    def columns(self) -> Columns:
        """What is read of each row."""
        return self._found[0]

    @cached_property
    def _found(self) -> tuple[Columns, str]:
        found, told = found_columns(self.source("test").table(), self.options)
        permute = self.options.permute
        if (fault := order_fault(permute, found.question, found.choices)) is not None:
            raise DataError(f"data.options.permute={_written(permute)}: {fault[0]}", fault[1])
        if permute:
            found = replace(found, order=self.spec.seed, each_draw=permute == EACH_DRAW)
        return found, told

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return the problems of a split, at most as many as the specification says.

        Raises:
            DataError: if the data has no such split, or a row of it is no problem.
        """
        places = self.places(name)
        sizes = (limit, getattr(self.spec, name, None) if name in _SIZED else None)
        most = min((size for size in sizes if size is not None), default=None)
        found = [self._all(name)[place] for place in places[:most]]
        learnt = name in _UNSHOWN or name == self.options.shots_split != "test"
        return found if learnt else self._with_shots(found)

    def _all(self, split: str) -> Sequence[Sample]:
        return _problems(self.source(split), self.columns)

    def places(self, split: str) -> list[int]:
        """Return the places of a split's rows in its source, in the order in which they are asked.

        Raises:
            DataError: if the data has no such split.
        """
        found = [place for place, name in enumerate(self._assigned(split)) if name == split]
        if not found:
            raise DataError(f"{self._name} has no split '{split}'", self._splits_hint(split))
        if not self.options.shuffle:
            return found
        problems = self._all(split)
        return sorted(found, key=lambda place: _draw(self.spec.seed, problems[place].id))

    @property
    def _parts(self) -> dict[str, Part]:
        return {str(name): part for name, part in self.options.splits.items()}

    @property
    def _name(self) -> str:
        return self.source("test").table().name

    def _assigned(self, split: str) -> list[str | None]:
        """Return the split of each row of the source of a split."""
        column = self.options.split_column
        if column is not None:
            return self._by_column(split, column)
        parts = {one: part for one, part in self._parts.items() if not isinstance(part, str)}
        if not parts:
            own = split == "test" or split in self._parts
            return [split if own else None] * len(self._all(split))
        return assigned([one.question for one in self._all(split)], parts, self.spec.seed)

    def _by_column(self, split: str, column: str) -> list[str | None]:
        table, name = self.source(split).table(), str(self._parts.get(split, split))
        if column not in table.columns:
            text = f"data.options.split_column={column}: {table.name} has no such column"
            raise DataError(text, nearest(column, table.columns, "columns"))
        return [split if str(row.get(column)) == name else None for row in table.rows]

    def _splits_hint(self, split: str) -> str:
        column = self.options.split_column
        if column is None:
            other = "calibration" if split == "test" else split
            return f"data.options.splits={{test: 0.8, {other}: 0.2}}"
        held = dict.fromkeys(str(row.get(column)) for row in self.source(split).table().rows)
        names = ", ".join(list(held)[:8])
        return f"{column} holds {names}: data.options.splits={{{split}: NAME}}"

    def _with_shots(self, found: list[Sample]) -> list[Sample]:
        if not self.options.shots or not found:
            return found
        return [one.model_copy(update={"examples": self._examples(one)}) for one in found]

    def _examples(self, tested: Sample) -> str:
        """Return worked examples for a problem, none of which asks what it asks."""
        own, options = question_key(tested.question), self.options
        drawn = (text for key, text in self._drawn_shots() if key != own)
        texts = [text for text, _ in zip(drawn, range(options.shots), strict=False)]
        if len(texts) < options.shots:
            text = f"data.options.shots={options.shots}: split {options.shots_split} has"
            raise DataError(f"{text} {len(texts)} other questions", "ask for fewer")
        return "\n\n".join(texts)

    def _drawn_shots(self) -> Iterator[tuple[str, str]]:
        """Yield (key of the question, text) of examples, each question once, as they are drawn."""
        seen: set[str] = set()
        for place in self._pool:
            key = question_key(self._all(self.options.shots_split)[place].question)
            if key not in seen:
                seen.add(key)
                yield key, self._shot(place)

    @cached_property
    def _pool(self) -> list[int]:
        split = self.options.shots_split
        problems = self._all(split)
        try:
            places = self.places(split)
        except DataError as error:
            text = f"data.options.shots={self.options.shots}: {error.message}"
            raise DataError(text, f"{error.hint}, or data.options.shots_split=test") from error
        return sorted(places, key=lambda place: _draw(self.spec.seed, f"shot/{problems[place].id}"))

    @cached_property
    def _shots(self) -> dict[int, str]:
        return {}

    def _shot(self, place: int) -> str:
        if place not in self._shots:
            split = self.options.shots_split
            sample, table = self._all(split)[place], self.source(split).table()
            held = {"question": sample.question, "answer": sample.answer}
            reader = RowReader(table, place, self.columns)
            self._shots[place] = reader.rendered("shot", self.options.shot, over=held).strip("\n")
        return self._shots[place]

    def sizes(self) -> dict[str, int]:
        """Return how many rows each split has, of those that there are."""
        held = {}
        for split in SPLITS:
            try:
                held[split] = len(self.places(split))
            except DataError:
                if split == "test":
                    raise
        return held

    def filled(self) -> Settled:
        """Return the specification with columns and sizes that stand in the data, and notes."""
        columns, told = self._found
        sizes = self.sizes()
        found = {name: held for name in ("question", "answer") if (held := getattr(columns, name))}
        if columns.choices is not None:
            form = columns.form(self.source("test").table())
            found |= {"choices": columns.choices, "answer_is": form}
        given = {name: held for name, held in self.spec.options.items() if held is not None}
        update: dict[str, Any] = {"options": {**given, **_as_json(found)}}
        for name in _SIZED:
            if name in sizes or name != "calibration":  # which is at least 1, had or not
                update[name] = min(getattr(self.spec, name), sizes.get(name, 0))
        spec = self.spec.model_copy(update=update)
        type(self)(spec).split("test")  # whatever is wrong with a row, or with its examples
        return Settled(spec, tuple(self._notes(told, sizes)))

    def _notes(self, told: str, sizes: Mapping[str, int]) -> Iterator[str]:
        counts = "; ".join(f"{split} has {_rows(size)}" for split, size in sizes.items())
        yield f"{self._name}: {counts}" + (f"; by their names {told}" if told else "")
        table, problems = self.source("test").table(), self._all("test")
        keys = Counter(question_key(one.question) for one in problems)
        if (many := sum(count > 1 for count in keys.values())) > 0:
            places = doubled(question_key(one.question) for one in problems)
            assert places is not None
            first, other = (table.places[place] for place in places)
            what = "one question stands" if many == 1 else f"{many:,} questions stand"
            yield f"{self._name}: {what} more than once, first in {first} and {other}"


def _written(permute: bool | str) -> str:
    return permute if isinstance(permute, str) else str(permute).lower()


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _as_json(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(held) if isinstance(held, tuple) else held for name, held in found.items()}


def _draw(seed: int, text: str) -> bytes:
    """Return what orders texts at random: a hash, which no version of a library changes."""
    return blake2b(f"{seed}/{text}".encode(), digest_size=8).digest()


def assigned(
    questions: Sequence[str], parts: Mapping[str, int | float], seed: int
) -> list[str | None]:
    """Return the split of each question: a function of its text, alike for equal ones.

    A split without a part is not among them, but for ``test``, which then has what is left. By
    shares a question that is added moves no other one.

    Raises:
        DataError: if there are fewer questions than are asked for.
    """
    keys = [question_key(one) for one in questions]
    order = sorted(set(keys), key=lambda key: _draw(seed, key))
    named = sorted(parts, key=SPLITS.index)
    rest = None if "test" in parts else "test"
    if any(isinstance(part, float) for part in parts.values()):
        of = _by_share(order, {one: float(parts[one]) for one in named}, seed, rest)
        return [of[key] for key in keys]
    return _by_number(keys, order, {one: int(parts[one]) for one in named}, rest)


def _by_share(
    keys: Sequence[str], parts: Mapping[str, float], seed: int, rest: str | None
) -> dict[str, str | None]:
    bounds = list(zip(parts, accumulate(parts.values()), strict=True))
    last, whole = bounds[-1]
    beyond = last if whole > 1 - _ROUNDING else rest

    def of(key: str) -> str | None:
        at = int.from_bytes(_draw(seed, key)) / 2**64
        return next((name for name, bound in bounds if at < bound), beyond)

    return {key: of(key) for key in keys}


def _by_number(
    keys: Sequence[str], order: Sequence[str], parts: Mapping[str, int], rest: str | None
) -> list[str | None]:
    """Give each split whole questions in the drawn order; of equal ones too many are left out."""
    counts = Counter(keys)
    left, of, taken = dict(parts), dict[str, str | None](), Counter[str]()
    for key in order:
        split = next((name for name, number in left.items() if number > 0), rest)
        of[key] = split
        if split in left:
            left[split] -= counts[key]
    if any(number > 0 for number in left.values()):
        asked = sum(parts.values())
        raise DataError(
            f"data.options.splits asks for {asked:,} rows of {len(keys):,}", "ask fewer"
        )
    found: list[str | None] = []
    for split in (of[key] for key in keys):
        full = split is not None and taken[split] >= parts.get(split, len(keys))
        taken[split or ""] += 1
        found.append(None if full else split)
    return found
