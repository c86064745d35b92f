"""Logistic regression with a constant for each problem: which features tell right draws at once.

The constants are never estimated: given how many of its draws are right, a problem says which of
them they are, with ``P(S right) = exp(Σ_S x β) / Σ_{|T| = |S|} exp(Σ_T x β)`` (conditional logit;
Breslow and Day 1980, section 7.2). The sum over sets, its mean and its covariance come from the
recursion over draws of Gail, Lubin and Rubinstein (1981, Biometrika 68, p. 703), exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from llmx.stats.bootstrap import Floats

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_STEPS = 100
_LEFT = 1e-10  # of the log-likelihood, by the Newton decrement
_VAGUE = 100.0  # standard error, in log odds a unit, of a weight that runs to infinity
_CHUNK = 64  # problems whose sums over sets are made at once


@dataclass(frozen=True, eq=False)
class Logit:
    """A fit.

    Attributes:
        weights: (K,) β: log odds of being right a unit of each feature; 0 where it is not known.
        known: (K,) whether a feature differs within any mixed problem.
        problems: (P,) the mixed problems.
        gradient: (P, K) what each adds to the gradient of the log-likelihood at `weights`.
        information: (P, K, K) and to minus its second derivative.
        converged: False where no β is best: the features tell right draws from wrong ones without
            a fault.
        ridge: times |β|² / 2 was taken off the log-likelihood.
    """

    weights: Floats
    known: Bools
    problems: Ints
    gradient: Floats
    information: Floats
    converged: bool
    ridge: float

    @property
    def columns(self) -> Floats:
        """(P, K + K²) gradient and information of each problem, for :meth:`one_step`."""
        return np.concatenate([self.gradient, self.information.reshape(-1, self._size**2)], axis=1)

    def one_step(self, sums: Floats) -> Floats:
        """Return β after one Newton step from here with other sums of :attr:`columns`.

        So it is fitted anew to a resample, to first order (the one-step estimator of Le Cam 1956).

        Args:
            sums: shape ``[..., K + K²]``.

        Returns:
            Shape ``[..., K]``.
        """
        size = self._size
        gradient = sums[..., :size] - self.ridge * self.weights
        information = sums[..., size:].reshape(*sums.shape[:-1], size, size)
        step = (_inverse(information, self.ridge) @ gradient[..., None])[..., 0]
        moved: Floats = self.weights + step
        return moved

    @property
    def _size(self) -> int:
        return len(self.weights)


class _Problems(NamedTuple):
    """Mixed problems that are filled up to M draws; at most half of a problem's are in its set.

    Of a problem with more right than wrong draws the wrong ones are the set, with the signs of its
    features exchanged: the likelihood is the same, and the recursion shorter.

    Attributes:
        which: (P,) the problems.
        features: (P, M, K), each problem's less their mean.
        there: (P, M) False where a problem has fewer draws.
        chosen: (P, M) the draws of the set.
    """

    which: Ints
    features: Floats
    there: Bools
    chosen: Bools


class _Terms(NamedTuple):
    """Log-likelihood (P,), its gradient (P, K) and minus its second derivative (P, K, K)."""

    value: Floats
    gradient: Floats
    information: Floats


def conditional_logit(
    problem: Ints, correct: Bools, features: Floats, *, ridge: float = 0.0
) -> Logit:
    """Fit by Newton's method; the likelihood is concave.

    Args:
        problem: (n,) index of each draw's problem.
        correct: (n,) whether it is right.
        features: (n, K), finite, best in standard deviations; only what differs within a problem
            counts.
        ridge: ≥ 0; above 0 there is always one best β.

    Raises:
        ValueError: for features that are not finite.
    """
    if not np.isfinite(features).all():
        raise ValueError("features of a logit must be finite numbers")
    chunks = _chunks(problem, correct, features)
    size = features.shape[1]
    weights: Floats = np.zeros(size)
    terms = _terms(chunks, weights)
    left = np.inf
    for _ in range(_STEPS):
        gradient = terms.gradient.sum(axis=0) - ridge * weights
        step = _inverse(terms.information.sum(axis=0), ridge) @ gradient
        left = float(gradient @ step) / 2
        if left < _LEFT:
            break
        weights, terms = _uphill(chunks, weights, step, terms, ridge)
    inverse = _inverse(terms.information.sum(axis=0), ridge)
    settled = left < _LEFT and bool((np.diag(inverse) < _VAGUE**2).all())
    return Logit(
        weights=weights,
        known=_differs(chunks, size),
        problems=np.concatenate([np.zeros(0, dtype=np.int64), *(one.which for one in chunks)]),
        gradient=terms.gradient,
        information=terms.information,
        converged=settled,
        ridge=ridge,
    )


def _inverse(information: Floats, ridge: float) -> Floats:
    """Return the inverse, ``[..., K, K]``; 0 in directions of which nothing is known."""
    size = information.shape[-1]
    found = np.linalg.pinv(information + ridge * np.eye(size), rcond=1e-9, hermitian=True)
    return np.asarray(found, dtype=np.float64)


def _uphill(
    chunks: Sequence[_Problems], weights: Floats, step: Floats, terms: _Terms, ridge: float
) -> tuple[Floats, _Terms]:
    """Go along a step, half as far as long as it leads down."""

    def height(at: Floats, found: _Terms) -> float:
        return float(found.value.sum() - ridge * (at @ at) / 2)

    for halved in range(30):
        moved = weights + step / 2**halved
        found = _terms(chunks, moved)
        if height(moved, found) >= height(weights, terms):
            return moved, found
    return weights, terms


def _chunks(problem: Ints, correct: Bools, features: Floats) -> list[_Problems]:
    """Return the mixed problems, those with sets of like sizes together."""
    order = np.argsort(problem, kind="stable")
    draws = np.split(order, np.flatnonzero(np.diff(problem[order])) + 1)
    draws = [one for one in draws if correct[one].any() and not correct[one].all()]
    draws.sort(key=lambda one: min(correct[one].sum(), (~correct[one]).sum()))
    return [
        _filled(draws[at : at + _CHUNK], problem, correct, features)
        for at in range(0, len(draws), _CHUNK)
    ]


def _filled(draws: Sequence[Ints], problem: Ints, correct: Bools, features: Floats) -> _Problems:
    most = max(len(one) for one in draws)
    index = np.array([problem[one[0]] for one in draws], dtype=np.int64)
    there, chosen = np.zeros((2, len(draws), most), dtype=np.bool_)
    filled = np.zeros((len(draws), most, features.shape[1]))
    for row, one in enumerate(draws):
        many = 2 * int(correct[one].sum()) > len(one)
        there[row, : len(one)] = True
        chosen[row, : len(one)] = correct[one] ^ many
        filled[row, : len(one)] = (-1 if many else 1) * (features[one] - features[one].mean(axis=0))
    return _Problems(index, filled, there, chosen)


def _differs(chunks: Sequence[_Problems], size: int) -> Bools:
    """Return which features differ within a problem by more than rounding, shape ``[K]``."""
    most = [np.abs(one.features).max(axis=(0, 1)) for one in chunks]
    found: Bools = np.max([np.zeros(size), *most], axis=0) > 1e-12
    return found


def _terms(chunks: Sequence[_Problems], weights: Floats) -> _Terms:
    """Return the terms of all problems, in the order of the chunks."""
    size = len(weights)
    none = _Terms(np.zeros(0), np.zeros((0, size)), np.zeros((0, size, size)))
    parts = [none, *(_of_chunk(one, weights) for one in chunks)]
    return _Terms(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _of_chunk(problems: _Problems, weights: Floats) -> _Terms:
    odds = problems.features @ weights
    chosen = problems.chosen.sum(axis=1)
    rows = np.arange(len(chosen))
    # Odds are taken from the mean of the largest ones, as many as are in the set: the sum over all
    # sets then lies between 1 and the number of sets, and cannot run over.
    highest = -np.sort(-np.where(problems.there, odds, -np.inf), axis=1)
    highest = np.where(np.arange(odds.shape[1]) < chosen[:, None], highest, 0.0)
    odds = odds - (highest.sum(axis=1) / chosen)[:, None]
    total, first, second = _over_sets(problems, np.where(problems.there, np.exp(odds), 0.0))
    total = total[rows, chosen]
    mean = first[rows, chosen] / total[:, None]
    square = second[rows, chosen] / total[:, None, None]
    told = np.where(problems.chosen[..., None], problems.features, 0.0).sum(axis=1)
    value = np.where(problems.chosen, odds, 0.0).sum(axis=1) - np.log(total)
    return _Terms(value, told - mean, square - mean[:, :, None] * mean[:, None, :])


def _over_sets(problems: _Problems, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Return sums over the sets of j draws, for j = 0 … the largest set, ``[P, j]`` and so on.

    Of the product of their weights alone, times the sum of their features, and times its square.
    """
    features = problems.features
    count, _, size = features.shape
    most = int(problems.chosen.sum(axis=1).max()) + 1
    total, first = np.zeros((count, most)), np.zeros((count, most, size))
    second = np.zeros((count, most, size, size))
    total[:, 0] = 1.0
    for draw in range(features.shape[1]):
        x, w = features[:, None, draw], weight[:, draw, None]
        cross = x[..., :, None] * first[:, :-1, None, :]
        outer = x[..., :, None] * x[..., None, :] * total[:, :-1, None, None]
        second[:, 1:] += w[..., None, None] * (
            second[:, :-1] + cross + np.swapaxes(cross, -1, -2) + outer
        )
        first[:, 1:] += w[..., None] * (first[:, :-1] + x * total[:, :-1, None])
        total[:, 1:] += w * total[:, :-1]
    return total, first, second
