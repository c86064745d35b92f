"""What a report on trainings reads: stages' files, and outputs replayed as traces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from llmx.core.errors import RunError
from llmx.core.record import Record
from llmx.core.registry import kinds, lookup
from llmx.core.spec import ArmSpec, DataSpec, trained_arms
from llmx.core.stage import StageContext
from llmx.report.gather import ArmFiles, gather
from llmx.report.training.drawn import Count, by_step, chosen
from llmx.report.training.evidence import Half, SeedRun, TraceReading
from llmx.report.training.trained_on import TrainedOn, trained_on
from llmx.store.files import read_json
from llmx.train.course.fields import setting

if TYPE_CHECKING:
    from llmx.stages.training_report import TrainingReportOptions

_SUPERVISED, _PREFERENCE, _RL = ("sft",), ("dpo",), ("grpo", "rloo")


class OutputObserver(Protocol):
    """Kind of the family ``observer``: reads outputs to problems of one kind of data."""

    def read(self, data: DataSpec, records: Mapping[str, Record]) -> Mapping[str, TraceReading]:
        """Return what each output is, by its problem; outputs without a known problem are left."""

    def counter(self, data: DataSpec) -> Count | None:
        """Return what counts in a text, with no problem at hand; None without problems."""


def evidence(context: StageContext, options: TrainingReportOptions) -> dict[str, SeedRun]:
    """Return what the needs hold of every arm, seeds apart.

    Raises:
        RunError: if two inputs of an arm hold the same thing.
    """
    given, known = context.given, _Observers()
    context.progress.start(len(given.arms), unit="arms")
    asked = {"before": options.before, "after": options.after}
    halves = {half: _gathered(context, needs) for half, needs in asked.items()}
    found = {}
    for name, arm in given.arms.items():
        observer = known.of(arm)
        training = _trainings(context.inputs, name)
        found[name] = SeedRun(
            name=name,
            **_before_rl(training, name),
            rl=_curve(training, _RL, name),
            before=_half(halves["before"][name], observer, arm),
            after=_half(halves["after"][name], observer, arm),
            trained_on=tuple(_audits(training)),
            **_rollouts(training, observer, arm, options.rollouts),
        )
        context.progress.advance()
    return found


def _gathered(context: StageContext, needs: Sequence[str]) -> dict[str, ArmFiles]:
    inputs = {k: path for k, path in context.inputs.items() if k.partition("/")[0] in needs}
    given = context.given
    return gather(inputs, given.arms, trained_arms(given.arms, given.stages)).arms


class _Observers:
    """What reads outputs, by the kind of data: one of each kind, as it keeps what it draws."""

    def __init__(self) -> None:
        self._made: dict[str, OutputObserver] = {}

    def of(self, arm: ArmSpec) -> OutputObserver | None:
        """Return the observer of an arm's data; None where outputs are read as answers alone."""
        if arm.data is None or arm.data.kind not in kinds("observer"):
            return None
        where = kinds("observer")[arm.data.kind]
        if where not in self._made:
            self._made[where] = lookup("observer", arm.data.kind)()
        return self._made[where]


def _half(files: ArmFiles, observer: OutputObserver | None, arm: ArmSpec) -> Half:
    if observer is None or arm.data is None:
        return Half(files, {})
    return Half(files, observer.read(arm.data, files.records))


def _trainings(inputs: Mapping[str, Path], arm: str) -> dict[str, tuple[Path, Any]]:
    """Return need → (folder, ``training.json``) of an arm."""
    folders = {key: path for key, path in inputs.items() if key.partition("/")[2] in ("", arm)}
    return {
        key: (path, read_json(path / "training.json"))
        for key, path in folders.items()
        if (path / "training.json").exists()
    }


def _audits(trainings: Mapping[str, tuple[Path, Any]]) -> Iterator[TrainedOn]:
    for key, (path, _) in trainings.items():
        if (path / "audit.json").exists():
            yield trained_on(key.partition("/")[0], read_json(path / "audit.json"))


def _only(
    trainings: Mapping[str, tuple[Path, Any]], kinds: tuple[str, ...], arm: str
) -> tuple[Path, Any] | None:
    mine = {key: one for key, one in trainings.items() if one[1].get("kind") in kinds}
    if len(mine) > 1:
        raise RunError(
            f"arm '{arm}' has several training runs of one kind: {', '.join(mine)}",
            "name one of them in the needs of the training report",
        )
    return next(iter(mine.values()), None)


def _curve(
    trainings: Mapping[str, tuple[Path, Any]], kinds: tuple[str, ...], arm: str
) -> tuple[Mapping[str, float], ...]:
    found = _only(trainings, kinds, arm)
    return () if found is None else tuple(found[1]["curve"])


def _before_rl(trainings: Mapping[str, tuple[Path, Any]], arm: str) -> dict[str, Any]:
    """Return the curves of what stands before reinforcement learning, or alone.

    A preference training by itself is the warm-up; behind a supervised one it has a curve of its
    own, whose loss is of another kind.
    """
    supervised = _curve(trainings, _SUPERVISED, arm)
    preference = _curve(trainings, _PREFERENCE, arm)
    if not supervised:
        return {"warm": preference}
    return {"warm": supervised, "preference": preference}


def _rollouts(
    trainings: Mapping[str, tuple[Path, Any]],
    observer: OutputObserver | None,
    arm: ArmSpec,
    wanted: int,
) -> dict[str, Any]:
    found = _only(trainings, _RL, "")
    if found is None or not (found[0] / "rollouts.jsonl").exists():
        return {}
    path, size = found[0] / "rollouts.jsonl", _group(found[1])
    counter = observer.counter(arm.data) if observer and arm.data else None
    drawn = by_step(_lines(path), size, counter)
    steps = [one.step - 1 for one in drawn]
    return {"drawn": drawn, "shown": chosen(steps, partial(_lines, path), size, wanted)}


def _group(training: Mapping[str, Any]) -> int:
    return int(setting(training["kind"], training["settings"], "num_generations"))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file that may be too long to be held at once."""
    with path.open(encoding="utf-8") as handle:
        yield from map(json.loads, handle)
