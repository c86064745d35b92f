"""What an earlier try has left of a file of records, as far as it is what is asked for now.

A stage goes on behind it. What follows the first record that is damaged, doubled, foreign or out of
its place is cut off and done again: nobody can tell any more what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llmx.core.judging import Judgement
from llmx.core.record import Record
from llmx.store.files import lines_before_damage, write_lines

Row = Mapping[str, Any]


def id_of(model: type[Record | Judgement]) -> Callable[[Row], Hashable]:
    """Return what reads the id of a record, or None from what is none of that model."""

    def read(row: Row) -> str | None:
        try:
            return model.model_validate(row).id
        except ValidationError:
            return None

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
