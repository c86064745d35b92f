"""A linear contrast of items: a difference of two groups, or a slope, with honest errors.

It is ``Σ w_i y_i`` of ordinary least squares, ``w`` from the design. A mean is the simplest: for it
the errors here are those of :func:`llmx.stats.crossed.two_level`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats
from llmx.stats.interval import Interval
from llmx.stats.mean_squares import satterthwaite
from llmx.stats.student import StudentError


@dataclass(frozen=True)
class LinearContrast:
    """An estimate; `errors` are the standard errors that were taken: the widest counts."""

    estimate: float
    errors: tuple[StudentError, ...]

    def at(self, level: float) -> Interval:
        """Return the interval at a level.

        Raises:
            ValueError: if the level is not in (0, 1).
        """
        reach = max(error.reach(level) for error in self.errors)
        return Interval(self.estimate - reach, self.estimate, self.estimate + reach, level)

    def p_value(self, null: float = 0.0) -> float:
        """Return the two-sided p value of "it is `null`"; it inverts the interval."""
        return max(error.p_value(self.estimate - null) for error in self.errors)


def group_difference(
    first: ArrayLike, second: ArrayLike, clusters: Sequence[str] | None = None
) -> LinearContrast:
    """Return the mean of one group of items minus that of another group.

    Over items its error is Welch's (1947, Biometrika 34, p. 28).

    Args:
        first, second: shape ``[items]`` or ``[items, seeds]``, of the same seeds.
        clusters: one label an item, of the first group's and then the second's.

    Raises:
        ValueError: as :func:`linear_contrast`.
    """
    one, other = (np.asarray(table, dtype=np.float64) for table in (first, second))
    if one.shape[1:] != other.shape[1:]:
        raise ValueError(f"groups differ in their seeds: {one.shape}, {other.shape}")
    design = np.zeros((len(one) + len(other), 2))
    design[: len(one), 0] = design[len(one) :, 1] = 1
    return linear_contrast(np.concatenate([one, other]), design, (1.0, -1.0), clusters)


def slope(
    values: ArrayLike, covariate: ArrayLike, clusters: Sequence[str] | None = None
) -> LinearContrast:
    """Return by how much items' values grow for each unit of a covariate, by least squares.

    Args:
        values: shape ``[items]`` or ``[items, seeds]``.
        covariate: shape ``[items]``.
        clusters: one label an item.

    Raises:
        ValueError: as :func:`linear_contrast`; the covariate takes one value alone, for instance.
    """
    x = np.asarray(covariate, dtype=np.float64)
    design = np.stack([np.ones_like(x), x - x.mean()], axis=1)
    return linear_contrast(values, design, (0.0, 1.0), clusters)


def linear_contrast(
    values: ArrayLike,
    design: ArrayLike,
    wanted: Sequence[float],
    clusters: Sequence[str] | None = None,
) -> LinearContrast:
    """Return a contrast of the coefficients of least squares over items.

    Over items the error is HC2's, which allows for unlike variances (MacKinnon and White 1985, J.
    Econometrics 29, p. 305), with the degrees of freedom that it has where they are alike. With
    several seeds two more count, as in :func:`llmx.stats.crossed.two_level`: Student's over the
    seeds' own contrasts, and that of both. Whole clusters: the error of Liang and Zeger (1986).

    Args:
        values: shape ``[items]`` or ``[items, seeds]``; of several seeds that are no models of
            their own, give the items' means.
        design: shape ``[items, k]``, of full rank.
        wanted: the `k` factors of the coefficients.
        clusters: one label an item; empty ones are each a cluster of its own.

    Raises:
        ValueError: if shapes do not fit, numbers are not finite, the design has no full rank, or
            an item alone decides a coefficient, so that nothing tells how it varies.
    """
    table, x = np.asarray(values, dtype=np.float64), np.asarray(design, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    weights, hat = _weights(table, x, wanted)
    keep = 1 - np.einsum("ij,ji->i", x, hat)
    used = np.abs(weights) > 1e-12 * np.abs(weights).max()
    if (keep[used] < 1e-9).any():
        raise ValueError("an item alone decides a coefficient")
    keep = np.where(keep < 1e-9, 1.0, keep)
    means = table.mean(1)
    rest = means - x @ (hat @ means)
    errors = _errors(table, x, hat, weights, keep, rest)
    grouped = () if clusters is None else _of_clusters(weights * rest, clusters, x.shape[1])
    estimate, dust = float(weights @ means), 1e-12 * float(np.abs(weights) @ np.abs(means))
    return LinearContrast(estimate if abs(estimate) > dust else 0.0, (*errors, *grouped))


def _weights(table: Floats, x: Floats, wanted: Sequence[float]) -> tuple[Floats, Floats]:
    """Return what each item counts for, shape ``[items]``, and least squares, ``[k, items]``."""
    if x.ndim != 2 or len(x) != len(table) or x.shape[1] != len(wanted):
        raise ValueError(f"a design of shape {x.shape} does not fit {table.shape} values")
    if not (np.isfinite(table).all() and np.isfinite(x).all()):
        raise ValueError("the table or the design holds numbers that are not finite")
    if len(x) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError("the design has no full rank, or leaves nothing to tell errors by")
    hat = np.asarray(np.linalg.pinv(x), dtype=np.float64)
    return np.asarray(wanted, dtype=np.float64) @ hat, hat


def _errors(
    table: Floats, x: Floats, hat: Floats, weights: Floats, keep: Floats, rest: Floats
) -> tuple[StudentError, ...]:
    seeds, share = table.shape[1], weights**2 / keep
    # What rounding leaves of equal values is no noise.
    dust = 1e-24 * float((share * (table**2).mean(1)).sum())
    of_items = _clean(float((share * rest**2).sum()), dust)
    freedom = max(1, round(float(share.sum() ** 2 / (share**2).sum())) - x.shape[1])
    first = StudentError(sqrt(of_items), freedom)
    if seeds == 1:
        return (first,)
    of_seeds = _clean(float((weights @ table).var(ddof=1)) / seeds, dust)
    apart = table - table.mean(1)[:, None]
    left = apart - x @ (hat @ apart)
    noise = _clean(float((share * (left**2).sum(1)).sum()) / (seeds * (seeds - 1)), dust)
    total = max(0.0, of_items + of_seeds - noise)
    terms = [(of_items, freedom), (of_seeds, seeds - 1), (noise, freedom * (seeds - 1))]
    both = StudentError(sqrt(total), satterthwaite(total, terms))
    return first, StudentError(sqrt(of_seeds), seeds - 1), both


def _clean(square: float, dust: float) -> float:
    return square if square > dust else 0.0


def _of_clusters(scores: Floats, clusters: Sequence[str], k: int) -> tuple[StudentError, ...]:
    """Return the error where whole clusters are drawn; nothing where there are too few to tell."""
    if len(clusters) != len(scores):
        raise ValueError(f"{len(clusters)} cluster labels for {len(scores)} items")
    labels = [label or f"\0{at}" for at, label in enumerate(clusters)]
    index = {label: at for at, label in enumerate(dict.fromkeys(labels))}
    many = len(index)
    if many <= k or many == len(labels):
        return ()
    sums = np.zeros(many)
    np.add.at(sums, [index[label] for label in labels], scores)
    square = float((sums**2).sum()) * many / (many - k)
    return (StudentError(sqrt(square), many - k),)
