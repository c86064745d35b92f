"""Does a threshold mean the same under another divergence?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.report.gather import Transfer
from llmx.report.numbers import percent
from llmx.report.results import Span
from llmx.report.verdict.decide import LEVEL, Support, decide, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.multiple import holm


@dataclass(frozen=True)
class Move:
    """A threshold under another divergence; p of a share at the edge of the tolerance, by Holm."""

    row: Transfer
    p: float

    def away(self, tolerance: float) -> Support:
        """Return what speaks for a share further than `tolerance` from the one asked for."""
        return Support(_distance(self.row) > tolerance and self.p <= LEVEL, self.p)

    def number(self) -> Number:
        """Return it as a figure of a verdict."""
        row = self.row
        return Number(
            what="draft share",
            arm=row.source,
            against=row.to,
            span=Span(estimate=row.share, low=row.low, high=row.high),
            unit="share",
            p=self.p,
            problems=row.spread.items if row.spread else 0,
        )


def threshold_transfer(e: Evidence, *, tolerance: float = 0.05) -> Verdict:
    """Use each divergence's threshold under the others, on logged blocks.

    Shown (that it does not transfer): at least one share lies wholly further than `tolerance` from
    the share that the threshold was solved for, by its 95 % interval and by p after Holm over all
    pairs of divergences.
    """
    rows = [
        row for row in (e.exploration.transfer if e.exploration else ()) if row.source != row.to
    ]
    if not rows:
        reason = "The run holds no exploration of a divergence log."
        return Verdict(word="not comparable", reason=reason)
    adjusted = holm([_p(row, tolerance) for row in rows])
    moves = [Move(row, p) for row, p in zip(rows, adjusted, strict=True)]
    return decide(some(move.away(tolerance) for move in moves)).verdict(
        reason=_reason(moves, tolerance), numbers=tuple(move.number() for move in moves)
    )


def _p(row: Transfer, tolerance: float) -> float:
    """Return the two-sided p value of the edge of the tolerance that the share lies beyond; else 1.

    A share that is surely inside refutes nothing of "it stays within the tolerance". Where only the
    95 % interval is known, one that ends elsewhere says that p is at most 5 %.
    """
    if abs(row.share - row.asked_share) <= tolerance:
        return 1.0
    side = tolerance if row.share > row.asked_share else -tolerance
    return LEVEL if row.spread is None else row.spread.p_value(row.asked_share + side)


def _distance(row: Transfer) -> float:
    """How far the nearest end of the interval is from the share asked for."""
    if row.low <= row.asked_share <= row.high:
        return 0.0
    return min(abs(row.low - row.asked_share), abs(row.high - row.asked_share))


def _reason(moves: Sequence[Move], tolerance: float) -> str:
    allowed = f"{percent(tolerance)} points of the draft share that it was solved for"
    off = [move.row for move in moves if move.away(tolerance).sure]
    total = f"{len(moves)} thresholds"
    if not off:
        return f"None of {total} is shown to leave {allowed} under another divergence."
    worst = max(off, key=lambda row: abs(row.share - row.asked_share))
    return (
        f"{len(off)} of {total} leave {allowed} under another divergence; furthest:"
        f" the threshold {worst.threshold:.3g} of `{worst.source}` gives {percent(worst.share)} %"
        f" under `{worst.to}` instead of {percent(worst.asked_share)} %."
    )
