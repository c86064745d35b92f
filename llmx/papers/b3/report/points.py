"""An arm of contrastive training under all of its seeds: its quality at each evaluation point."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from llmx.core.figure import Span
from llmx.report.timing import as_span
from llmx.stats.graded import graded_interval

Floats = NDArray[np.float64]
Amount = Literal["samples", "seconds", "texts"]
AMOUNTS: tuple[Amount, ...] = ("samples", "seconds", "texts")


@dataclass(frozen=True, eq=False)
class RetrievalPoint:
    """The quality of an arm at one evaluation point.

    Attributes:
        samples: rows seen, the same under every seed.
        seconds: of training alone, mean over seeds; as they were measured.
        texts: that were encoded, negatives among them; mean over seeds.
        values: (Q, S), a number a query and seed.
    """

    samples: float
    seconds: float
    texts: float
    values: Floats

    def amount(self, kind: Amount) -> float:
        """Return how much of a kind was spent."""
        return float(getattr(self, kind))


@dataclass(frozen=True, eq=False)
class LoggedPoint:
    """What a training logs, mean over seeds."""

    samples: float
    loss: float
    in_batch_accuracy: float


@dataclass(frozen=True, eq=False)
class TrainedArm:
    """An arm of contrastive training.

    Attributes:
        arm: its name without the seed.
        method: its name without the size of a batch too: what is compared over sizes.
        size: rows of a batch, the paper's |B|.
        ids: of the queries, in the order of the rows of `values`.
        clusters: one label a query; empty = its own.
        points: by samples seen, the first before any training.
        negatives: hard ones a row.
        peak_bytes: of memory in training, the most of all seeds; None where nobody measured it.
        seeds: names of the seeds, in the order of the columns.
    """

    arm: str
    method: str
    size: int
    metric: str
    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    points: tuple[RetrievalPoint, ...]
    logged: tuple[LoggedPoint, ...] = ()
    negatives: int = 0
    peak_bytes: float | None = None
    seeds: tuple[str, ...] = ("",)

    @property
    def lone(self) -> bool:
        """Whether there is one training: nothing then says what another would give."""
        return len(self.seeds) == 1

    @property
    def last(self) -> RetrievalPoint:
        """After all of the training."""
        return self.points[-1]

    def level(self, values: Floats) -> Span:
        """Return the mean of values (Q, S) with its 95 % interval: queries, groups, seeds."""
        interval = graded_interval(used(values), 0.0, 1.0, clusters=self.clusters)
        assert interval is not None
        return as_span(interval)

    def spent(self, kind: Amount) -> Floats:
        """Return the amounts of its points, rising, (P,)."""
        return np.array([point.amount(kind) for point in self.points])

    def at(self, kind: Amount, amount: float) -> Floats:
        """Return the values after an amount, (Q, S), linear between two points and held at ends."""
        spent = self.spent(kind)
        return self.between(float(np.interp(amount, spent, np.arange(len(spent)))))

    def between(self, place: float) -> Floats:
        """Return the values at a place among its points, 0 to P - 1, linear between two."""
        below = min(int(place), len(self.points) - 1)
        above = min(below + 1, len(self.points) - 1)
        part = place - below
        mixed = (1 - part) * self.points[below].values + part * self.points[above].values
        return np.asarray(mixed, dtype=np.float64)

    def spent_at(self, kind: Amount, place: float) -> float:
        """Return the amount at a place among its points."""
        return float(np.interp(place, np.arange(len(self.points)), self.spent(kind)))

    def of(self, ids: Sequence[str], seeds: Sequence[str]) -> TrainedArm:
        """Return it on some of its queries and seeds, in their order."""
        if tuple(ids) == self.ids and tuple(seeds) == self.seeds:
            return self
        place = {name: at for at, name in enumerate(self.ids)}
        rows = [place[name] for name in ids]
        columns = [self.seeds.index(seed) for seed in seeds]
        points = tuple(
            RetrievalPoint(p.samples, p.seconds, p.texts, p.values[np.ix_(rows, columns)])
            for p in self.points
        )
        return TrainedArm(
            self.arm, self.method, self.size, self.metric, tuple(ids),
            tuple(self.clusters[at] for at in rows), points, self.logged, self.negatives,
            self.peak_bytes, tuple(seeds),
        )  # fmt: skip


def used(values: Floats) -> Floats:
    """Return a table (Q, S) as statistics take it: (Q,) where there is one seed."""
    return values[:, 0] if values.shape[1] == 1 else values


def aligned(arms: Iterable[TrainedArm]) -> tuple[TrainedArm, ...]:
    """Return arms on the queries and seeds that all have; none where they share none."""
    known = list(arms)
    if not known:
        return ()
    shared = frozenset(known[0].ids).intersection(*(one.ids for one in known))
    ids = [name for name in known[0].ids if name in shared]
    seeds = [seed for seed in known[0].seeds if all(seed in one.seeds for one in known)]
    return tuple(one.of(ids, seeds) for one in known) if ids and seeds else ()


def method_of(arm: str, size: int) -> str:
    """Return the name of an arm without the size of its batches: ``b3`` of ``b3_32``.

    So is ``b3@size=32``, a point of a sweep. What else was swept stays.
    """
    name, *swept = arm.split("@")
    own = re.compile(rf"(.*\.)?size={size}")
    kept = [one for one in swept if not own.fullmatch(one)]
    return "@".join([name.removesuffix(f"_{size}"), *kept])
