"""Means over the tasks of MMEB, as the tables of the paper have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from llmx.core.figure import Span
from llmx.data.pairs.mmeb_tasks import COUNTS, TASKS, Category

AVERAGE = "average"
IN_DOMAIN, OUT_OF_DOMAIN = "in domain", "out of domain"
GROUPS: tuple[str, ...] = (*COUNTS, IN_DOMAIN, OUT_OF_DOMAIN, AVERAGE)
_Z = 1.959964  # of a normal interval of 95 %


@dataclass(frozen=True)
class TaskScore:
    """hit@1 of one task: a share, of so many queries, over so many trainings."""

    share: float
    queries: int
    trainings: int = 1


def members(group: str) -> tuple[str, ...]:
    """Return the tasks of a category, of a domain, or all."""
    domain = {IN_DOMAIN: True, OUT_OF_DOMAIN: False}
    return tuple(
        task.name
        for task in TASKS.values()
        if group == AVERAGE or group == task.category or domain.get(group) is task.in_domain
    )


def mean_of(scores: Mapping[str, TaskScore], group: str) -> tuple[Span, int] | None:
    """Return the plain mean over the tasks of a group, with the number of tasks it is over.

    The interval is of the queries, which are drawn; the tasks are these and no others. None where
    no task of the group has a score.
    """
    held = [scores[name] for name in members(group) if name in scores]
    if not held:
        return None
    count = len(held)
    mean = sum(one.share for one in held) / count
    spread = sum(one.share * (1 - one.share) / one.queries for one in held)
    half = _Z * sqrt(spread) / count
    return Span(estimate=mean, low=max(0.0, mean - half), high=min(1.0, mean + half)), count


def average_of(means: Mapping[Category, float]) -> float:
    """Return the mean over all 36 tasks from those of the four categories.

    It is (12 retrieval + 10 classification + 10 VQA + 4 grounding) / 36.
    """
    return sum(COUNTS[name] * means[name] for name in COUNTS) / sum(COUNTS.values())


def task_of(row: str) -> str:
    """Return the task of a row of MMEB by its id, ``TASK-SPLIT-NUMBER``."""
    return row.rsplit("-", 2)[0]


def scores_of(rows: Sequence[Mapping[str, bool]]) -> dict[str, TaskScore]:
    """Return the score of each task.

    Args:
        rows: of each training, id of a query to whether its first target is right.
    """
    held: dict[str, list[bool]] = {}
    for training in rows:
        for name, right in training.items():
            held.setdefault(task_of(name), []).append(right)
    trainings = max(1, len(rows))
    return {
        name: TaskScore(sum(found) / len(found), len(found) // trainings, trainings)
        for name, found in held.items()
    }
