"""Do trainings of some arms keep their reward better than those of another?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from llmx.core.figure import Figures, Span
from llmx.core.names import family, seed_of
from llmx.report.figures import names
from llmx.report.numbers import signed_span
from llmx.report.verdict.decide import LEVEL, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.multiple import holm
from llmx.stats.student import coverage, two_sided_t

_UP = {"drop": 1.0, "jitter": -1.0}  # which way is steadier
_WHAT = {"drop": names.DROP, "jitter": names.JITTER}


@dataclass(frozen=True)
class Change:
    """An arm beside the control; p after Holm, None for one seed."""

    arm: str
    seeds: int
    span: Span
    p: float | None

    def support(self, up: float) -> Support:
        """Return what speaks for the arm being above the control (`up` > 0), or below it."""
        beyond = self.span.above(0) if up > 0 else self.span.below(0)
        p = 1.0 if self.p is None else self.p
        return Support(beyond and p <= LEVEL, p, self.seeds == 1)


def steadier(e: Evidence, *, arms: Sequence[str], control: str, measure: str = "drop") -> Verdict:
    """Compare how steady trainings are, paired by seed, with Student's interval over seeds.

    Shown: every arm is surely steadier than the control: the interval, and p of Student's t after
    Holm over the arms. Contradicted: one is surely less so. One seed shows nothing.

    Args:
        measure: ``drop`` (last value of the smoothed reward minus its best) or ``jitter`` (variance
            of the differences between neighbouring steps).
    """
    found = _changes({arm: _paired(e.figures, arm, control, measure) for arm in arms})
    if not found:
        return Verdict(word="not comparable", reason="The run holds no curves of both arms.")
    said = "; ".join(
        f"{_WHAT[measure]} of `{one.arm}` differs by {signed_span(one.span, 4)} from `{control}`"
        for one in found
    )
    there = (*(one.arm for one in found), control)
    fallen = ", ".join(f"`{name}` {_fallen(e.figures, name)}" for name in there)
    up = _UP[measure]
    shown, worse = every(o.support(up) for o in found), some(o.support(-up) for o in found)
    return decide(shown, worse).verdict(
        reason=f"{said[0].upper()}{said[1:]}. Seeds that collapsed: {fallen}.",
        numbers=tuple(_number(one, control, measure) for one in found),
    )


def _paired(known: Figures, arm: str, control: str, measure: str) -> list[float]:
    mine, base = (_by_seed(known, name, _WHAT[measure]) for name in (arm, control))
    return [mine[seed] - base[seed] for seed in mine if seed in base]


def _by_seed(known: Figures, arm: str, quantity: str) -> dict[str, float]:
    """Return seed -> the value of its training, of an arm without its seed."""
    found = (one for one in known.of(quantity) if family(one.arm) == arm)
    return {seed_of(one.arm): one.span.estimate for one in found}


def _changes(pairs: dict[str, list[float]]) -> list[Change]:
    there = {arm: gaps for arm, gaps in pairs.items() if gaps}
    # One seed could have any p: it counts as a comparison, and as one that finds nothing.
    adjusted = holm([_p_value(gaps) if len(gaps) > 1 else 1.0 for gaps in there.values()])
    return [
        Change(arm, len(gaps), _span(gaps), p if len(gaps) > 1 else None)
        for (arm, gaps), p in zip(there.items(), adjusted, strict=True)
    ]


def _p_value(gaps: Sequence[float]) -> float:
    """Return the two-sided p value of Student's t (1908) of two seeds or more."""
    mean, error = float(np.mean(gaps)), float(np.std(gaps, ddof=1)) / len(gaps) ** 0.5
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return max(0.0, 1 - coverage(abs(mean) / error, len(gaps) - 1))


def _span(gaps: Sequence[float]) -> Span:
    """Return the mean over seeds with Student's interval; none for one seed."""
    mean = float(np.mean(gaps))
    if len(gaps) < 2:
        return Span(estimate=mean)
    reach = two_sided_t(1 - LEVEL, len(gaps) - 1) * float(np.std(gaps, ddof=1)) / len(gaps) ** 0.5
    return Span(estimate=mean, low=mean - reach, high=mean + reach)


def _number(one: Change, control: str, measure: str) -> Number:
    return Number(
        what=_WHAT[measure],
        arm=one.arm,
        against=control,
        span=one.span,
        unit="reward",
        p=one.p,
        seeds=one.seeds,
        lone=one.seeds == 1,
    )


def _fallen(known: Figures, arm: str) -> str:
    found = _by_seed(known, arm, names.COLLAPSED).values()
    return f"{sum(value > 0 for value in found)} of {len(found)}"
