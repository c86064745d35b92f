"""Did training move anything? Where nothing moved, before and after agree by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.report.numbers import p_value, points_span
from llmx.report.trained import Trained, TrainedArm
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
    known = e.training or Trained()
    if finding["test"] != "poor_predictor" or known.predicts_reliability is None:
        return None
    arms = [arm for arm in known.arms if arm.arm in known.predicts_arms and arm.gain is not None]
    found = [(arm, p) for arm in arms if (p := arm.gain_p) is not None]
    adjusted = holm([p for _, p in found])
    if any(p < LEVEL and _beyond(arm) for (arm, _), p in zip(found, adjusted, strict=True)):
        return None
    pairs = sorted(zip(adjusted, (arm for arm, _ in found), strict=True), key=lambda pair: pair[0])
    nearest = f"; nearest: {_said(pairs[0][1], pairs[0][0])}" if pairs else ""
    return Why(
        "The correlation is that of an accuracy with itself: training is not shown to move any of"
        f" {len(known.predicts_arms)} arms{nearest}.",
        tuple(_number(arm, p) for p, arm in pairs),
    )


def _beyond(arm: TrainedArm) -> bool:
    return arm.gain is not None and (arm.gain.above(0) or arm.gain.below(0))


def _said(arm: TrainedArm, p: float) -> str:
    return f"`{arm.arm}` by {points_span(arm.gain)} points, p {p_value(p)} (Holm)"


def _number(arm: TrainedArm, p: float) -> Number:
    assert arm.gain is not None
    return Number(what="after minus before", arm=arm.arm, span=arm.gain, unit="points", p=p)
