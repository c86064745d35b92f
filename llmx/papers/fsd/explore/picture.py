"""What a draft share costs, one curve a divergence."""

from __future__ import annotations

from collections.abc import Iterable

from llmx.papers.fsd.explore.model import Curve, Explored
from llmx.report.curves import Line, curves


def picture(found: Explored) -> str:
    """Return an SVG: accepted tokens that the lossless test refuses, against the draft share."""
    lines = [_line(one) for one in found.curves]
    return curves(
        [one for one in lines if one.x],
        "Draft share (%)",
        "Accepted tokens that the lossless test refuses (%)",
        f"What a draft share costs, along the texts of {found.base}",
    )


def _line(one: Curve) -> Line:
    points = _rising(zip(one.shares, one.refused, strict=True))
    return Line(one.measure, [100 * x for x, _ in points], [100 * y for _, y in points])


def _rising(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep the points that have a share of their own; strict ends accept nothing to speak of."""
    kept: list[tuple[float, float]] = []
    for share, refused in points:
        if share > 0.5 and (not kept or share > kept[-1][0]):
            kept.append((share, refused))
    return kept
