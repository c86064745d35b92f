"""A report on trainings: its sentences, its curves, and both of its pages.

One picture a quantity, one curve an arm, a band of its seeds. Sentences follow from intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from llmx.core.figure import Figure, Figures
from llmx.core.record import as_json
from llmx.report.base import render
from llmx.report.curves import Line, curves
from llmx.report.figures import names
from llmx.report.figures.trainings import AFTER, of_trainings
from llmx.report.numbers import number, points_span, signed_span
from llmx.report.training.model import ShownRollout, TrainingReport
from llmx.report.training.prediction import RELIABLE
from llmx.report.training.series import QUANTITIES, Series
from llmx.report.training.tables import TrainingTable, by_arm, tables


def pictures(report: TrainingReport) -> dict[str, str]:
    """Return quantity → SVG document."""
    return {name: _picture(name, found) for name, found in report.curves.items()}


def _picture(name: str, found: tuple[Series, ...]) -> str:
    title = QUANTITIES[name][0]
    return curves(
        [_curve_of(one) for one in found],
        "optimiser steps",
        title,
        title.capitalize(),
        x_roof=None,
        y_roof=1 if "share" in title else None,
        y_floor=None if name == "kl" else 0,
    )


def _curve_of(one: Series) -> Line:
    several = one.seeds > 1
    return Line(
        one.arm,
        one.steps,
        one.mean,
        low=one.low if several else (),
        high=one.high if several else (),
        raw=one.raw if one.raw != one.mean else (),
    )


def band_note(report: TrainingReport) -> str:
    """Say how the curves are to be read."""
    smoothed = (
        f"Thick: a moving average over {report.window} points; thin: the points as they are."
        if report.window > 1
        else "The points as they are."
    )
    several = any(one.seeds > 1 for found in report.curves.values() for one in found)
    band = (
        " Of several seeds the curve is the mean, and the band goes from the least to the greatest"
        " of them: it is no confidence interval."
        if several
        else " One seed an arm: there is no band, and curves are indicative."
    )
    return smoothed + band


def sentences(figures: Figures, unavailable: Sequence[str] = ()) -> list[str]:
    """Return what the intervals say; nothing that they do not decide is called a difference."""
    said, known = list(unavailable), by_arm(figures)
    for own in known.values():
        said += [_empty(own[names.SILENT])] if _taught_nothing(own) else []
        gain, versus = own.get(names.GAIN), own.get(f"{names.ACCURACY_GAP} {AFTER}")
        said += [_gain(gain)] if gain else []
        said += [_versus(versus)] if versus else []
    said += [text] if (text := _predicted(figures)) else []
    fallen = [one.arm for one in figures.of(names.COLLAPSED) if one.span.estimate > 0]
    if fallen:
        said.append(f"The reward collapsed in {', '.join(f'`{name}`' for name in fallen)}.")
    return said


def _predicted(figures: Figures) -> str:
    before, after, found = (
        figures.find(name, names.ALL)
        for name in (names.RELIABLE_BEFORE, names.RELIABLE_AFTER, names.CORRELATION)
    )
    if before is None or after is None:
        return ""
    least = min(before.span.estimate, after.span.estimate)
    both = (f"{one.span.estimate:.2f}" for one in (before, after))
    shares = "reliability {} before and {} after".format(*both)
    arms = f"Over {len(before.over)} arms the accuracy before reinforcement learning"
    if found is None or least < RELIABLE:
        return f"{arms} may foretell that after it or not: the arms differ too little ({shares})."
    return (
        f"{arms} correlates with that after it by {signed_span(found.span)}, freed of the"
        f" noise of measurement ({shares}){_indicative(before)}."
    )


def _indicative(figure: Figure) -> str:
    return " (one seed: indicative)" if figure.lone else ""


def _taught_nothing(own: Mapping[str, Figure]) -> bool:
    return names.SILENT in own and own[names.SILENT].span.estimate >= 1


def _empty(silent: Figure) -> str:
    return (
        f"`{silent.arm}` was trained without signal: the rewards of every group were equal in all"
        " of its steps. It learned nothing from them."
    )


def _gain(gain: Figure) -> str:
    verb = "is not shown to change"
    if gain.span.above(0):
        verb = "raises"
    elif gain.span.below(0):
        verb = "lowers"
    return (
        f"Reinforcement learning {verb} the accuracy of `{gain.arm}`: {points_span(gain.span)}"
        f" points{_indicative(gain)}."
    )


def _versus(gap: Figure) -> str:
    word = "is not shown to differ from"
    if gap.span.above(0):
        word = "ends above"
    elif gap.span.below(0):
        word = "ends below"
    points = points_span(gap.span)
    return f"`{gap.arm}` {word} `{gap.against}`: {points} points{_indicative(gap)}."


def html(report: TrainingReport, rollouts: Mapping[str, Sequence[ShownRollout]]) -> str:
    """Return the page with curves, tables and rollouts; what models wrote is escaped."""
    drawn, figures = pictures(report), of_trainings(as_json(report))
    return render(
        "training",
        report=report,
        sentences=sentences(figures, report.unavailable),
        tables=tables(figures, report),
        note=band_note(report),
        pictures=[(QUANTITIES[name][0], Markup(svg)) for name, svg in drawn.items()],
        rollouts=rollouts,
        number=number,
    )


def markdown(report: TrainingReport) -> str:
    """Return the report; the same report gives the same bytes."""
    figures = of_trainings(as_json(report))
    said = sentences(figures, report.unavailable)
    parts = [
        f"# {report.title}",
        "\n".join(f"- {text}" for text in said),
        *(f"## {one.title}\n\n{table(one)}\n\n{one.note}" for one in tables(figures, report)),
        *_curves(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _curves(report: TrainingReport) -> Iterable[str]:
    if report.curves:
        yield f"## Curves\n\n{band_note(report)}"
    for name in report.curves:
        yield f"![{QUANTITIES[name][0]}]({name}.svg)"


def table(given: TrainingTable) -> str:
    """Return one table."""
    rule = ["---", *("---:" for _ in given.head[1:])]
    body = [(f"`{row[0]}`", *row[1:]) for row in given.rows]
    return "\n".join(_cells(cells) for cells in [given.head, rule, *body])


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
