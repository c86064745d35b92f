"""What a stored plan of batches says of one row, and which of its pairs are likely no negatives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from llmx.core.errors import ConfigError, StoreError, nearest
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, RunSpec, StageSpec
from llmx.runs.run import load_run
from llmx.store.files import inside, read_json

if TYPE_CHECKING:
    from numpy import int32, int64
    from numpy.typing import NDArray

    from llmx.data.pairs.pairs import Pair, PairRows

KIND, FILE, LEAKS = "batches", "plan.json", "leaks.npz"
Worst = Literal["leak", "equal"]


class StoredGroup(Protocol):
    """Clusters that may share a batch."""

    name: str
    clusters: NDArray[int32]


class StoredEpoch(Protocol):
    """Batches of an epoch, int32 (batches, rows)."""

    batches: NDArray[int32]


class StoredPlan(Protocol):
    """A plan as its stage gives it back (``plan_of`` of the kind)."""

    groups: Sequence[StoredGroup]

    def epoch(self, number: int) -> StoredEpoch:
        """Return the batches of an epoch."""

    def negatives(self, number: int) -> NDArray[int32]:
        """Return rows whose targets are hard negatives, int32 (n, h), -1 for none."""


@dataclass(frozen=True)
class Meeting:
    """A row that another one meets in a batch.

    Attributes:
        place: of the row that is met.
        rank: of its target for the query, from 0; None where it is not ranked.
        cluster: whether they share a cluster, too.
        said: `equal target`, `leak` (of the first ranks) or nothing.
    """

    row: int
    place: int
    rank: int | None
    cluster: bool
    said: str


@dataclass(frozen=True)
class StoredBatches:
    """The plan of one arm of a run, with its rows.

    Attributes:
        near: int32 (n, p), rows of a row's first ranks, -1 for none.
        target_id: int64 (n,).
        ranks: int32 (n, depth); None where nothing was ranked.
    """

    run: str
    arm: str
    plan: StoredPlan
    pairs: PairRows
    near: NDArray[int32]
    target_id: NDArray[int64]
    ranks: NDArray[int32] | None

    @cached_property
    def batches(self) -> NDArray[int32]:
        """The first epoch's batches, int32 (batches, rows)."""
        return self.plan.epoch(0).batches

    @cached_property
    def cluster(self) -> NDArray[int64]:
        """The cluster of each row, numbered through all groups; -1 for none."""
        import numpy as np

        found = np.full(len(self.pairs), -1, np.int64)
        before = 0
        for group in self.plan.groups:
            numbers = before + np.arange(len(group.clusters))
            found[group.clusters] = numbers[:, None]
            before += len(group.clusters)
        return found

    def of_row(self, name: str) -> tuple[int, list[Meeting]]:
        """Return the batch of a row in the first epoch, and whom it meets there, nearest first.

        Raises:
            ConfigError: if there is no such row, or it is in no batch.
        """
        import numpy as np

        ids = [row.id for row in self.pairs]
        if name not in ids:
            raise ConfigError(
                f"no row of {self.run} is called '{name}'", nearest(name, ids, "rows")
            )
        row = ids.index(name)
        number, _ = np.nonzero(self.batches == row)
        if not len(number):
            raise ConfigError(f"row '{name}' is in no batch of the first epoch", "another row")
        mates = [int(one) for one in self.batches[number[0]] if one != row]
        met = [self._meeting(row, mate) for mate in mates]
        deepest = len(self.pairs)
        return int(number[0]), sorted(
            met, key=lambda one: (deepest if one.rank is None else one.rank, not one.cluster)
        )

    def worst(self, what: Worst, most: int) -> list[Meeting]:
        """Return pairs that share a batch and are likely no negatives, each pair once.

        Args:
            what: `leak`: of a row's first ranks, the nearest first; `equal`: of equal targets.
        """
        found: dict[tuple[int, int], Meeting] = {}
        for one in self._leaks() if what == "leak" else self._equal():
            ends = (min(one.row, one.place), max(one.row, one.place))
            if len(found) < most:
                found.setdefault(ends, one)
        return list(found.values())

    def _leaks(self) -> Iterator[Meeting]:
        import numpy as np

        batch = self._batch()
        met = (self.near >= 0) & (batch[self.near] == batch[:, None]) & (batch >= 0)[:, None]
        met &= self.target_id[self.near] != self.target_id[:, None]
        for rank in range(self.near.shape[1]):
            for row in np.flatnonzero(met[:, rank]).tolist():
                yield self._meeting(row, int(self.near[row, rank]))

    def _equal(self) -> Iterator[Meeting]:
        import numpy as np

        for rows in self.batches:
            target = self.target_id[rows]
            one, other = np.nonzero(np.triu(target[:, None] == target, 1))
            for i, j in zip(rows[one].tolist(), rows[other].tolist(), strict=True):
                yield self._meeting(i, j)

    def _batch(self) -> NDArray[Any]:
        import numpy as np

        found = np.full(len(self.pairs), -1, np.int64)
        found[self.batches] = np.arange(len(self.batches))[:, None]
        return found

    def _meeting(self, row: int, place: int) -> Meeting:
        equal = self.target_id[row] == self.target_id[place]
        leak = bool((self.near[row] == place).any())
        said = "equal target" if equal else "leak" if leak else ""
        same = self.cluster[row] == self.cluster[place] and self.cluster[row] >= 0
        return Meeting(row, place, self._rank(row, place), bool(same), said)

    def _rank(self, row: int, place: int) -> int | None:
        if self.ranks is None:
            return None
        found = (self.ranks[row] == place).nonzero()[0]
        return int(found[0]) if len(found) else None

    def row(self, place: int) -> Pair:
        """Return a row with its texts."""
        found: Pair = self.pairs[place]
        return found


def open_batches(name: str, runs: Path, stage: str | None = None) -> StoredBatches:
    """Return the plan of a stored run's arm.

    Args:
        name: ``RUN:ARM``; ``:ARM`` of the newest run; ``RUN`` where it has one arm alone.
        stage: which, where several make batches; None = the last one of the recipe.

    Raises:
        ConfigError: if there is no such arm or stage.
        StoreError: if there is no such run, or it has made no batches.
    """
    import numpy as np

    run, _, arm = name.rpartition(":") if ":" in name else (name, "", "")
    folder = load_run(run, runs=runs).folder
    spec = folder.spec()
    of = _stage(spec, folder.name, stage)
    arm = _arm(spec, folder.name, arm)
    place = inside(folder.path, of.name, arm)
    if not (place / FILE).exists():
        raise StoreError(f"arm '{arm}' of {folder.name} made no batches", f"llmx run … ({of.name})")
    plan = lookup("stage", KIND).plan_of(place)
    with np.load(place / LEAKS, allow_pickle=False) as held:
        near, target = held["near"], held["target_id"]
    pairs = _pairs(spec.arms[arm], read_json(place / FILE)["made_of"]["data"])
    return StoredBatches(
        folder.name, arm, plan, pairs, near, target, _ranks(folder.path, spec, of, arm)
    )


def _stage(spec: RunSpec, run: str, name: str | None) -> StageSpec:
    found = {stage.name: stage for stage in spec.stages if stage.kind == KIND}
    if not found:
        text = f"the run {run} has made no batches"
        raise StoreError(text, "run a recipe with a stage `batches`: llmx list")
    if name is not None and name not in found:
        text = f"the run {run} has no stage '{name}' of kind batches"
        raise ConfigError(text, nearest(name, found, "stages"))
    return found[name] if name is not None else list(found.values())[-1]


def _arm(spec: RunSpec, run: str, name: str) -> str:
    if not name and len(spec.arms) == 1:
        return next(iter(spec.arms))
    if name not in spec.arms:
        text = f"the run {run} has no arm '{name}'" if name else f"the run {run} has several arms"
        hint = nearest(name, spec.arms, "arms") if name else f"{run}:{next(iter(spec.arms))}"
        raise ConfigError(text, hint)
    return name


def _pairs(arm: ArmSpec, content: str) -> PairRows:
    """Return the rows that a plan is of.

    Raises:
        StoreError: if the data are others by now.
    """
    from llmx.data.pairs.kind import SPLITS

    if arm.data is not None:
        data = lookup("data", arm.data.kind)(arm.data)
        for split in reversed(SPLITS):
            found: PairRows = data.pairs(split)
            if found.hash == content:
                return found
    raise StoreError("the rows of the plan are not those of the data any more", "run it again")


def _ranks(folder: Path, spec: RunSpec, stage: StageSpec, arm: str) -> NDArray[int32] | None:
    import numpy as np

    kinds = {one.name: one.kind for one in spec.stages}
    for need in stage.needs:
        if kinds[need] == "rank":
            path = inside(folder, need, arm) / "ranks.npy"
            found: NDArray[int32] = np.load(path, mmap_mode="r", allow_pickle=False)
            return found
    return None
