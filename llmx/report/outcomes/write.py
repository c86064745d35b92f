"""What stages write beside verdicts and reports on trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmx.core.stage import StageInput
from llmx.report.gather import Gathered
from llmx.report.outcomes.encode import encoded, line, metrics_of, problems_of
from llmx.report.outcomes.model import Outcomes, TrainingOutcomes
from llmx.report.training.evidence import SeedRun
from llmx.report.verdict.evidence import TunedOn


def outcomes(
    found: Gathered,
    given: StageInput,
    findings: Sequence[Mapping[str, Any]],
    unavailable: Sequence[str] = (),
    tuned_on: TunedOn = "validation",
) -> Outcomes:
    """Return what the verdicts of a run are computed from.

    Args:
        found: seeds apart.
    """
    problems = problems_of(found.arms.values())
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
