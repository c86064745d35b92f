"""A plan: which rows share a batch in which epoch, known before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import ConfigError
from llmx.papers.b3.apart import dealt
from llmx.papers.b3.draws import permutation
from llmx.papers.b3.grouped import members
from llmx.papers.b3.hard_negatives import HardNegatives

Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Group:
    """The clusters of what may share a batch: of one dataset, or of all if tasks are mixed.

    Attributes:
        name: of the dataset.
        clusters: int32 (clusters, K), rows.
        loose: int32, rows without a cluster, fewer than K.
        apart: int32 (clusters,), with clusters of one row: those of equal numbers share no batch.
    """

    name: str
    clusters: Rows
    loose: Rows
    apart: Rows | None = None


@dataclass(frozen=True)
class Epoch:
    """The batches of one epoch.

    Attributes:
        batches: int32 (batches, |B|), rows, in the order of training.
        group: int32 (batches,), the number of each batch's group.
        tail: int32, rows of no batch.
        repeated: int32, rows that fill last batches and stand in another one too.
    """

    batches: Rows
    group: Rows
    tail: Rows
    repeated: Rows


@dataclass(frozen=True)
class BatchPlan:
    """Clusters, and how they become batches: epoch e is a function of the plan and e alone.

    Attributes:
        groups: a batch is of one group.
        size: the paper's |B|, over all devices.
        seed: of the order of clusters and of batches.
        redraw: which clusters share a batch is drawn again in `each_epoch`, as the paper says, or
            `once`, as its code does; the order of batches is drawn in each epoch.
        tail: rows that fill no batch are left out (`drop`), or make a last batch of their group
            with rows of its other batches (`fill`).
        hard: negatives beside those of the batch.
    """

    groups: tuple[Group, ...]
    size: int
    seed: int = 0
    redraw: Literal["each_epoch", "once"] = "each_epoch"
    tail: Literal["drop", "fill"] = "drop"
    hard: HardNegatives | None = None

    def __post_init__(self) -> None:
        for width in {group.clusters.shape[1] for group in self.groups}:
            if self.size < 1 or self.size % width:
                raise ConfigError(
                    f"batches of {self.size} rows are not made of whole clusters of {width}",
                    f"a multiple of {width}, as {max(width, self.size // width * width)}",
                )

    def count(self) -> int:
        """Return the number of batches of any epoch, exactly."""
        return sum(self._count(group) for group in self.groups)

    def vanishing(self) -> tuple[str, ...]:
        """Return the names of groups that are smaller than one batch: none of theirs is trained."""
        return tuple(group.name for group in self.groups if group.clusters.size < self.size)

    def epoch(self, number: int) -> Epoch:
        """Return the batches of epoch `number`, from 0."""
        draw = number if self.redraw == "each_epoch" else 0
        each = [self._of(group, draw) for group in self.groups]
        batches = np.concatenate([one[0] for one in each])
        group = np.repeat(np.arange(len(each), dtype=np.int32), [len(one[0]) for one in each])
        order = permutation(len(batches), self.seed, f"batches {number}")
        tail, repeated = (np.concatenate([one[at] for one in each]) for at in (1, 2))
        return Epoch(batches[order], group[order], tail, repeated)

    def negatives(self, number: int) -> Rows:
        """Return the hard negatives of epoch `number`, int32 (n, h): rows, -1 for none.

        A negative is the *target* of the row that is named; it is no row of the batch (or cluster),
        and none of these has its text. h is 0 where the plan has none. A row of no batch has none.
        """
        if self.hard is None:
            rows = sum(group.clusters.size + len(group.loose) for group in self.groups)
            return np.empty((rows, 0), np.int32)
        return self.hard.of(self.epoch(number).batches, self.seed, number)

    def digest(self) -> str:
        """Return a hash of all that the batches depend on, SHA-256 in hexadecimal digits."""
        found = sha256(f"{self.size} {self.seed} {self.redraw} {self.tail}".encode())
        for group in self.groups:
            found.update(f"|{group.name}|{group.clusters.shape}|".encode())
            found.update(group.clusters.astype("<i4").tobytes())
            found.update(group.loose.astype("<i4").tobytes())
            if group.apart is not None:
                found.update(b"|apart|" + group.apart.astype("<i4").tobytes())
        if self.hard is not None:
            found.update(f"|{self.hard.count}|{self.hard.form}|{self.hard.rows.shape}|".encode())
            found.update(self.hard.rows.astype("<i4").tobytes())
            found.update(self.hard.target_id.astype("<i8").tobytes())
        return found.hexdigest()

    def _count(self, group: Group) -> int:
        whole = group.clusters.size // self.size
        over = group.clusters.size % self.size + len(group.loose)
        return whole + (self.tail == "fill" and whole > 0 and over > 0)

    def _of(self, group: Group, draw: int) -> tuple[Rows, Rows, Rows]:
        """Return the batches of a group, rows of none, and rows that are there twice."""
        name = f"clusters {group.name} {draw}"
        if group.apart is None:
            order = permutation(len(group.clusters), self.seed, name)
        else:
            order = dealt(group.apart, self.size, self.seed, name)
        rows = group.clusters[order].ravel()
        whole = len(rows) // self.size
        batches = rows[: whole * self.size].reshape(whole, self.size)
        tail = np.concatenate([rows[whole * self.size :], group.loose])
        none = np.empty(0, np.int32)
        if self._count(group) == whole:
            return batches, tail, none
        # All from other batches, so no row is twice in this one.
        more = rows[: self.size - len(tail)]
        return np.concatenate([batches, [np.concatenate([tail, more])]]), none, more


def groups(
    clusters: NDArray[np.int32],
    size: int,
    datasets: Sequence[str] = (),
    dataset: Rows | None = None,
) -> tuple[Group, ...]:
    """Return the groups of a clustering: one a dataset, or a single one of all rows.

    Args:
        clusters: int32 (n,), -1 for rows without one; each within one dataset if these are given.
        size: the paper's K.
        datasets: names.
        dataset: int32 (n,), the number of each row's dataset; None: tasks may be mixed.
    """
    if dataset is None:
        return (_group("all", clusters, np.arange(len(clusters)), size),)
    return tuple(
        _group(name, clusters, np.flatnonzero(dataset == number), size)
        for number, name in enumerate(datasets)
    )


def _group(name: str, clusters: Rows, rows: NDArray[np.int64], size: int) -> Group:
    own = clusters[rows]
    number = np.append(np.unique(own[own >= 0], return_inverse=True)[1], -1)
    place = np.full(len(own), -1, np.int32)
    place[own >= 0] = number[:-1]
    held = members(place, size)
    return Group(name, rows[held].astype(np.int32), rows[place < 0].astype(np.int32))
