"""Which stored arms two names mean, and their comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from llmx.claims.compare.model import Compared
from llmx.claims.compare.pair import GivenSide, compare
from llmx.core.errors import ConfigError, StoreError, nearest
from llmx.core.spec import ArmSpec, StageSpec, trained_arms
from llmx.graph.folder import RunFolder
from llmx.report.gather import Gathered, gather, pool, pool_specs
from llmx.report.timing import timing
from llmx.runs.run import load_run
from llmx.store.files import inside


@dataclass(frozen=True)
class _Run:
    """A finished run with its arms, each seed by itself and pooled."""

    name: str
    found: Gathered
    specs: Mapping[str, ArmSpec]
    stages: Mapping[str, StageSpec]
    notes: tuple[str, ...] = ()

    def arms(self) -> list[str]:
        """Return the families that were scored."""
        pooled = pool(self.found).arms
        return [name for name, files in pooled.items() if files.scores]

    def side(self, arm: str, other: str) -> GivenSide:
        """Return an arm by the name of its family, or one seed of it by its full name.

        Args:
            other: name of the run that it is compared with.

        Raises:
            ConfigError: if the run has no scored arm of that name.
        """
        pooled = pool(self.found)
        known = {**self.found.arms, **pooled.arms}
        if arm not in known or not known[arm].scores:
            raise ConfigError(
                f"the run {self.name} has no scored arm '{arm}'", nearest(arm, self.arms(), "arms")
            )
        specs = {**self.specs, **pool_specs(self.specs)}
        blocks = (pooled if arm in pooled.arms else self.found).blocks
        own = trained_arms({arm: specs[arm]}, self.stages, one_run=other == self.name)
        files = replace(known[arm], trained=bool(own))
        return GivenSide(self.name, arm, specs[arm], files, timing(blocks))


def compare_runs(first: str, second: str, runs: Path) -> Compared:
    """Compare two arms, or all arms that two runs have in common.

    Args:
        first, second: ``RUN:ARM``, ``RUN`` or ``:ARM`` (of the newest run); a run by its folder or
            the beginning of its name, an arm with all its seeds (``sd``) or one (``sd@seed=1``).

    Raises:
        LlmxError: for a name that means nothing, or arms that cannot be compared.
    """
    one, other = (_parted(name) for name in (first, second))
    before = _open(one[0], runs)
    after = before if other[0] == one[0] else _open(other[0], runs)
    pairs = [
        (before.side(a, after.name), after.side(b, before.name))
        for a, b in _arms(before, after, one[1], other[1])
    ]
    if any(a.label == b.label for a, b in pairs):
        raise ConfigError(f"{pairs[0][0].label} is compared with itself", "name two arms")
    return compare(pairs).model_copy(update={"notes": tuple({*before.notes, *after.notes})})


def _parted(name: str) -> tuple[str, str]:
    """Return (run, arm) of ``RUN:ARM``; either may be empty."""
    if ":" not in name:
        return name, ""
    run, _, arm = name.rpartition(":")
    return run, arm


def _arms(before: _Run, after: _Run, one: str, other: str) -> list[tuple[str, str]]:
    if one or other:
        return [(one or other, other or one)]
    both = [arm for arm in before.arms() if arm in after.arms()]
    if before.name == after.name:
        arms = before.arms()
        hint = f"name arms: {before.name}:{arms[0]} {after.name}:{arms[-1]}" if arms else ""
        raise ConfigError(f"{before.name} is compared with itself", hint)
    if not both:
        raise ConfigError(
            f"{before.name} and {after.name} have no scored arm in common",
            f"name them: {before.name}:ARM {after.name}:ARM",
        )
    return [(arm, arm) for arm in both]


def _open(name: str, runs: Path) -> _Run:
    result = load_run(name, runs=runs)
    spec, folder = result.spec, result.folder
    stages = {stage.name: stage for stage in spec.stages}
    found = gather(_stages(folder), spec.arms)
    return _Run(folder.name, found, spec.arms, stages, result.notes)


def _stages(folder: RunFolder) -> dict[str, Path]:
    """Return what a report of the run would be given: ``stage`` or ``stage/arm`` to its files.

    Raises:
        StoreError: if the run keeps no scores.
    """
    spec = folder.spec()
    arms = [f"{stage.name}/{arm}" for stage in spec.stages for arm in spec.arms]
    names = [*arms, *(stage.name for stage in spec.stages)]
    places = {name: inside(folder.path, name) for name in names}
    found = {name: path for name, path in places.items() if path.is_dir()}
    if not any((path / "scores.jsonl").exists() for path in found.values()):
        raise StoreError(f"the run {folder.name} holds no scores", "compare runs of a score stage")
    return found
