"""Records of a file as models, one at a time: a file of any length takes the memory of a line."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from llmx.core import json_text
from llmx.core.judging import Judgement
from llmx.core.record import Record
from llmx.store.files import damaged, lines_before_damage, whole_lines, write_lines

M = TypeVar("M", bound=BaseModel)


def rows(path: Path, model: type[M]) -> Iterator[M]:
    """Yield each complete record of a file; nothing where there is no file.

    Raises:
        StoreError: for a line that is not JSON.
        ValidationError: for one that is no `model`.
    """
    return lean(parsed(line, model, path) for line in whole_lines(path))


def parsed(line: bytes, model: type[M], path: Path) -> M:
    """Return the record of one line; `path` and the errors are those of :func:`rows`."""
    try:
        return model.model_validate_json(line)  # several times as fast as the two steps below
    except ValidationError:
        pass
    try:
        value = json_text.parse(line)
    except ValueError as error:
        raise damaged(path, error) from error
    return model.model_validate(value)


def lean(values: Iterable[M]) -> Iterator[M]:
    """Yield frozen models that share what is equal: the names of their fields, half of a record.

    Pydantic gives each a set of the names that were set, which takes more room than the values.
    """
    last: set[str] = set()
    for value in values:
        if value.__pydantic_fields_set__ == last:
            object.__setattr__(value, "__pydantic_fields_set__", last)
        else:
            last = value.__pydantic_fields_set__
        yield value


Row = Mapping[str, Any]


def key_of(model: type[Record | Judgement]) -> Callable[[Row], Hashable]:
    """Return what reads the key of a row, or None from what is none of that model.

    A judgement's key is its id; where a problem has several draws, it is the pair of both.
    """

    def read(row: Row) -> Hashable:
        try:
            found = model.model_validate(row)
        except ValidationError:
            return None
        return found.id if isinstance(found, Judgement) else (found.id, found.draw)

    return read


def keep_asked(
    path: Path,
    asked: Sequence[Hashable],
    name: Callable[[Row], Hashable],
    size: int = 1,
    ordered: bool = True,
) -> list[dict[str, Any]]:
    """Cut a file after its last record that is kept; return those that are.

    Args:
        path: of the records; it need not be there.
        asked: the names of all records, in their order.
        name: reads what a record is named by.
        size: of a batch, which is kept as a whole or not; the last may be shorter.
        ordered: whether records stand in the order in which they are asked.
    """
    rows, clean = lines_before_damage(path)
    right = _as_asked([name(row) for row in rows], asked, ordered)
    kept = right if right == len(asked) else right // size * size
    if kept < len(rows) or not clean:
        write_lines(path, rows[:kept])
    return rows[:kept]


def _as_asked(there: Sequence[Hashable], asked: Sequence[Hashable], ordered: bool) -> int:
    """Return how many records there are before the first that is not asked for in its place."""
    left = dict.fromkeys(asked)
    for place, name in enumerate(there):
        if name not in left or (ordered and name != asked[place]):
            return place
        del left[name]
    return len(there)
