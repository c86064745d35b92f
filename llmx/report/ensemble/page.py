"""The page of an ensemble run: tables in Markdown, and one HTML file with the pictures in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from llmx.core.figure import Figure, Figures, Span
from llmx.report.base import render
from llmx.report.ensemble.by_arm import OVER, Streams, cuts_by_length, streams_by_arm
from llmx.report.figures import names
from llmx.report.figures.streams import LENGTH
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


def table(figures: Figures) -> list[tuple[str, ...]]:
    """Return the head and a row an arm; – is what was not measured, or is the reference's own."""
    return [_HEAD, *(_row(arm, own) for arm, own in streams_by_arm(figures).items())]


def lengths_table(figures: Figures) -> list[tuple[str, ...]]:
    """Return the head and a row an arm and length of drafts, of arms that were timed at several."""
    rows = [_length_row(one) for mine in cuts_by_length(figures) for one in mine]
    return [_LENGTHS, *rows] if rows else []


def _length_row(one: Figure) -> tuple[str, ...]:
    forced = one.setting == LENGTH
    tokens = number(one.at, 0) if forced else f"{number(one.at)}, {_NATURAL}"
    return (one.arm, tokens, str(one.rounds), percent_span(one.span), percent(one.expected))


def findings(figures: Figures, reference: str, singles: Sequence[str]) -> list[str]:
    """Return what the intervals say, in sentences."""
    known = streams_by_arm(figures)
    gains = [own.get(names.ACCURACY_GAP) for name, own in known.items() if name in singles]
    said = [_beaten(gain) for gain in gains if gain is not None and gain.span.low is not None]
    said += _apart(known, reference)
    for name, own in known.items():
        if name not in singles and reference in known and names.FIRST_TOKEN_CUT in own:
            said += _timed(own)
    return said


def _beaten(gain: Figure) -> str:
    text = "beats" if gain.span.below(0) else "is not shown to beat"
    lead = f"{points_span(gain.span.scaled(-1))} points"
    return f"`{gain.against}` {text} `{gain.arm}` alone: {lead}."


def _timed(own: Mapping[str, Figure]) -> Iterator[str]:
    cut, ratio, rate = own[names.FIRST_TOKEN_CUT], own.get(OVER), own.get(names.END_TO_END)
    if ratio is not None:
        speed = f", at {number_span(rate.span, 2)} times the tokens/s" if rate else ""
        times = f"takes {number_span(ratio.span, 2)} times the total time{speed}"
        yield f"`{cut.arm}` {_first(cut.span)} and {times} ({cut.rounds} rounds)."


def _apart(known: Streams, reference: str) -> list[str]:
    """Say of arms that have another reference than the others what that is."""
    named: dict[str, list[str]] = {}
    for arm, own in known.items():
        against = next((one.against for one in own.values() if one.against), reference)
        if against != reference:
            named.setdefault(against, []).append(f"`{arm}`")
    return [f"Compared with `{other}`: {', '.join(mine)}." for other, mine in named.items()]


def _first(cut: Span) -> str:
    """Say what became of the time to the first token; less than no cut is a delay."""
    if cut.high is not None and cut.high < 0:
        return f"shows its first token {percent_span(cut.scaled(-1))} % later"
    return f"cuts the time to the first token by {percent_span(cut)} %"


def markdown(title: str, figures: Figures, said: Sequence[str]) -> str:
    """Return the page in Markdown."""
    lines = [f"# {title}", "", *_lines(table(figures)), ""]
    swept_ = lengths_table(figures)
    after = ["", f"## {LENGTHS}", "", *_lines(swept_)] if swept_ else []
    return "\n".join([*lines, *(f"- {one}" for one in said), *after, ""])


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = rows
    return [_line(head), _line(["---"] * len(head)), *map(_line, body)]


def html(title: str, figures: Figures, said: Sequence[str], pictures: Mapping[str, str]) -> str:
    """Return one file with everything in it."""
    return render(
        "ensemble",
        title=title,
        arms=table(figures),
        said=said,
        lengths=lengths_table(figures),
        lengths_title=LENGTHS,
        pictures={name: Markup(svg) for name, svg in pictures.items() if svg},
    )


def _row(arm: str, own: Mapping[str, Figure]) -> tuple[str, ...]:
    def span(quantity: str) -> Span | None:
        return own[quantity].span if quantity in own else None

    def value(quantity: str) -> float | None:
        return own[quantity].span.estimate if quantity in own else None

    first = own.get(names.FIRST_TOKEN)
    return (
        arm,
        percent_span(span(names.ACCURACY)),
        points_span(span(names.ACCURACY_GAP)),
        str(first.rounds) if first and first.rounds else NONE,
        number(value(names.FIRST_TOKEN), 3),
        percent_span(span(names.FIRST_TOKEN_CUT)),
        number_span(span(OVER), 2),
        number_span(span(names.END_TO_END), 2),
        number(value(names.STALLED), 3),
        number(value(names.COMPUTED_AGAIN), 0),
        percent(value(names.REPEATED)),
        percent(value(names.EARLY)),
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
