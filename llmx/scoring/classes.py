"""Classes of equal answers among the draws of a problem, as they are counted as votes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import ClassVar, Protocol, TypeAlias

from pydantic import Field

from llmx.core.permuted import first_letter, in_draw
from llmx.core.record import PermutedOptions, Record, Sample, Score, Sparse
from llmx.scoring.scorer import Keyed, KeyedByProblem, Scorer, Tolerant, no_letters, reads_letters
from llmx.store.rows import rows

CLASSES = "classes.jsonl"
RIGHT = "each is right"
"""Why answers are in one class that nothing but the reference has joined."""
_Pair = tuple[str, str]


class CountingScorer(Scorer, Keyed, Protocol):
    """A scorer whose answers can be counted, whatever was asked."""


class ProblemScorer(Scorer, KeyedByProblem, Protocol):
    """A scorer whose answers can be counted, problem by problem."""


KeyedScorer: TypeAlias = CountingScorer | ProblemScorer


class ProblemClasses(Sparse):
    """The answers to one problem; M draws, C classes.

    At most one class is right: what is equal to the reference is one answer. A class is what
    equal pairs join, so where equality is a tolerance it may hold answers that are not equal.
    Where each draw shows options in another order, letters are those of the first draw.
    """

    younger: ClassVar[frozenset[str]] = frozenset({"permuted"})

    id: str
    cluster: str
    expected: str = Field(description="the reference, as the scorer reads it")
    keys: tuple[str, ...] = Field(description="(C,) of each class, that of its first draw")
    right: tuple[bool, ...] = Field(description="(C,) whether a class is right")
    of: tuple[int, ...] = Field(
        description="(M,) class of each draw, numbered as they come; -1 = nothing was read"
    )
    merged: tuple[tuple[str, str, str], ...] = Field(
        default=(), description="key, other key, and why: what joined answers of different keys"
    )
    unequal: tuple[_Pair, ...] = Field(
        default=(),
        description="keys in one class that are not equal; with the reference, as it is expected",
    )
    permuted: PermutedOptions | None = Field(
        default=None, description="of the problem: options that each draw shows in another order"
    )


def class_key(
    scorer: Keyed | KeyedByProblem, sample: Sample, record: Record, draw: int
) -> str | None:
    """Return by which an answer is counted; None where nothing is read.

    It is the scorer's key. Of options that each draw shows in another order it is the letter that
    the first draw gives to the option: votes are for what is said, not for where it stood.

    Args:
        draw: the one that shows the options as the answer saw them.

    Raises:
        ConfigError: for a scorer whose keys are no letters, if draws show options in other orders.
    """
    if isinstance(scorer, KeyedByProblem):
        key = scorer.key_for(record, sample)
    else:
        key = scorer.key(record)
    options = sample.permuted
    if options is None:
        return key
    if not reads_letters(scorer):
        raise no_letters(getattr(scorer, "kind", "?"))
    return None if key is None else first_letter(options, draw, key)


def classes_of(scorer: KeyedScorer, sample: Sample, draws: Sequence[Record]) -> ProblemClasses:
    """Return the classes of the draws of a problem, in their order.

    Answers of one key are equal. Beyond that a union-find joins all that the scorer finds right,
    and, where the scorer is :class:`~llmx.scoring.scorer.Tolerant`, each pair that it finds equal;
    so the order of the draws decides how classes are numbered and named, and no more.

    Raises:
        DataError: if the reference cannot be read.
    """
    read = [class_key(scorer, sample, record, record.draw) for record in draws]
    scores: dict[str | None, Score] = {}
    for key, record in zip(read, draws, strict=True):
        if key not in scores:
            scores[key] = scorer.score(record, in_draw(sample, record.draw))
    keys = tuple(key for key in scores if key is not None)
    right = [key for key in keys if scores[key].correct]
    expected = scores[read[0]].expected
    if sample.permuted is not None:
        expected = first_letter(sample.permuted, draws[0].draw, expected)
    found = _Joined(keys, right, _equal_pairs(scorer, keys))
    numbers = found.numbers()
    first: dict[int, str] = {}
    for key, number in numbers.items():
        first.setdefault(number, key)
    return ProblemClasses(
        id=sample.id,
        cluster=sample.cluster,
        expected=expected,
        keys=tuple(first.values()),
        right=tuple(map(found.is_right, first.values())),
        of=tuple(-1 if key is None else numbers[key] for key in read),
        merged=tuple(found.merged),
        unequal=tuple(found.unequal(expected)),
        permuted=sample.permuted,
    )


def _equal_pairs(scorer: KeyedScorer, keys: Sequence[str]) -> dict[_Pair, str]:
    """Return the pairs of different keys that are equal, with the reason."""
    if not isinstance(scorer, Tolerant):
        return {}
    reasons = {pair: scorer.why_equal(*pair) for pair in combinations(keys, 2)}
    return {pair: why for pair, why in reasons.items() if why is not None}


class _Joined:
    """Keys in the sets of a union-find, to which the reference (None) belongs."""

    def __init__(
        self, keys: Sequence[str], right: Sequence[str], equal: Mapping[_Pair, str]
    ) -> None:
        from networkx.utils import UnionFind

        self._keys, self._right, self._equal = keys, right, equal
        self._sets = UnionFind([None, *keys])
        self._sets.union(None, *right)
        self.merged = [(right[0], key, RIGHT) for key in right[1:]]
        for (one, other), why in equal.items():
            if not self._together(one, other):
                self._sets.union(one, other)
                self.merged.append((one, other, why))

    def _together(self, one: str | None, other: str | None) -> bool:
        return bool(self._sets[one] == self._sets[other])

    def numbers(self) -> dict[str, int]:
        """Return key → number of its class, in the order of the keys."""
        known: dict[str | None, int] = {}
        return {key: known.setdefault(self._sets[key], len(known)) for key in self._keys}

    def is_right(self, key: str) -> bool:
        """Whether a key is in the reference's class."""
        return self._together(None, key)

    def unequal(self, expected: str) -> Iterator[_Pair]:
        """Yield the pairs of a class that are not equal; those of the reference first."""
        for key in self._keys:
            if self.is_right(key) and key not in self._right:
                yield expected, key
        for pair in combinations(self._keys, 2):
            if pair not in self._equal and self._together(*pair):
                yield pair


def read_classes(path: Path) -> Iterator[ProblemClasses]:
    """Yield the classes of each problem of a file, one at a time.

    Raises:
        StoreError: for a line that is not JSON.
        ValidationError: for one that is none.
    """
    return rows(path, ProblemClasses)
