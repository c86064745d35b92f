"""Verdicts as Markdown, and how one figure and one comparison are written everywhere."""

from __future__ import annotations

from llmx.core.names import several
from llmx.report.numbers import (
    number_span,
    p_value,
    percent_span,
    places,
    points_span,
    signed_span,
)
from llmx.report.verdict.decide import said_over_all
from llmx.report.verdict.model import Number, Verdict, Verdicts

_HEAD = ("Figure", "Arm", "Beside", "Value (interval)", "p")
_RULE = ("---", "---", "---", "---:", "---:")


def markdown(found: Verdicts) -> str:
    """Return every verdict with its reason and its figures."""
    parts = ["# Verdicts", *(_one(verdict) for verdict in found.verdicts)]
    if found.failed:
        names = ", ".join(f"`{name}`" for name in found.failed)
        parts.append(f"Arms whose audit failed, and which no verdict uses: {names}.")
    parts.extend(found.unavailable)
    return "\n\n".join(parts) + "\n"


def _one(verdict: Verdict) -> str:
    over = said_over_all(verdict.word, verdict.p_all, verdict.tested)
    word = f"{verdict.word}, {over}" if over else verdict.word
    head = f"## {verdict.id}: {word}\n\n{verdict.reason}\n\n{compared(verdict)}"
    return f"{head}\n\n{figures(verdict)}" if verdict.numbers else head


def compared(verdict: Verdict) -> str:
    """Say on what a verdict rests: problems, seeds, rounds, audits, p."""
    rests = basis(verdict)
    if not rests:
        return "No scored arm was compared."
    text = f"{rests}; test `{verdict.test}`."
    if verdict.p is not None:
        text += f" p {p_value(verdict.p)}"
        text += "." if verdict.p_all is None else f", over all findings {p_value(verdict.p_all)}."
    if verdict.withheld:
        names = ", ".join(f"`{name}`" for name in verdict.withheld)
        text += f" Left out, as the audit failed: {names}."
    return text


def basis(verdict: Verdict) -> str:
    """Return on how much a verdict rests, as it was measured; empty where nothing was."""
    parts = [
        several(verdict.problems, "problem") if verdict.problems else "",
        seeds_of(verdict.seeds),
        several(verdict.rounds, "round") if verdict.rounds else "",
    ]
    said = ", ".join(part for part in parts if part)
    return f"{said}, {'audited' if verdict.audited else 'not audited'}" if said else ""


def seeds_of(count: int) -> str:
    """Return ``one seed`` or ``3 seeds``; empty for none."""
    return "" if not count else "one seed" if count == 1 else f"{count} seeds"


def figures(verdict: Verdict) -> str:
    """Return the figures of a verdict as a Markdown table."""
    rows = [_HEAD, _RULE]
    rows += [
        (
            number.what,
            f"`{number.arm}`",
            f"`{number.against}`" if number.against else "",
            value(number),
            "" if number.p is None else p_value(number.p),
        )
        for number in verdict.numbers
    ]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def value(number: Number) -> str:
    """Return ``−0.4 (−1.2 to +0.4) points``."""
    if number.metric and number.unit != "points":
        written = signed_span if number.against else number_span
        return f"{written(number.span, places(number.span))} {number.unit}".rstrip()
    if number.unit == "points":
        return f"{points_span(number.span)} points"
    if number.unit == "share":
        return f"{percent_span(number.span)} %"
    if number.unit in ("reward", "of 1"):
        return f"{signed_span(number.span, 3)} {number.unit}"
    return f"{number_span(number.span, 2)} {'×' if number.unit == 'times' else number.unit}"
