"""One problem with all of its draws, grouped by equal answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from llmx.core.permuted import beside_options, option_named
from llmx.core.record import Record
from llmx.papers.inference_scaling.gathered import ArmFolders
from llmx.papers.inference_scaling.points import ProblemDraws
from llmx.scoring.classes import ProblemClasses, read_classes
from llmx.stages.by_problem import by_problem

NOTHING = "no answer"


@dataclass(frozen=True)
class AnswerGroup:
    """Draws with equal answers.

    Attributes:
        key: the answer, as the scorer reads it, of a permuted option what it says, too;
            :data:`NOTHING` where nothing was read.
        texts: of its draws, the shortest first; where each was shown options in another order,
            below these.
    """

    key: str
    right: bool
    texts: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """``correct``, ``wrong`` or ``no answer``."""
        return "correct" if self.right else NOTHING if self.key == NOTHING else "wrong"


@dataclass(frozen=True)
class ShownProblem:
    """A problem; arm → its groups, the largest first."""

    id: str
    question: str
    expected: str
    arms: Mapping[str, tuple[AnswerGroup, ...]]


def closest(drawn: Sequence[ProblemDraws]) -> int:
    """Return the place of the problem whose right answer has most nearly as many votes as another.

    Of equally close ones it is that with the most votes for both; the first one if no problem has
    right and wrong answers.
    """
    return max(range(len(drawn)), key=lambda at: _closeness(drawn[at]), default=0)


def _closeness(one: ProblemDraws) -> tuple[int, int]:
    counts, right = one.counts, np.asarray(one.right)
    if not right.any() or right.all():
        return -one.draws - 1, 0
    mine, other = int(counts[right].max()), int(counts[~right].max())
    return -abs(mine - other), mine + other


def shown(folders: Mapping[str, ArmFolders], place: int) -> ShownProblem | None:
    """Return the draws of every arm to the problem at a place of the first; None beyond the last.

    An arm that has not answered it is left out.
    """
    first = next(iter(folders.values()))
    found = next(islice(read_classes(first.classes), place, None), None)
    draws = next(islice(by_problem(first.samples), place, None), None)
    if found is None or draws is None:
        return None
    arms = {name: _groups(one, found.id) for name, one in folders.items()}
    kept = {name: groups for name, groups in arms.items() if groups}
    expected = _named(found, found.expected)
    return ShownProblem(found.id, draws[0].prompt, expected, kept)


def _named(found: ProblemClasses, key: str) -> str:
    return key if found.permuted is None else option_named(found.permuted, key)


def _groups(folders: ArmFolders, name: str) -> tuple[AnswerGroup, ...]:
    pairs = zip(read_classes(folders.classes), by_problem(folders.samples), strict=False)
    pair = next(((a, b) for a, b in pairs if a.id == name), None)
    if pair is None:
        return ()
    found, draws = pair
    given: dict[int, list[Record]] = {}
    for number, record in zip(found.of, draws, strict=False):
        given.setdefault(number, []).append(record)
    groups = [
        AnswerGroup(
            NOTHING if number < 0 else _named(found, found.keys[number]),
            number >= 0 and found.right[number],
            tuple(
                beside_options(found.permuted, record.draw, record.text)
                for record in sorted(own, key=lambda one: len(one.text))
            ),
        )
        for number, own in given.items()
    ]
    return tuple(sorted(groups, key=lambda one: -len(one.texts)))
