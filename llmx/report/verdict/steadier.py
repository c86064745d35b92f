"""Do trainings of some arms keep their reward better than those of another?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmx.report.numbers import signed_span
from llmx.report.results import Span
from llmx.report.trained import Trained, TrainedSeed
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict, Word
from llmx.report.verdict.more_accurate import INDICATIVE
from llmx.stats.student import two_sided_t

LEVEL = 0.95
_UP = {"drop": 1.0, "jitter": -1.0}  # which way is steadier
_WHAT = {"drop": "last minus best reward", "jitter": "variance of steps of reward"}


def steadier(e: Evidence, *, arms: Sequence[str], control: str, measure: str = "drop") -> Verdict:
    """Compare how steady trainings are, paired by seed, with Student's interval over seeds.

    Shown: every arm is surely steadier than the control. Contradicted: one is surely less so. One
    seed has no interval, and shows nothing.

    Args:
        measure: ``drop`` (last value of the smoothed reward minus its best) or ``jitter`` (variance
            of the differences between neighbouring steps).
    """
    known = e.training or Trained()
    pairs = {arm: _paired(known, arm, control, measure) for arm in arms}
    if not any(pairs.values()):
        return Verdict(word="not comparable", reason="The run holds no curves of both arms.")
    spans = {arm: _span(gaps) for arm, gaps in pairs.items() if gaps}
    numbers = tuple(
        Number(what=_WHAT[measure], arm=arm, against=control, span=span, unit="reward")
        for arm, span in spans.items()
    )
    seeds = min(len(gaps) for gaps in pairs.values() if gaps)
    said = "; ".join(
        f"{_WHAT[measure]} of `{arm}` differs by {signed_span(span, 4)} from `{control}`"
        for arm, span in spans.items()
    )
    fallen = ", ".join(f"`{name}` {_fallen(known, name)}" for name in (*spans, control))
    reason = f"{said[0].upper()}{said[1:]}. Seeds that collapsed: {fallen}."
    return Verdict(
        word=_word(list(spans.values()), _UP[measure]),
        reason=reason + (INDICATIVE if seeds == 1 else ""),
        numbers=numbers,
    )


def _paired(known: Trained, arm: str, control: str, measure: str) -> list[float]:
    mine, base = known.seeds(arm), known.seeds(control)
    pairs = [(_value(mine[s], measure), _value(base[s], measure)) for s in mine if s in base]
    return [one - other for one, other in pairs if one is not None and other is not None]


def _value(seed: TrainedSeed, measure: str) -> float | None:
    return seed.drop if measure == "drop" else seed.jitter


def _span(gaps: Sequence[float]) -> Span:
    """Return the mean over seeds with Student's interval; none for one seed."""
    mean = float(np.mean(gaps))
    if len(gaps) < 2:
        return Span(estimate=mean)
    reach = two_sided_t(LEVEL, len(gaps) - 1) * float(np.std(gaps, ddof=1)) / len(gaps) ** 0.5
    return Span(estimate=mean, low=mean - reach, high=mean + reach)


def _word(spans: Sequence[Span], up: float) -> Word:
    better = [span.above(0) if up > 0 else span.below(0) for span in spans]
    worse = [span.below(0) if up > 0 else span.above(0) for span in spans]
    if any(worse):
        return "contradicted here"
    return "shown here" if all(better) else "not shown here"


def _fallen(known: Trained, arm: str) -> str:
    found = known.seeds(arm).values()
    return f"{sum(one.collapsed for one in found)} of {len(found)}"
