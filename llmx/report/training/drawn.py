"""``rollouts.jsonl`` by step: what a policy drew, and what its groups could teach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from llmx.report.training.evidence import RolloutMeans

Row = Mapping[str, Any]
Count = Callable[[str], int]
"""Completion → backtracks in it."""

_CORRECT, _FORM = "correct", "format"
_SAME = 1e-9


def by_step(rows: Iterable[Row], size: int, count: Count | None = None) -> tuple[RolloutMeans, ...]:
    """Return the means of each step's rollouts, in order.

    Args:
        rows: of ``rollouts.jsonl``, in their order.
        size: completions of a group.
        count: None where the data has no traces.
    """
    steps = groupby(rows, key=lambda row: int(row["step"]))
    return tuple(_drawn(step + 1, list(found), size, count) for step, found in steps)


def _drawn(step: int, rows: Sequence[Row], size: int, count: Count | None) -> RolloutMeans:
    groups = list(grouped(rows, size))
    named = all(_CORRECT in row["rewards"] for row in rows)
    kinds = [taught(group) for group in groups]
    return RolloutMeans(
        step=step,
        groups=len(groups),
        correct=_share(rows, _CORRECT),
        form=_share(rows, _FORM),
        returns=None if count is None else sum(count(r["completion"]) for r in rows) / len(rows),
        form_only=kinds.count("form") / len(groups) if named else None,
        silent=kinds.count("nothing") / len(groups),
    )


def grouped(rows: Sequence[Row], size: int) -> Iterator[list[Row]]:
    """Yield the groups: completions of one prompt stand together, `size` at a time."""
    for _, same in groupby(rows, key=lambda row: (row["step"], row["row"])):
        found = list(same)
        yield from (found[at : at + size] for at in range(0, len(found), size))


def taught(group: Sequence[Row]) -> str:
    """Return what the rewards of a group tell apart: ``nothing``, ``form`` or ``answers``.

    A group without a right answer whose rewards differ is told apart by its form alone. With
    rewards in units of the group's spread that weighs as much as a right answer would.
    """
    rewards = [float(row["reward"]) for row in group]
    if max(rewards) - min(rewards) < _SAME:
        return "nothing"
    right = any(row["rewards"].get(_CORRECT, 0.0) > 0 for row in group)
    return "answers" if right else "form"


def _share(rows: Sequence[Row], part: str) -> float | None:
    if any(part not in row["rewards"] for row in rows):
        return None
    return float(sum(row["rewards"][part] > 0 for row in rows) / len(rows))


def chosen(
    steps: Sequence[int], read: Callable[[], Iterable[Row]], size: int, wanted: int
) -> tuple[Row, ...]:
    """Return about `wanted` rollouts, whole groups of the first, a middle and the last step.

    Args:
        steps: at which there are rollouts.
        read: begins to read the rollouts; they may be too many to be held at once.
    """
    if not steps or wanted < 1:
        return ()
    picked = list(dict.fromkeys([steps[0], steps[len(steps) // 2], steps[-1]]))
    room = max(1, round(wanted / len(picked)))
    by = groupby(read(), key=lambda row: int(row["step"]))
    return tuple(
        row for step, rows in by if step in picked for row in _some(list(rows), size, room)
    )


def _some(rows: Sequence[Row], size: int, room: int) -> Sequence[Row]:
    """Return whole groups, and part of one where none fits."""
    groups = list(grouped(rows, size))[: max(1, round(room / size))]
    found = [row for group in groups for row in group]
    return found if room >= size else found[:room]
