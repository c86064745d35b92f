"""Does a threshold mean the same under another divergence?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure
from llmx.report.figures import names
from llmx.report.figures.p_at import p_at
from llmx.report.numbers import percent
from llmx.report.verdict.decide import LEVEL, Support, decide, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.multiple import holm


@dataclass(frozen=True)
class Move:
    """A threshold under another divergence; p of a share at the edge of the tolerance, by Holm."""

    row: Figure
    p: float

    def away(self, tolerance: float) -> Support:
        """Return what speaks for a share further than `tolerance` from the one asked for."""
        return Support(_distance(self.row) > tolerance and self.p <= LEVEL, self.p)

    def number(self) -> Number:
        """Return it as a figure of a verdict."""
        row = self.row
        return Number(
            what=names.SHARE,
            arm=row.arm,
            against=row.against,
            span=row.span,
            unit="share",
            p=self.p,
            problems=row.n,
        )


def threshold_transfer(e: Evidence, *, tolerance: float = 0.05) -> Verdict:
    """Use each divergence's threshold under the others, on logged blocks.

    Shown (that it does not transfer): at least one share lies wholly further than `tolerance` from
    the share that the threshold was solved for, by its 95 % interval and by p after Holm over all
    pairs of divergences.
    """
    moved = (one for one in e.figures.of(names.SHARE) if one.setting == "threshold")
    rows = [row for row in moved if row.arm != row.against]
    if not rows:
        reason = "The run holds no exploration of a divergence log."
        return Verdict(word="not comparable", reason=reason)
    adjusted = holm([_p(row, tolerance) for row in rows])
    moves = [Move(row, p) for row, p in zip(rows, adjusted, strict=True)]
    return decide(some(move.away(tolerance) for move in moves)).verdict(
        reason=_reason(moves, tolerance), numbers=tuple(move.number() for move in moves)
    )


def _p(row: Figure, tolerance: float) -> float:
    """Return the two-sided p value of the edge of the tolerance that the share lies beyond; else 1.

    A share that is surely inside refutes nothing of "it stays within the tolerance". Where only the
    95 % interval is known, one that ends elsewhere says that p is at most 5 %.
    """
    asked, share = _asked(row), row.span.estimate
    if abs(share - asked) <= tolerance:
        return 1.0
    p = p_at(row, asked + (tolerance if share > asked else -tolerance))
    return LEVEL if p is None else p


def _asked(row: Figure) -> float:
    """Return the share that the threshold was solved for."""
    assert row.expected is not None
    return row.expected


def _distance(row: Figure) -> float:
    """How far the nearest end of the interval is from the share asked for."""
    (low, high), asked = row.span.ends(), _asked(row)
    return 0.0 if low <= asked <= high else min(abs(low - asked), abs(high - asked))


def _reason(moves: Sequence[Move], tolerance: float) -> str:
    allowed = f"{percent(tolerance)} points of the draft share that it was solved for"
    off = [move.row for move in moves if move.away(tolerance).sure]
    total = f"{len(moves)} thresholds"
    if not off:
        return f"None of {total} is shown to leave {allowed} under another divergence."
    worst = max(off, key=lambda row: abs(row.span.estimate - _asked(row)))
    return (
        f"{len(off)} of {total} leave {allowed} under another divergence; furthest:"
        f" the threshold {worst.at:.3g} of `{worst.arm}` gives"
        f" {percent(worst.span.estimate)} % under `{worst.against}` instead of"
        f" {percent(_asked(worst))} %."
    )
