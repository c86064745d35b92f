"""Find out what the inputs of a report are, by the files that they hold.

Arms that differ by their seed alone become one arm with several runs.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from llmx.core.audit import Audit
from llmx.core.errors import RunError
from llmx.core.figure import Figures, joined
from llmx.core.names import families, family, seed_of
from llmx.core.record import METRICS, Frozen, Metric, Record, Sample, Score
from llmx.core.spec import ArmSpec
from llmx.report.figures.read import figures_in, has_own_page, readable
from llmx.report.results import StoredCalibration
from llmx.store.files import read_json
from llmx.store.rows import parsed, rows

M = TypeVar("M", bound=BaseModel)
_METRICS = TypeAdapter(list[Metric])


class TimedBlock(Frozen):
    """One timed block of the speed stage: one arm, one round, the same problems for every arm."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    round: int
    arm: str
    problems: int = Field(ge=1)
    tokens: int = Field(ge=1)
    seconds: float = Field(gt=0)
    rounds: int = 0
    batch_size: int | None = None
    engines: str | None = Field(default=None, description="how they were up, if not side by side")


class Word(Frozen):
    """What a report reads of a verdict; its figures stay where they are."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    word: str
    p_all: float | None = None
    tested: int = 0
    statement: str = ""
    reason: str = ""


class VerdictWords(Frozen):
    """What a report reads of the verdicts of a run."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    verdicts: tuple[Word, ...] = ()


@dataclass
class ArmFiles:
    """What one arm left behind, by sample id.

    Attributes:
        metrics: that its scores have beside accuracy.
        draws: answers to each problem, of which records and scores are the first.
        seed: what it is paired by; see :func:`llmx.core.names.seed_of`.
        seeds: the files of every seed, where there are several.
        trained: whether its model was trained for it, so that a seed is a model of its own; see
            :func:`llmx.core.spec.trained_arms`. True where nobody says otherwise.
    """

    records: Mapping[str, Record] = field(default_factory=dict)
    scores: dict[str, Score] = field(default_factory=dict)
    problems: dict[str, Sample] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    calibration: StoredCalibration | None = None
    audit: Audit | None = None
    seed: str = ""
    draws: int = 1
    seeds: tuple[ArmFiles, ...] = ()
    trained: bool = True

    def runs(self) -> tuple[ArmFiles, ...]:
        """Return the files of every seed; itself where there is one."""
        return self.seeds or (self,)

    def by_seed(self) -> dict[str, ArmFiles]:
        """Return seed → its files, of the seeds that were scored.

        Raises:
            ValueError: if two runs have one seed, so that nothing tells with what to pair them.
        """
        found = {run.seed: run for run in self.runs()}
        if len(found) < len(self.runs()):
            names = [run.seed for run in self.runs()]
            raise ValueError(f"two runs of one arm have the same seed: {names}")
        return {seed: run for seed, run in found.items() if run.scores}


@dataclass
class Gathered:
    """All inputs of a report.

    Attributes:
        figures: of all inputs.
        others: those of them that no table or page of llmx shows, as a plugin's stage wrote them.
    """

    arms: dict[str, ArmFiles]
    blocks: list[TimedBlock] = field(default_factory=list)
    verdicts: tuple[Word, ...] = ()
    figures: Figures = field(default_factory=Figures)
    others: Figures = field(default_factory=Figures)


def gather(
    inputs: Mapping[str, Path], arms: Iterable[str], trained: Container[str] | None = None
) -> Gathered:
    """Read every input folder.

    Args:
        inputs: ``need/arm`` or ``need`` to the folder of a finished stage.
        arms: names of the arms, in the order of the report.
        trained: those whose model was trained for them; None = nobody knows: all.

    Raises:
        RunError: for a line that is not what its file name promises, or an arm with two outputs
            of one kind.
    """
    found = Gathered(
        {
            arm: ArmFiles(seed=seed_of(arm), trained=trained is None or arm in trained)
            for arm in arms
        }
    )
    for key, folder in inputs.items():
        _, _, arm = key.partition("/")
        if (folder / "blocks.jsonl").exists():
            found.blocks += _lines(folder / "blocks.jsonl", TimedBlock)
        elif (folder / "verdicts.json").exists():
            path = folder / "verdicts.json"
            found.verdicts = _parse(VerdictWords, read_json(path), path).verdicts
        elif arm in found.arms:
            _read_arm(folder, found.arms[arm], key)
    figures = {folder: figures_in(folder) for folder in inputs.values()}
    others = joined(held for folder, held in figures.items() if not has_own_page(folder))
    return replace(found, figures=joined(figures.values()), others=others)


def _read_arm(folder: Path, files: ArmFiles, key: str) -> None:
    if (folder / "samples.jsonl").exists():
        _once(files.records, key, "decode")
        files.records = kept = _kept(folder / "samples.jsonl")
        files.draws = kept.draws
    if (folder / "scores.jsonl").exists():
        _once(files.scores, key, "score")
        files.scores = _first_draws(_lines(folder / "scores.jsonl", Score))
        files.metrics = _metrics(folder / METRICS)
    if (folder / "problems.jsonl").exists():
        files.problems = {row.id: row for row in _lines(folder / "problems.jsonl", Sample)}
    if (folder / "calibration.json").exists():
        path = folder / "calibration.json"
        files.calibration = _parse(StoredCalibration, read_json(path), path)
    if (folder / "audit.json").exists():
        path = folder / "audit.json"
        files.audit = _both(files.audit, _parse(Audit, read_json(path), path))


def _first_draws(scores: Iterable[Score]) -> dict[str, Score]:
    """Return the score of each problem: of several draws the first, as records are read."""
    found: dict[str, Score] = {}
    for score in scores:
        if score.draw <= (found[score.id].draw if score.id in found else score.draw):
            found[score.id] = score
    return found


def _metrics(path: Path) -> tuple[Metric, ...]:
    if not path.exists():
        return ()
    with readable(path):
        return tuple(_METRICS.validate_python(read_json(path)))


def _both(first: Audit | None, second: Audit) -> Audit:
    """Join the audits of an arm: of a trained one there is one before and one after."""
    if first is None:
        return second
    return Audit(
        passed=first.passed and second.passed,
        checks=(*first.checks, *second.checks),
        shown=(*first.shown, *second.shown),
    )


def _once(already: Mapping[str, Any], key: str, what: str) -> None:
    if already:
        raise RunError(
            f"the report has two {what} outputs for one arm (the second is '{key}')",
            "name one of them in the report's needs",
        )


def _lines(path: Path, model: type[M]) -> list[M]:
    with readable(path):
        return list(rows(path, model))


def _kept(path: Path) -> KeptRecords:
    with readable(path):
        return KeptRecords(path)


def _parse(model: type[M], value: Any, path: Path) -> M:
    with readable(path):
        return model.model_validate(value)


class KeptRecords(Mapping[str, Record]):
    """Record by id, over a ``samples.jsonl`` that does not change. Of several draws the first.

    Of two that are one draw of a problem it is the last. `draws` = answers to each problem.

    Every record is read once to begin with: a line that is none is found then, not in the middle
    of a page.

    Raises:
        StoreError: for a line that is not JSON.
        ValidationError: for one that is no record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        first: dict[str, tuple[int, int]] = {}
        self.draws = 1
        for name, draw, start in self._places():
            if draw <= first.get(name, (draw, start))[0]:
                first[name] = draw, start
            self.draws = max(self.draws, draw + 1)
        self._at = {name: start for name, (_, start) in first.items()}
        self._handle = path.open("rb") if self._at else None

    def _places(self) -> Iterator[tuple[str, int, int]]:
        start = 0
        with self._path.open("rb") as handle:
            for line in handle:
                if line.endswith(b"\n") and line.strip():
                    found = parsed(line, Record, self._path)
                    yield found.id, found.draw, start
                start += len(line)

    def __getitem__(self, name: str) -> Record:
        start = self._at[name]
        assert self._handle is not None
        self._handle.seek(start)
        return parsed(self._handle.readline(), Record, self._path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


def pool(found: Gathered) -> Gathered:
    """Return the files by family; of one seed it is what was given.

    The pooled arm shows the records of its first seed, and keeps the files of all in `runs`.
    """
    arms = {name: _pooled([found.arms[m] for m in of]) for name, of in families(found.arms).items()}
    blocks = [block.model_copy(update={"arm": family(block.arm)}) for block in found.blocks]
    return replace(found, arms=arms, blocks=blocks)


def _pooled(members: list[ArmFiles]) -> ArmFiles:
    if len(members) == 1:
        return members[0]
    return replace(
        members[0], seeds=tuple(members), trained=any(member.trained for member in members)
    )


def pool_specs(arms: Mapping[str, ArmSpec]) -> dict[str, ArmSpec]:
    """Return the specification of each family: its first seed's."""
    return {name: arms[members[0]] for name, members in families(arms).items()}


def pool_references(references: Mapping[str, str]) -> dict[str, str]:
    """Return family -> the family it is compared with."""
    return {family(name): family(of) for name, of in references.items()}
