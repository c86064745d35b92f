"""Stage `training_report`: learning curves, accuracy before and after, and what outputs do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.names import family
from llmx.core.options import ArmName, NeedName, StageOptions
from llmx.core.record import as_json
from llmx.core.spec import trained_arms
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.store.files import write_json, write_lines, write_text
from llmx.store.page import write_marked


class TrainingReportOptions(StageOptions):
    """What is compared with what, and what of it is shown."""

    title: str = Field(default="Trainings", description="title of the page")
    before: tuple[NeedName, ...] = Field(
        default=("before", "score_before"),
        description="needs that hold answers from before reinforcement learning",
        examples=["names of needs: [score]"],
    )
    after: tuple[NeedName, ...] = Field(
        default=("generate", "score"),
        description="needs that hold answers from after it",
        examples=["names of needs: [score]"],
    )
    smooth: int | None = Field(
        default=None,
        ge=1,
        description="width of the moving average, in points; null = a tenth of the curve",
        examples=["a whole number from 1"],
    )
    collapse: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="share of its best below which a reward has collapsed",
        examples=["a share: above 0, at most 1"],
    )
    rollouts: int = Field(
        default=20,
        ge=0,
        description="rollouts to show of an arm",
        examples=["a whole number from 0"],
    )
    rollout_arms: tuple[ArmName, ...] | None = Field(
        default=None,
        description="arms whose rollouts are shown; null = all",
        examples=["names of arms, without seeds: [k0, k1]"],
    )
    broken: tuple[ArmName, ...] | None = Field(
        default=(),
        description="arms broken on purpose, which the correlation of before and after leaves out",
        examples=["names of arms, without seeds: [k0, k1]"],
    )


class TrainingReportStage:
    """Over recipe. Writes ``training_report.json``, ``.md``, ``.html``, and a picture a quantity,
    and ``training_outcomes.json``: outcomes by problem and seed, before and after.

    Reads what its needs hold, by their files: trainings of kind `sft`, `dpo`, `grpo` and `rloo`
    (``training.json``, ``rollouts.jsonl``), and decode and score stages (``samples.jsonl``,
    ``scores.jsonl``). Arms that differ by their seed alone are one arm with several runs.
    """

    Options: ClassVar[type[StageOptions]] = TrainingReportOptions
    kind: ClassVar[str] = "training_report"
    version: ClassVar[int] = 3
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The options, the arms with their data and reference."""
        data = {name: arm.data and arm.data.stated() for name, arm in given.arms.items()}
        return {
            "options": given.read(TrainingReportOptions).model_dump(mode="json"),
            "data": data,
            "order": list(given.arms),
            "reference": given.reference,
            "references": dict(given.references),
            "trained": sorted(trained_arms(given.arms, given.stages)),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Seconds, most of them reading traces and resampling."""
        return Cost(seconds=5.0 + 2.0 * len(given.arms))

    def run(self, context: StageContext) -> None:
        """Read, measure, draw and write."""
        from llmx.report.figures.read import write_figures
        from llmx.report.figures.trainings import of_trainings
        from llmx.report.gather import pool_references
        from llmx.report.outcomes.encode import dumps, training_outcomes
        from llmx.report.outcomes.model import OF_TRAININGS
        from llmx.report.training.build import build, shown
        from llmx.report.training.evidence import by_family
        from llmx.report.training.model import FILE
        from llmx.report.training.page import html, markdown, pictures
        from llmx.stages.availability import sentences
        from llmx.stages.training_evidence import evidence

        given, options = context.given, context.given.read(TrainingReportOptions)
        apart = evidence(context, options)
        arms = by_family(apart)
        report = build(
            arms,
            options.title,
            pool_references(given.references),
            family(given.reference) if given.reference else None,
            options.smooth,
            options.collapse,
            options.broken or (),
        )
        report = report.model_copy(update={"unavailable": sentences(context.unavailable)})
        rollouts = shown(arms, options.rollout_arms or list(arms))
        rows = [as_json(one) for found in rollouts.values() for one in found]
        write_lines(context.out / "rollouts.jsonl", rows)
        write_json(context.out / FILE, as_json(report))
        write_figures(context.out, of_trainings(as_json(report)))
        write_text(context.out / OF_TRAININGS, dumps(training_outcomes(apart, given)))
        write_marked(context.out / "training_report.md", markdown(report))
        for name, svg in pictures(report).items():
            write_marked(context.out / f"{name}.svg", svg + "\n")
        write_marked(context.out / "training_report.html", html(report, rollouts))
