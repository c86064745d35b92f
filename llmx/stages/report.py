"""Stage `report`: read what the other stages left, write the table, the picture and the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.arms import family
from llmx.core.options import StageOptions
from llmx.core.record import as_json
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.core.trained import trained_arms


class ReportOptions(StageOptions):
    """What the page shows."""

    title: str = Field(default="Results", description="title of the page")


class ReportStage:
    """Over recipe. Needs any of decode, score, speed and calibration; shows what is there.

    What an input is, is known by its files: ``samples.jsonl`` (decode), ``scores.jsonl`` (score),
    ``blocks.jsonl`` (speed), ``calibration.json``, ``verdicts.json``. Writes ``results.json``,
    ``report.md``, ``report.html`` and ``plot.svg``.
    """

    Options: ClassVar[type[StageOptions]] = ReportOptions
    kind: ClassVar[str] = "report"
    version: ClassVar[int] = 4
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Return the arms as they are shown, the reference and the title."""
        return {
            "arms": {name: as_json(spec) for name, spec in given.arms.items()},
            "order": list(given.arms),
            "reference": _reference(given),
            "references": dict(given.references),
            "title": given.read(ReportOptions).title,
            "trained": sorted(trained_arms(given.arms, given.stages)),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """A few seconds, most of them resampling."""
        return Cost(seconds=3.0)

    def run(self, context: StageContext) -> None:
        """Write the report.

        Raises:
            RunError: for an input that is not in the format of its file name.
        """
        from llmx.report.build import build
        from llmx.report.gather import gather
        from llmx.report.results import Finding
        from llmx.report.seeds import pool, pool_references, pool_specs
        from llmx.report.write import write
        from llmx.stages.availability import sentences

        given = context.given
        context.progress.start(2, unit="steps")
        trained = trained_arms(given.arms, given.stages)
        found = pool(gather(context.inputs, given.arms, trained))
        arms = pool_specs(given.arms)
        reference = _reference(given)
        pooled = None if reference is None else family(reference)
        references = pool_references(given.references)
        results = build(found, arms, pooled, given.read(ReportOptions).title, references)
        lost = [Finding(kind="unavailable", text=text) for text in sentences(context.unavailable)]
        results = results.model_copy(update={"findings": (*lost, *results.findings)})
        context.progress.advance()
        write(context.out, results, found, arms)
        context.progress.advance()


def _reference(given: StageInput) -> str | None:
    """Return the reference, or None where a selection of arms has left it out."""
    if given.reference in given.arms:
        return given.reference
    return None
