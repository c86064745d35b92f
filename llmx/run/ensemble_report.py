"""Stage `ensemble_report`: quality beside latency, and pictures of who spoke when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from llmx.core.events import Event
from llmx.core.record import as_json
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.run.decode import check_options
from llmx.run.ensemble import ensemble_of
from llmx.run.latency import EVENTS, ROWS
from llmx.store.files import read_json, read_lines, write_json, write_text


class EnsembleReportStage:
    """Over recipe. Writes ``ensemble.json``, ``ensemble.md``, ``ensemble.html`` and pictures.

    Needs the stages `ensemble_decode`, `score` and `ensemble_latency`, as far as there are any.
    Options: ``title``, and ``gantt``: the arms of the picture (default: the reference and the first
    that streams).
    """

    kind: ClassVar[str] = "ensemble_report"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The title, the arms and the reference."""
        check_options(given, {"title", "gantt"})
        arms = list(given.arms)
        return {"options": given.stage.options, "arms": arms, "reference": given.reference}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Seconds."""
        return Cost(seconds=5.0)

    def run(self, context: StageContext) -> None:
        """Gather, judge and draw."""
        from llmx.report.ensemble.figures import figures
        from llmx.report.ensemble.gantt import gantt
        from llmx.report.ensemble.page import findings, html, markdown
        from llmx.report.ensemble.pictures import quality, strips

        given, inputs = context.given, context.inputs
        arms, reference = list(given.arms), given.reference or next(iter(given.arms))
        context.progress.start(1, unit="pages")
        found = figures(arms, reference, _scores(inputs), _rows(inputs), _members(inputs))
        singles = [name for name, arm in given.arms.items() if ensemble_of(arm).layers == 1]
        said = findings(found, reference, singles)
        title = str(given.stage.options.get("title", "An ensemble"))
        pictures = {
            "One answer in time": gantt(_events(context, reference)),
            "Time to the first token": strips(found, "times", "seconds to the first token"),
            "Total time": strips(found, "totals", "seconds to the last token"),
            "Accuracy against time to the first token": quality(found),
        }
        for name, svg in zip(("gantt", "ttft", "total", "quality"), pictures.values(), strict=True):
            write_text(context.out / f"{name}.svg", svg)
        write_json(context.out / "ensemble.json", [as_json(one) for one in found])
        write_text(context.out / "ensemble.md", markdown(title, found, said))
        write_text(context.out / "ensemble.html", html(title, found, said, pictures))
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


def _events(context: StageContext, reference: str) -> dict[str, list[Event]]:
    given = context.given
    streams = [n for n, a in given.arms.items() if ensemble_of(a).streaming == "staircase"]
    wanted = given.stage.options.get("gantt", [reference, *streams[:1]])
    found: dict[str, list[Event]] = {name: [] for name in wanted}
    for path in _by_arm(context.inputs, EVENTS).values():
        for row in read_lines(path):
            arm = row.pop("arm")
            if arm in found:
                found[arm].append(Event.model_validate(row))
    return {name: events for name, events in found.items() if events}
