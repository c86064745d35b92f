"""Does a threshold mean the same under another divergence?"""

from __future__ import annotations

from llmx.report.gather import Transfer
from llmx.report.numbers import percent
from llmx.report.results import Span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict


def threshold_transfer(e: Evidence, *, tolerance: float = 0.05) -> Verdict:
    """Use each divergence's threshold under the others, on logged blocks.

    Shown (that it does not transfer): at least one share's 95 % interval lies wholly further than
    `tolerance` from the share that the threshold was solved for.
    """
    rows = e.exploration.transfer if e.exploration else ()
    if not rows:
        reason = "The run holds no exploration of a divergence log."
        return Verdict(word="not comparable", reason=reason)
    off = [row for row in rows if row.source != row.to and _distance(row) > tolerance]
    others = sum(row.source != row.to for row in rows)
    return Verdict(
        word="shown here" if off else "not shown here",
        reason=_reason(off, others, tolerance),
        numbers=tuple(_number(row) for row in rows if row.source != row.to),
    )


def _distance(row: Transfer) -> float:
    """How far the nearest end of the interval is from the share asked for."""
    if row.low <= row.asked_share <= row.high:
        return 0.0
    return min(abs(row.low - row.asked_share), abs(row.high - row.asked_share))


def _reason(off: list[Transfer], others: int, tolerance: float) -> str:
    allowed = f"{percent(tolerance)} points of the draft share that it was solved for"
    if not off:
        return f"All {others} thresholds stay within {allowed} under another divergence."
    worst = max(off, key=lambda row: abs(row.share - row.asked_share))
    return (
        f"{len(off)} of {others} thresholds leave {allowed} under another divergence; furthest:"
        f" the threshold {worst.threshold:.3g} of `{worst.source}` gives {percent(worst.share)} %"
        f" under `{worst.to}` instead of {percent(worst.asked_share)} %."
    )


def _number(row: Transfer) -> Number:
    span = Span(estimate=row.share, low=row.low, high=row.high)
    return Number(what="draft share", arm=row.source, against=row.to, span=span, unit="share")
