"""From scored arms to their outcomes: what stages write beside verdicts and trainings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmx.core.errors import RunError
from llmx.core.record import Frozen, Metric, Score
from llmx.core.stage import StageInput
from llmx.report.gather import ArmFiles, Gathered, TimedBlock
from llmx.report.outcomes.columns import NONE, flags, numbers, places, reals
from llmx.report.outcomes.model import ArmOutcomes, Outcomes, ProblemTable, TrainingOutcomes
from llmx.report.training.evidence import SeedRun, TraceReading
from llmx.report.verdict.evidence import TunedOn
from llmx.report.verdict.traits import Traits


def problems_of(arms: Iterable[ArmFiles], traits: Traits | None = None) -> ProblemTable:
    """Return the problems that any arm has scored, in the order in which they are met.

    Args:
        traits: what they say of themselves, as far as findings ask.

    Raises:
        RunError: for one that has two clusters.
    """
    found: dict[str, str] = {}
    for files in arms:
        for name, score in files.scores.items():
            if found.setdefault(name, score.cluster) != score.cluster:
                raise RunError(f"problem '{name}' has two clusters: {found[name]}, {score.cluster}")
    names = tuple(dict.fromkeys(found.values()))
    said = {name: tuple(known.get(one) for one in found) for name, known in (traits or {}).items()}
    if names in ((), ("",)):
        return ProblemTable(ids=tuple(found), traits=said)
    at = {name: place for place, name in enumerate(names)}
    return ProblemTable(
        ids=tuple(found),
        clusters=names,
        cluster=numbers([at[one] for one in found.values()]),
        traits=said,
    )


def encoded(
    files: ArmFiles, problems: ProblemTable, traced: Mapping[str, TraceReading] | None = None
) -> ArmOutcomes:
    """Return the outcomes of one arm under one seed."""
    there = [files.scores.get(name) for name in problems.ids]
    scores = [score for score in there if score is not None]
    audit = files.audit
    return ArmOutcomes(
        right=flags(None if one is None else one.correct for one in there) if scores else "",
        elsewhere=places(one.correct_flexible != one.correct for one in scores),
        unparsed=places(one.unparsed for one in scores),
        cut=places(one.finish == "length" for one in scores),
        stopped=places(one.finish == "stop" for one in scores),
        filtered=places(one.finish == "filtered" for one in scores),
        trained=files.trained,
        audit=None if audit is None else audit.passed,
        failures=tuple(one.check for one in audit.failures()) if audit else (),
        calibration=files.calibration,
        values={m.name: reals([m.of(one) for one in scores]) for m in files.metrics},
        **_counts(scores),
        **_traces(scores, traced or {}),
    )


def metrics_of(arms: Iterable[ArmFiles]) -> tuple[Metric, ...]:
    """Return the metrics that any arm has, in the order in which they are met.

    Raises:
        RunError: for two of one name that are not the same.
    """
    found: dict[str, Metric] = {}
    for metric in (one for files in arms for one in files.metrics):
        if found.setdefault(metric.name, metric) != metric:
            text = f"two scorers of this run mean different things by '{metric.name}'"
            raise RunError(text, "rename one of the metrics")
    return tuple(found.values())


def _counts(scores: list[Score]) -> dict[str, str]:
    names = ("tokens", "rounds", "drafted", "accepted")
    return {name: numbers([getattr(one, name) for one in scores]) for name in names}


def _traces(scores: list[Score], traced: Mapping[str, TraceReading]) -> dict[str, str]:
    if not traced:
        return {}
    seen = [traced.get(one.id) for one in scores]
    return {
        "returns": numbers([one.returns for one in seen if one is not None]),
        "whole": flags(None if one is None else one.whole for one in seen),
    }


def line(block: TimedBlock) -> str:
    """Return one timed block with tabs between its fields."""
    known = [block.round, block.arm, block.problems, block.tokens, repr(block.seconds)]
    rest = [block.rounds, block.batch_size, block.engines]
    return "\t".join(str(NONE if one is None else one) for one in (*known, *rest))


def dumps(found: Frozen) -> str:
    """Return the text of a file of outcomes, without what is at its default."""
    value = found.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def outcomes(
    found: Gathered,
    given: StageInput,
    findings: Sequence[Mapping[str, Any]],
    unavailable: Sequence[str] = (),
    tuned_on: TunedOn = "validation",
    rehearsal: bool = False,
    unlearned: Mapping[str, str] | None = None,
    traits: Traits | None = None,
) -> Outcomes:
    """Return what the verdicts of a run are computed from.

    Args:
        found: seeds apart.
    """
    problems = problems_of(found.arms.values(), traits)
    return Outcomes(
        problems=problems,
        arms={name: encoded(files, problems) for name, files in found.arms.items()},
        metrics=metrics_of(found.arms.values()),
        samplers={name: arm.sampler for name, arm in given.arms.items()},
        reference=given.reference if given.reference in given.arms else None,
        references=dict(given.references),
        blocks=tuple(line(block) for block in found.blocks),
        figures=found.figures,
        findings=tuple(dict(one) for one in findings),
        tuned_on=tuned_on,
        rehearsal=rehearsal,
        unlearned=dict(unlearned or {}),
        unavailable=tuple(unavailable),
    )


def training_outcomes(runs: Mapping[str, SeedRun], given: StageInput) -> TrainingOutcomes:
    """Return the outputs before and after reinforcement learning, seeds apart."""
    halves = [half.files for run in runs.values() for half in (run.before, run.after)]
    problems = problems_of(halves)

    def of(when: str) -> dict[str, Any]:
        found = {name: getattr(run, when) for name, run in runs.items()}
        return {name: encoded(one.files, problems, one.traced) for name, one in found.items()}

    return TrainingOutcomes(
        problems=problems,
        before=of("before"),
        after=of("after"),
        reference=given.reference,
        references=dict(given.references),
    )
