"""An exploration as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llmx.core.figure import Span
from llmx.papers.fsd.explore.model import Drift, Explored, Transfer
from llmx.report.numbers import number, percent, percent_span, points, points_span


def markdown(found: Explored) -> str:
    """Return every table with the sentence that says how to read it."""
    seeds = "one seed" if found.seeds == 1 else f"{found.seeds} seeds"
    head = (
        f"{found.problems} problems, {seeds}: {found.blocks} blocks along the texts of"
        f" `{found.base}`, {found.tokens} drafted tokens. Rule: `{found.semantics}`, no guards."
        f" Nothing was decoded for this page."
    )
    parts = [
        "# Exploration of the divergence log",
        " ".join([head, *found.notes]),
        _section(
            f"Measures at a draft share of {percent(found.asked_share)} %",
            _PASSES,
            _at_share(found),
        ),
        "![What a draft share costs](explore.svg)",
        _section("A threshold under another measure", _MOVES, _transfer(found.transfer)),
        _section("Decisions that differ at that share", _AGREES, _agreement(found)),
        _section("Trajectory drift", _DRIFTS, _drift(found.drift)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_PASSES = (
    "What each measure accepts at the threshold that gives the share: tokens that the lossless"
    " test refuses, that are not the target's first choice, and their mean surprise (-ln p)."
)
_MOVES = (
    "The threshold that gives the share under the first measure, used under the second; intervals"
    " (95 %) over problems, the threshold held."
)
_AGREES = "Drafted tokens, in percent, that only one of the two accepts."
_DRIFTS = (
    "The draft share of an arm as predicted from the reference's texts, as replayed along its own,"
    " and as it was: own - predicted is what other texts do, real - own what other starts of the"
    " blocks do; points of share, 95 % intervals, paired by problem."
)


def _section(title: str, words: str, rows: Sequence[Sequence[str]]) -> str:
    if len(rows) < 2:
        return ""
    head, *body = rows
    rule = ["---", *("---:" for _ in head[1:])]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, rule, *body)]
    return "\n\n".join([f"## {title}", words, "\n".join(lines)])


def _at_share(found: Explored) -> list[list[str]]:
    head = ["Measure", "Threshold", "Draft share (%)", "Refused (%)", "Not first (%)", "-ln p"]
    return [head] + [
        [
            f"`{row.measure}`",
            f"{row.threshold:.3g}",
            percent(row.share),
            percent(row.refused, 2),
            percent(row.not_argmax, 2),
            number(row.surprise, 3),
        ]
        for row in sorted(found.at_share, key=lambda row: row.refused)
    ]


def _transfer(rows: Iterable[Transfer]) -> list[list[str]]:
    head = ["Threshold of", "Value", "Under", "Asked share (%)", "Share (%)", "Off by (points)"]
    return [head] + [
        [
            f"`{row.source}`",
            f"{row.threshold:.3g}",
            f"`{row.to}`",
            percent(row.asked_share),
            percent_span(Span(estimate=row.share, low=row.low, high=row.high)),
            points(row.share - row.asked_share),
        ]
        for row in rows
    ]


def _agreement(found: Explored) -> list[list[str]]:
    names = list(dict.fromkeys(one.first for one in found.agreement))
    others = list(dict.fromkeys(one.second for one in found.agreement))
    cells = {(one.first, one.second): percent(one.differ, 2) for one in found.agreement}
    body = [[f"`{a}`", *(cells.get((a, b), "") for b in others)] for a in names]
    return [["", *(f"`{name}`" for name in others)], *body]


def _drift(rows: Iterable[Drift]) -> list[list[str]]:
    head = ["Arm", "Predicted (%)", "Own texts (%)", "Real (%)", "Own − predicted", "Real − own"]
    return [[*head, "Real − predicted"]] + [
        [
            f"`{row.arm}`",
            *(percent(value) for value in (row.predicted, row.own, row.real)),
            *(points_span(span) for span in (row.texts, row.alignment, row.whole)),
        ]
        for row in rows
    ]
