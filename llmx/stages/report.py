"""Stage `report`: read what the other stages left, write the table, the picture and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmx.core.names import family
from llmx.core.options import StageOptions
from llmx.core.registry import brought, kinds, owner
from llmx.core.section import EVERY
from llmx.core.spec import trained_arms
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.stages.score import metrics_of

if TYPE_CHECKING:
    from llmx.report.gather import ArmFiles


class ReportOptions(StageOptions):
    """What the page shows."""

    title: str = Field(default="Results", description="title of the page")


class ReportStage:
    """Over recipe. Needs any of decode, score, speed and calibration; shows what is there.

    What an input is, is known by its files: ``samples.jsonl`` (decode), ``scores.jsonl`` (score),
    ``blocks.jsonl`` (speed), ``calibration.json``, ``verdicts.json``. Writes ``results.json``,
    ``report.md``, ``report.html``, ``plot.svg``, and the pictures that rooms bring.
    """

    Options: ClassVar[type[StageOptions]] = ReportOptions
    kind: ClassVar[str] = "report"
    version: ClassVar[int] = 4
    timing: ClassVar[bool] = False
    sections: ClassVar[str] = EVERY

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Return the arms as they are shown, the reference, the title, pictures and metrics."""
        return {
            "arms": {name: spec.stated() for name, spec in given.arms.items()},
            "order": list(given.arms),
            "reference": _reference(given),
            "references": dict(given.references),
            "title": given.read(ReportOptions).title,
            "trained": sorted(trained_arms(given.arms, given.stages)),
            **_brought(given),
            **_sweep(given),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """A few seconds, most of them resampling."""
        asked = sum(arm.scale.problems or 0 for arm in given.arms.values())
        return Cost(seconds=1.0 + asked / 5_000)

    def run(self, context: StageContext) -> None:
        """Write the report.

        Raises:
            RunError: for an input that is not in the format of its file name.
        """
        from llmx.report.build import build
        from llmx.report.gather import gather, pool, pool_references, pool_specs
        from llmx.report.results import Finding
        from llmx.report.write import write
        from llmx.stages.availability import learned_nothing, sentences

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
        judged = [Finding(kind="caution", text=text) for text in _judges(context)]
        if empty := learned_nothing(context):
            from llmx.report.training.signal import said_unlearned

            lost += [Finding(kind="caution", text=text) for text in said_unlearned(empty)]
        drawn = [Finding(kind="draws", text=text) for text in _draws(found.arms)]
        said = (*lost, *drawn, *results.findings, *judged)
        results = results.model_copy(update={"findings": said})
        context.progress.advance()
        pictures, tables = (_of_rooms(group, given) for group in ("picture", "table"))
        write(context.out, results, found, arms, pictures, tables)
        context.progress.advance()


def _draws(arms: Mapping[str, ArmFiles]) -> list[str]:
    """Return a sentence where problems were answered several times: the page reads one of them."""
    several = {name: files.draws for name, files in arms.items() if files.draws > 1}
    named = ", ".join(f"`{name}` {draws}" for name, draws in several.items())
    text = f"Each problem was answered several times ({named}); this page reads the first answer."
    return [text] if several else []


def _judges(context: StageContext) -> tuple[str, ...]:
    """Return a sentence for each judge whose word scores rest on."""
    from llmx.store.files import read_json

    folders = [path for path in context.inputs.values() if (path / "judgements.jsonl").exists()]
    summaries = [read_json(path / "summary.json") for path in folders]
    if not any("judge" in one for one in summaries):
        return ()
    from llmx.stages.graded import said_of_judges

    return said_of_judges(summaries)


def _sweep(given: StageInput) -> dict[str, Any]:
    """Return that the report shows a sweep, where its arms are the points of one."""
    return {"sweep": 1} if any("@" in family(name) for name in given.arms) else {}


def _brought(given: StageInput) -> dict[str, Any]:
    """Return what plugins add to the report; nothing without any."""
    metrics = sorted(
        metric.name for metric in metrics_of(given.stages.values(), given.arms.values()) or ()
    )
    found: dict[str, Any] = {"metrics": metrics} if metrics else {}
    if names := _of_rooms("picture", given):
        from llmx.report.brought import picture

        found["pictures"] = {name: picture(name).version for name in names}
    if names := _of_rooms("table", given):
        from llmx.report.brought import brought_table

        found["tables"] = {name: brought_table(name).version for name in names}
    return found


def _of_rooms(group: str, given: StageInput) -> tuple[str, ...]:
    """Return the pictures or tables of the rooms that the recipe uses something of."""
    if not kinds(group):
        return ()
    return brought(group, (owner(family, kind) for family, kind in _used(given)))


def _used(given: StageInput) -> Iterator[tuple[str, str]]:
    """Yield (family, kind) of what the recipe names."""
    for stage in given.stages.values():
        yield "stage", stage.kind
        yield "scorer", str(stage.options.get("scorer", ""))
        for finding in stage.options.get("findings") or ():
            yield "test", str(finding.get("test", ""))
    for arm in given.arms.values():
        yield from (("section", name) for name in arm.more)
        if arm.data is not None:
            yield "data", arm.data.kind


def _reference(given: StageInput) -> str | None:
    """Return the reference, or None where a selection of arms has left it out."""
    if given.reference in given.arms:
        return given.reference
    return None
