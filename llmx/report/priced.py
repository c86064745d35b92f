"""Ways of spending compute, each at a size: how accurate, at what cost, and which is enough.

The content of a ``scaling.json``. A stage writes it, and ``llmx budget`` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from llmx.core.errors import ConfigError, nearest
from llmx.core.figure import Span
from llmx.core.record import Frozen
from llmx.report.numbers import NONE, number

FILE = "scaling.json"

_SAID = {
    "completion": "completion tokens",
    "prompt": "prompt tokens",
    "cached": "cached prompt tokens",
    "longest": "tokens of the longest chain",
    "flops": "FLOPs",
}
_LARGE = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"))


def cost_said(kind: str) -> str:
    """Return what a kind of cost is called in a sentence."""
    return _SAID.get(kind, kind)


def cost_amount(value: float | None) -> str:
    """Return a cost to two or three figures: ``5.57``, ``348``, ``2.7 G``."""
    size, name = next(((s, n) for s, n in _LARGE if (value or 0.0) >= s), (1.0, ""))
    if value is None:
        return NONE
    digits = 2 if value / size < 10 else 1 if name else 0
    return f"{number(value / size, digits)} {name}".rstrip()


class PricedPoint(Frozen):
    """A method at a size.

    Attributes:
        label: what the field calls the method; `sizes`: what its size counts.
        behind: accuracy less that of the arm's best vote, a share, paired by problem; None = they
            share no problem.
        costs: kind → mean of a problem.
        frontier: kind of cost → scope → share of resamples in which it is on the frontier.
        bound: whether nobody can run it: it picks the right answer wherever there is one.
    """

    arm: str
    method: str
    label: str
    size: int
    sizes: str
    problems: int
    seeds: int = 1
    accuracy: Span
    behind: Span | None = None
    costs: dict[str, float]
    unparsed: float = Field(description="share of answers that none could be read from")
    cut: float = Field(description="share of draws that ended at the cap")
    error: float = Field(default=0.0, description="standard error that Monte Carlo adds")
    frontier: dict[str, dict[str, float]] = Field(default={})
    bound: bool = False


class PricedGap(Frozen):
    """Two points beside each other: the first's accuracy less the second's.

    Attributes:
        beside: the second, in words.
        p: two-sided; `p_family` after Holm over what is compared with it.
    """

    what: str
    arm: str
    against: str | None = None
    beside: str = ""
    sizes: str = ""
    at: float | None = None
    span: Span
    p: float | None = None
    p_family: float | None = None
    problems: int = 0


class CatchingUp(Frozen):
    """How many votes of one arm reach one answer of another.

    Attributes:
        votes: the smallest number; None = none up to `most`. `low`, `high`: its interval, None =
            above `most`.
        ratio: cost there (or at `most`) over that of the answer, of this `kind`.
    """

    arm: str
    against: str
    votes: int | None = None
    low: int | None = None
    high: int | None = None
    most: int
    kind: str
    ratio: Span


class PricedPoints(Frozen):
    """The content of a ``scaling.json``.

    Attributes:
        cost: the kind by which pictures and frontiers are drawn.
        frontier_problems: scope of a frontier → problems that all of its points have.
        classes: arm → ``reasoning`` or ``direct``, of those that say it.
    """

    schema_version: Literal[1] = 1
    cost: str
    classes: dict[str, str] = Field(default={})
    draws: dict[str, int] = Field(default={})
    frontier_problems: dict[str, int] = Field(default={})
    points: tuple[PricedPoint, ...] = ()
    gaps: tuple[PricedGap, ...] = ()
    floors: tuple[CatchingUp, ...] = ()


def kinds_of(points: Iterable[PricedPoint]) -> tuple[str, ...]:
    """Return the kinds of cost that any point has, in the order in which they are met."""
    return tuple(dict.fromkeys(kind for one in points for kind in one.costs))


def cheapest_within(found: PricedPoints, gain: float, kind: str) -> list[PricedPoint]:
    """Return of each arm the cheapest point whose accuracy is at most `gain` below its best.

    Accuracies are compared on common problems. Of two that cost the same it is the more accurate.
    A bound is no method, and what nobody has counted the cost of has no price.

    Args:
        gain: a share: 0.02 is two points.
        kind: of cost.

    Raises:
        ConfigError: if no point has that cost.
    """
    known = kinds_of(found.points)
    if kind not in known:
        text = f"no method of this run has a cost '{kind}'"
        raise ConfigError(text, nearest(kind, known, "costs") or "nobody counted any")
    arms = dict.fromkeys(one.arm for one in found.points)
    chosen = (
        _cheapest([one for one in found.points if one.arm == arm], gain, kind) for arm in arms
    )
    return [one for one in chosen if one is not None]


def _cheapest(points: Sequence[PricedPoint], gain: float, kind: str) -> PricedPoint | None:
    runnable = [one for one in points if not one.bound and one.behind is not None]
    best = max((_behind(one) for one in runnable), default=0.0)
    near = [one for one in runnable if kind in one.costs and _behind(one) >= best - gain - 1e-12]
    return min(near, key=lambda one: (one.costs[kind], -_behind(one)), default=None)


def most_accurate(points: Iterable[PricedPoint], arm: str) -> PricedPoint | None:
    """Return the most accurate point of an arm that somebody could run."""
    mine = (one for one in points if one.arm == arm and not one.bound and one.behind is not None)
    return max(mine, key=_behind, default=None)


def _behind(one: PricedPoint) -> float:
    return 0.0 if one.behind is None else one.behind.estimate
