"""A quantity against steps: smoothed for reading, its mean over seeds, and the band of seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from llmx.core.record import Frozen
from llmx.report.training.evidence import Curve, SeedRun

Points = Sequence[tuple[float, float]]
"""(step, value), by step."""


class Series(Frozen):
    """One arm's curve.

    Attributes:
        steps: those that every seed has.
        mean: over seeds, of curves that were smoothed first.
        low, high: least and greatest seed at that step, smoothed too.
        raw: mean over seeds, not smoothed.
    """

    arm: str
    seeds: int
    steps: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    raw: tuple[float, ...]


def series(arm: str, seeds: Sequence[Points], window: int) -> Series | None:
    """Return the curve of an arm; None where its seeds share no step.

    Args:
        seeds: points of every seed that has the quantity.
        window: width of the moving average, in points; 1 = as it is; see :func:`odd`.
    """
    found = [dict(points) for points in seeds if points]
    if not found:
        return None
    steps = sorted(set.intersection(*(set(one) for one in found)))
    if not steps:
        return None
    raw = np.array([[one[step] for step in steps] for one in found])
    smoothed = np.array([smooth(row, window) for row in raw])
    low, high = smoothed.min(0), smoothed.max(0)
    mean = np.clip(smoothed.mean(0), low, high)  # rounding must not lift it out of its band
    return Series(
        arm=arm,
        seeds=len(found),
        steps=tuple(float(step) for step in steps),
        mean=_numbers(mean),
        low=_numbers(low),
        high=_numbers(high),
        raw=_numbers(raw.mean(0)),
    )


def _numbers(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def smooth(values: Sequence[float] | np.ndarray, window: int) -> np.ndarray:
    """Return the centred moving average over :func:`odd` points; near the ends what is there.

    The mean over fewer points at the ends keeps every value between the least and the greatest.
    """
    given = np.asarray(values, dtype=np.float64)
    half = odd(window) // 2
    sums = np.concatenate([[0.0], np.cumsum(given)])
    at = np.arange(len(given))
    first, last = np.maximum(at - half, 0), np.minimum(at + half + 1, len(given))
    averaged: np.ndarray = (sums[last] - sums[first]) / (last - first)
    if not len(given):
        return averaged
    bounded: np.ndarray = np.clip(averaged, given.min(), given.max())  # rounding of the sums
    return bounded


def default_window(points: int) -> int:
    """Return a width for reading: an odd number near a tenth of the curve."""
    return odd(points // 10)


def odd(window: int) -> int:
    """Return the width that a centred average has: `window`, one more where it is even."""
    return max(1, window) | 1


Read = Callable[[SeedRun], Points]


Of = Literal["warm", "preference", "rl"]


def of_curve(name: str, of: Of = "rl") -> Read:
    """Return what reads a number of ``training.json``, of one of an arm's trainings."""

    def read(run: SeedRun) -> Points:
        points: Curve = getattr(run, of)
        return [(point["step"], point[name]) for point in points if name in point]

    return read


def of_rollouts(name: str) -> Read:
    """Return what reads a mean of the rollouts of a step."""

    def read(run: SeedRun) -> Points:
        found = ((one.step, getattr(one, name)) for one in run.drawn)
        return [(float(step), float(value)) for step, value in found if value is not None]

    return read


QUANTITIES: Mapping[str, tuple[str, Read]] = {
    "reward": ("mean reward", of_curve("reward")),
    "correct": ("right answers, share of rollouts", of_rollouts("correct")),
    "form": ("asked form kept, share of rollouts", of_rollouts("form")),
    "backtracks": ("backtracks a rollout", of_rollouts("returns")),
    "length": ("tokens a completion", of_curve("length")),
    "truncated": ("cut at the cap, share of rollouts", of_curve("truncated")),
    "entropy": ("entropy, nats a token", of_curve("entropy")),
    "kl": ("divergence from the reference model, nats a token", of_curve("kl")),
    "form_only": ("groups that only their form tells apart, share", of_rollouts("form_only")),
    "silent": ("groups whose rewards are all equal, share", of_rollouts("silent")),
    "warm_loss": ("loss of the warm-up, nats a token", of_curve("loss", "warm")),
    "preference_loss": (
        "loss of the preference training, nats a pair",
        of_curve("loss", "preference"),
    ),
    "preferred": (
        "pairs whose chosen answer is rated higher, share",
        of_curve("rewards/accuracies", "preference"),
    ),
}
"""Name → title of the axis, and how a run is read."""
