"""What a run of this size could have shown: said wherever nothing was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmx.core.record import ACCURACY
from llmx.report.metric_words import amount
from llmx.report.numbers import percent
from llmx.report.verdict.gap import detectable
from llmx.report.verdict.model import Number, Verdict
from llmx.report.verdict.must_fail import MARGIN
from llmx.stats.interval import normal_quantile, two_sided_z

POWER = 0.8
DIFFERENCE = ("beats_control", "more_accurate", "optimum")
EQUIVALENCE = ("equivalent", "lossless", "non_inferior_and_faster")


def with_power(verdict: Verdict, finding: Mapping[str, Any]) -> Verdict:
    """Return a verdict that shows nothing with what would have been found; others as they are."""
    if verdict.word != "not shown here":
        return verdict
    metric = finding.get("metric", ACCURACY)
    spans = [one for one in verdict.numbers if one.what.startswith(f"{metric} difference")]
    said = ""
    if spans and finding["test"] in DIFFERENCE:
        said = _difference(spans)
    elif spans and finding["test"] in EQUIVALENCE:
        said = _equivalence(spans, float(finding.get("margin", MARGIN)))
    return verdict.model_copy(update={"reason": verdict.reason + said}) if said else verdict


def _difference(numbers: Sequence[Number]) -> str:
    """Say which difference is found in four runs of five, by the widest of the intervals."""
    least = max(detectable(number.span) for number in numbers)
    what = amount(least, numbers[0].unit)
    return f" A difference of {what} is found in {percent(POWER, 0)} % of runs."


def _equivalence(numbers: Sequence[Number], margin: float) -> str:
    """Say so where equal arms would be shown equivalent in fewer than four runs of five.

    Of equal arms the 90 % interval lies inside the margin with 80 % power where half of its width
    is at most margin · z(95 %) / (z(95 %) + z(90 %)), by the normal law (Chow, Shao and Wang 2008,
    chapter 3). The narrowest of the intervals counts: one arm is enough.
    """
    z = two_sided_z(0.9)
    asked = margin * z / (z + normal_quantile((1 + POWER) / 2))
    half = min((_half(number) for number in numbers), default=0.0)
    if half <= asked:
        return ""
    unit = numbers[0].unit
    have = percent(half) if unit == "points" else amount(half, unit)
    return (
        f" At this size fewer than {percent(POWER, 0)} % of runs show equal arms to be so: that"
        f" takes an interval of ± {amount(asked, unit)}, and this one has ± {have}."
    )


def _half(number: Number) -> float:
    low, high = number.span.low, number.span.high
    return 0.0 if low is None or high is None else (high - low) / 2
