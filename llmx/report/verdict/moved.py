"""Did training move anything? Where nothing moved, before and after agree by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.core.figure import Figure
from llmx.report.figures import names
from llmx.report.numbers import p_value, points_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number
from llmx.report.verdict.unfit import Why
from llmx.stats.multiple import holm

LEVEL = 0.05


def nothing_moved(finding: Mapping[str, Any], e: Evidence) -> Why | None:
    """Return why a correlation of before and after says nothing; None for any other test.

    Over the arms of the correlation (those broken on purpose are not among them) at least one has
    to have moved: an interval of after minus before without 0, and p after Holm over the arms. Both
    count seeds where there are several.
    """
    known = e.figures.find(names.RELIABLE_BEFORE, names.ALL)
    if finding["test"] != "poor_predictor" or known is None:
        return None
    gains = e.figures.of(names.GAIN, known.over)
    found = [(arm, arm.p) for arm in gains if arm.p is not None]
    adjusted = holm([p for _, p in found])
    if any(p < LEVEL and _beyond(arm) for (arm, _), p in zip(found, adjusted, strict=True)):
        return None
    pairs = sorted(zip(adjusted, (arm for arm, _ in found), strict=True), key=lambda pair: pair[0])
    nearest = f"; nearest: {_said(pairs[0][1], pairs[0][0])}" if pairs else ""
    return Why(
        "The correlation is that of an accuracy with itself: training is not shown to move any of"
        f" {len(known.over)} arms{nearest}.",
        tuple(_number(arm, p) for p, arm in pairs),
    )


def _beyond(arm: Figure) -> bool:
    return arm.span.above(0) or arm.span.below(0)


def _said(arm: Figure, p: float) -> str:
    return f"`{arm.arm}` by {points_span(arm.span)} points, p {p_value(p)} (Holm)"


def _number(arm: Figure, p: float) -> Number:
    return Number(what=names.GAIN, arm=arm.arm, span=arm.span, unit="points", p=p)
