"""The page of an ensemble run: tables in Markdown, and one HTML file with the pictures in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from llmx.core.figure import Span
from llmx.report.base import render
from llmx.report.ensemble.figures import ArmFigures
from llmx.report.ensemble.lengths import LengthFigures, swept
from llmx.report.numbers import NONE, number, number_span, percent, percent_span, points_span

LENGTHS = "The first token and the length of drafts"
_LENGTHS = ("arm", "tokens of a draft", "rounds", "cut, %", "1 − first chunk / length, %")
_NATURAL = "where they end by themselves"

_HEAD = (
    "arm",
    "accuracy, %",
    "− reference, points",
    "rounds",
    "to first token, s",
    "cut, %",
    "total, ×",
    "tokens/s, ×",
    "stalled, s",
    "computed again",
    "repeats, %",
    "ended early, %",
)


def table(arms: Sequence[ArmFigures]) -> list[tuple[str, ...]]:
    """Return the head and a row an arm; – is what was not measured, or is the reference's own."""
    return [_HEAD, *(_row(arm) for arm in arms)]


def lengths_table(found: Sequence[LengthFigures]) -> list[tuple[str, ...]]:
    """Return the head and a row an arm and length of drafts, of arms that were timed at several."""
    rows = [row for mine in swept(found) for row in mine]
    return [_LENGTHS, *(_length_row(one) for one in rows)] if rows else []


def _length_row(one: LengthFigures) -> tuple[str, ...]:
    tokens = f"{number(one.tokens, 0)}" if one.forced else f"{number(one.tokens)}, {_NATURAL}"
    return (one.arm, tokens, str(one.rounds), percent_span(one.cut), percent(one.line))


def findings(arms: Sequence[ArmFigures], reference: str, singles: Sequence[str]) -> list[str]:
    """Return what the intervals say, in sentences."""
    by_name = {arm.arm: arm for arm in arms}
    said = []
    base = by_name.get(reference)
    for name in singles:
        gain = by_name[name].gain if name in by_name else None
        if gain is None or gain.low is None or gain.high is None:
            continue
        better = gain.high < 0
        text = "beats" if better else "is not shown to beat"
        lead = f"{points_span(gain.scaled(-1))} points"
        said.append(f"`{by_name[name].reference}` {text} `{name}` alone: {lead}.")
    said += _apart(arms, reference)
    for arm in arms:
        cut, ratio = arm.ttft_cut, arm.total_ratio
        if arm.arm in singles or cut is None or ratio is None or base is None:
            continue
        speed = f", at {number_span(arm.speed, 2)} times the tokens/s" if arm.speed else ""
        times = f"takes {number_span(ratio, 2)} times the total time{speed}"
        said.append(f"`{arm.arm}` {_first(cut)} and {times} ({arm.rounds} rounds).")
    return said


def _apart(arms: Sequence[ArmFigures], reference: str) -> list[str]:
    """Say of arms that have another reference than the others what that is."""
    named: dict[str, list[str]] = {}
    for arm in arms:
        if arm.reference not in ("", reference):
            named.setdefault(arm.reference, []).append(f"`{arm.arm}`")
    return [f"Compared with `{other}`: {', '.join(mine)}." for other, mine in named.items()]


def _first(cut: Span) -> str:
    """Say what became of the time to the first token; less than no cut is a delay."""
    if cut.high is not None and cut.high < 0:
        return f"shows its first token {percent_span(cut.scaled(-1))} % later"
    return f"cuts the time to the first token by {percent_span(cut)} %"


def markdown(
    title: str,
    arms: Sequence[ArmFigures],
    said: Sequence[str],
    lengths: Sequence[LengthFigures] = (),
) -> str:
    """Return the page in Markdown."""
    lines = [f"# {title}", "", *_lines(table(arms)), ""]
    swept_ = lengths_table(lengths)
    after = ["", f"## {LENGTHS}", "", *_lines(swept_)] if swept_ else []
    return "\n".join([*lines, *(f"- {one}" for one in said), *after, ""])


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = rows
    return [_line(head), _line(["---"] * len(head)), *map(_line, body)]


def html(
    title: str,
    arms: Sequence[ArmFigures],
    said: Sequence[str],
    pictures: Mapping[str, str],
    lengths: Sequence[LengthFigures] = (),
) -> str:
    """Return one file with everything in it."""
    return render(
        "ensemble",
        title=title,
        arms=table(arms),
        said=said,
        lengths=lengths_table(lengths),
        lengths_title=LENGTHS,
        pictures={name: Markup(svg) for name, svg in pictures.items() if svg},
    )


def _row(arm: ArmFigures) -> tuple[str, ...]:
    return (
        arm.arm,
        percent_span(arm.accuracy),
        points_span(arm.gain),
        str(arm.rounds) if arm.rounds else NONE,
        number(arm.ttft, 3),
        percent_span(arm.ttft_cut),
        number_span(arm.total_ratio, 2),
        number_span(arm.speed, 2),
        number(arm.stalled, 3),
        number(arm.again, 0),
        percent(arm.repeated),
        percent(arm.early),
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
