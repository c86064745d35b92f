"""Stage `ensemble_report`: quality beside latency, and pictures of who spoke when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.events import Event
from llmx.core.figure import joined
from llmx.core.options import ArmName, StageOptions
from llmx.core.record import as_json
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.stages.ensemble import ensemble_of
from llmx.stages.latency import EVENTS, ROWS
from llmx.store.files import read_json, read_lines, write_json
from llmx.store.page import write_marked

_PICTURES = ("gantt", "ttft", "total", "quality", "lengths")


class EnsembleReportOptions(StageOptions):
    """What the page shows."""

    title: str = Field(default="An ensemble", description="title of the page")
    gantt: tuple[ArmName, ...] | None = Field(
        default=None,
        description="arms of the picture in time; null = the reference and the first that streams",
        examples=["names of arms: [moa, staircase]"],
    )


class EnsembleReportStage:
    """Over recipe. Writes ``ensemble.json``, ``ensemble.md``, ``ensemble.html`` and pictures.

    Needs the stages `ensemble_decode`, `score` and `ensemble_latency`, as far as there are any.
    Latency stages of forced lengths go to ``lengths.json``, a table and a picture of their own.
    """

    Options: ClassVar[type[StageOptions]] = EnsembleReportOptions
    kind: ClassVar[str] = "ensemble_report"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The title, the arms and the references."""
        found = {
            "options": given.stage.options,
            "arms": list(given.arms),
            "reference": given.reference,
        }
        return {**found, "references": dict(given.references)} if given.references else found

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Seconds."""
        return Cost(seconds=5.0)

    def run(self, context: StageContext) -> None:
        """Gather, judge and draw."""
        from llmx.report.ensemble.figures import figures, length_figures
        from llmx.report.ensemble.page import findings, html, markdown
        from llmx.report.ensemble.pictures import cuts, gantt, quality, strips
        from llmx.report.figures.read import write_figures
        from llmx.report.figures.streams import of_lengths, of_streams

        given, inputs = context.given, context.inputs
        arms, reference = list(given.arms), given.reference or next(iter(given.arms))
        context.progress.start(1, unit="pages")
        rows = _rows(inputs)
        found = figures(arms, reference, _scores(inputs), rows, _members(inputs), given.references)
        lengths = length_figures(rows, reference, _first_chunks(given))
        arms_, lengths_ = ([as_json(one) for one in rows_] for rows_ in (found, lengths))
        measured = joined([of_streams(arms_), of_lengths(lengths_)])
        singles = [name for name, arm in given.arms.items() if ensemble_of(arm).layers == 1]
        said = findings(measured, reference, singles)
        title = given.read(EnsembleReportOptions).title
        pictures: dict[str, str] = {
            "One answer in time": gantt(_events(context, reference)),
            "Time to the first token": strips(found, "times", "seconds to the first token"),
            "Total time": strips(found, "totals", "seconds to the last token"),
            "Accuracy against time to the first token": quality(measured),
            "The first token and the length of drafts": cuts(measured),
        }
        for name, svg in zip(_PICTURES, pictures.values(), strict=True):
            if svg:
                write_marked(context.out / f"{name}.svg", svg)
        write_json(context.out / "ensemble.json", arms_)
        write_json(context.out / "lengths.json", lengths_)
        write_figures(context.out, measured)
        write_marked(context.out / "ensemble.md", markdown(title, measured, said))
        write_marked(context.out / "ensemble.html", html(title, measured, said, pictures))
        context.progress.advance()


def _by_arm(inputs: Mapping[str, Path], file: str) -> dict[str, Path]:
    """Return arm → file, for the stages that wrote one."""
    return {
        name.rpartition("/")[2]: folder / file
        for name, folder in inputs.items()
        if (folder / file).exists()
    }


def _scores(inputs: Mapping[str, Path]) -> dict[str, dict[str, bool]]:
    paths = _by_arm(inputs, "scores.jsonl")
    return {arm: {r["id"]: r["correct"] for r in read_lines(path)} for arm, path in paths.items()}


def _members(inputs: Mapping[str, Path]) -> dict[str, dict[str, float]]:
    return {arm: read_json(path) for arm, path in _by_arm(inputs, "members.json").items()}


def _rows(inputs: Mapping[str, Path]) -> list[dict[str, Any]]:
    return [row for path in _by_arm(inputs, ROWS).values() for row in read_lines(path)]


def _first_chunks(given: StageInput) -> dict[str, int]:
    """Return arm → tokens of its first chunk, for the arms that stream in chunks."""
    specs = {name: ensemble_of(arm) for name, arm in given.arms.items()}
    return {n: one.first_chunk for n, one in specs.items() if one.streaming == "staircase"}


def _events(context: StageContext, reference: str) -> dict[str, list[Event]]:
    """Return arm → the events of one answer that ended by itself."""
    given = context.given
    streams = [n for n, a in given.arms.items() if ensemble_of(a).streaming == "staircase"]
    wanted = given.read(EnsembleReportOptions).gantt or (reference, *streams[:1])
    found: dict[str, list[Event]] = {name: [] for name in wanted}
    for path in _by_arm(context.inputs, EVENTS).values():
        for row in read_lines(path):
            arm, length = row.pop("arm"), row.pop("length")
            if arm in found and length is None:
                found[arm].append(Event.model_validate(row))
    return {name: events for name, events in found.items() if events}
