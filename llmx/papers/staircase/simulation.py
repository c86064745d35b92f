"""Stage `ensemble_simulation`: what published rows predict, and what varies with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from llmx.core.figure import Span
from llmx.core.options import Count, StageOptions, wrong
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.store.files import write_json
from llmx.store.page import write_marked

if TYPE_CHECKING:
    from llmx.papers.staircase.simulate.explore import SimulatedSetting
    from llmx.papers.staircase.simulate.predict import FittedRows, PredictedFigure
    from llmx.report.brought import Picture

_FITTED = ("single_ttft", "single_tps", "moa_ttft", "moa_tps")
_NAMED = {
    "ttft 8": "moa_staircase_ttft",
    "tokens/s": "moa_staircase_tps",
    "ttft 8 cached": "moa_cached_ttft",
    "tokens/s cached": "moa_cached_tps",
    "ttft 4": "first_4_ttft",
    "ttft 32": "first_32_ttft",
}


class SimulationOptions(StageOptions):
    """What is fitted on, and how large the sweeps are."""

    published: dict[str, float] = Field(
        description="id of a claim -> value: rows of the paper, fitted on and predicted",
        examples=["the rows of recipes/_claims/staircase.yaml"],
    )
    tokens: Count = Field(default=256, description="tokens of an answer in the sweeps")
    questions: Count = Field(default=60, description="questions under load")

    @field_validator("published")
    @classmethod
    def _enough(cls, found: dict[str, float]) -> dict[str, float]:
        if missing := [name for name in _FITTED if name not in found]:
            hint = "see recipes/_claims/staircase.yaml"
            raise wrong(f"needs {', '.join(missing)}", hint)
        return found


class SimulationStage:
    """Over recipe. Writes ``simulation.json``, ``simulation.md`` and ``simulation.svg``."""

    Options: ClassVar[type[StageOptions]] = SimulationOptions
    kind: ClassVar[str] = "ensemble_simulation"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The published rows and the sizes."""
        return given.read(SimulationOptions).model_dump()

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Virtual time costs a fraction of a millisecond an event."""
        return Cost(seconds=0.4 * given.read(SimulationOptions).tokens)

    def run(self, context: StageContext) -> None:
        """Predict, explore, and write both."""
        from llmx.papers.staircase.simulate.explore import as_rows, explore
        from llmx.papers.staircase.simulate.predict import FittedRows, predict
        from llmx.report.figures.read import write_figures
        from llmx.report.figures.streams import of_simulation

        told = context.identity["published"]
        context.progress.start(2, unit="parts")
        rows = FittedRows(
            told["single_ttft"], told["single_tps"], told["moa_ttft"], told["moa_tps"]
        )
        wanted = {name: told[claim] for name, claim in _NAMED.items() if claim in told}
        predicted = predict(rows, wanted)
        context.progress.advance()
        points = explore(context.identity["tokens"], context.identity["questions"])
        context.progress.advance()
        found = [_stored(one) for one in predicted]
        fitted = {"tokens": rows.tokens, "per_token": rows.per_token}
        all_ = {"fitted": fitted, "predicted": found, "sweeps": as_rows(points)}
        write_json(context.out / "simulation.json", all_)
        figures = of_simulation(all_)
        write_figures(context.out, figures)
        write_marked(context.out / "simulation.md", markdown(rows, predicted, points))
        write_marked(context.out / "simulation.svg", _picture().draw(figures))


def _stored(one: PredictedFigure) -> dict[str, Any]:
    """Return a prediction as data; one that the rows do not identify has no error."""
    known = one.identified
    return {**vars(one), "identified": known, "error": one.error if known else None}


def markdown(
    rows: FittedRows, predicted: Sequence[PredictedFigure], points: Sequence[SimulatedSetting]
) -> str:
    """Return the page."""
    from llmx.papers.staircase.simulate.predict import MOVES
    from llmx.report.numbers import number, number_span

    lines = [
        "# Staircase streaming in virtual time",
        "",
        f"Fitted on the single model and the plain mixture alone: an answer has "
        f"{number(rows.tokens, 0)} tokens, the aggregator takes {number(1000 * rows.per_token)} ms "
        "for one. A prediction is the middle and the span over what those rows leave open: the "
        "drafts' length, the later chunks, the cost of a prompt token. It is *not identified*, and "
        f"no error is stated, where settling one of them moves the middle by more than {MOVES:.0%}"
        ": the rows do not say it.",
        "",
        "| figure | published | predicted (span) | error, % |",
        "| --- | --- | --- | --- |",
        *(
            f"| {p.name} | {number(p.published, 2)} | {number_span(_span(p), 2)} "
            f"| {said_error(p)} |"
            for p in predicted
        ),
    ]
    for sweep in dict.fromkeys(point.sweep for point in points):
        lines += ["", *_table(sweep, [point for point in points if point.sweep == sweep])]
    return "\n".join([*lines, ""])


def said_error(one: PredictedFigure) -> str:
    """Return the error of a prediction, or why there is none to state."""
    from llmx.report.numbers import number, points

    if one.identified:
        return points(one.error, 0)
    low, high = (number(end, 2) for end in one.swayed[one.mover])
    return f"not identified: {one.mover.replace('_', ' ')} alone moves it, {low}–{high}"


def _span(one: PredictedFigure) -> Span:
    return Span(estimate=one.middle, low=one.low, high=one.high, level=1.0)


def _table(sweep: str, points: Sequence[SimulatedSetting]) -> list[str]:
    from llmx.report.numbers import number, percent

    loaded = points[0].plain_p95 is not None
    tails = " p95 plain, s | p95 staircase, s |" if loaded else ""
    head = f"| {sweep} | plain, s | staircase, s | cut, % | total, × | stalled, s | again |{tails}"
    body = []
    for p in points:
        tail = f" {number(p.plain_p95, 2)} | {number(p.stair_p95, 2)} |" if loaded else ""
        body.append(
            f"| {p.value} | {number(p.plain_ttft, 2)} | {number(p.stair_ttft, 2)} "
            f"| {percent(p.cut)} | {number(p.total_ratio, 2)} | {number(p.stalled, 2)} "
            f"| {number(p.again, 0)} |{tail}"
        )
    return [head, "| --- |" + " --- |" * (8 if loaded else 6), *body]


def _picture() -> Picture:
    from llmx.report.brought import sweeps
    from llmx.report.figures.names import FIRST_TOKEN

    over = ("proposers", "layers before the answer", "slowest over fastest proposer")
    return sweeps(FIRST_TOKEN, over, "Time to the first token, plain and staircase")
