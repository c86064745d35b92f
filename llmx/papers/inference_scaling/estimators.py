"""Methods on a pool of draws, without a call: accuracy over all subsets, and expected costs.

Every function returns a point for each size, in the order of the sizes. A draw that no answer could
be read from never votes; where one is taken by itself, or none has a vote, the answer is wrong, and
counts as unparsed. The share of draws that ended at the cap is that of the whole pool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Literal

import numpy as np

from llmx.core.errors import DataError
from llmx.core.philox import keys
from llmx.papers.inference_scaling import costs
from llmx.papers.inference_scaling.costs import UNKNOWN, ModelCost
from llmx.papers.inference_scaling.points import Floats, MethodPoint, ProblemDraws
from llmx.stats import order_statistics, subsets
from llmx.stats.weighted_vote import weighted_shares

Cost = Callable[[ProblemDraws, int], Mapping[str, float]]


def sizes_of(drawn: Sequence[ProblemDraws], most: int | None = None) -> tuple[int, ...]:
    """Return 1, 2, 4 … up to the draws that every problem has, or up to `most`.

    Raises:
        DataError: if there is no problem, or one without a draw.
    """
    _check(drawn, (1,))
    least = min(one.draws for one in drawn)
    return tuple(2**step for step in range(min(least, most or least).bit_length()))


def single(
    drawn: Sequence[ProblemDraws], *, arm: str = "", model: ModelCost = UNKNOWN
) -> MethodPoint:
    """Return one answer: the mean over the draws.

    Raises:
        DataError: as :func:`majority`.
    """
    _check(drawn, (1,))
    accuracy = np.array([[one.correct.mean()] for one in drawn])
    unread = np.array([[(one.classes < 0).mean()] for one in drawn])
    return _points("single", (1,), drawn, accuracy, unread, _at_once(model), arm)[0]


def majority(
    drawn: Sequence[ProblemDraws],
    sizes: Sequence[int],
    *,
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> list[MethodPoint]:
    """Return maj@N: the answer that most of N draws give, a tie at its expected value.

    Raises:
        DataError: if there is no problem, a problem has fewer draws than a size, a size is below 1,
            or a problem has two right classes.
    """
    _check(drawn, sizes)
    pools = [subsets.Counted(one.counts, right_of(one), one.draws) for one in drawn]
    accuracy = subsets.majorities(pools, sizes)
    return _points("majority", sizes, drawn, accuracy, _unread(drawn, sizes), _at_once(model), arm)


def oracle(
    drawn: Sequence[ProblemDraws],
    sizes: Sequence[int],
    *,
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> list[MethodPoint]:
    """Return pass@N: whether any of N draws is right, which only a judge who knows could tell.

    Raises:
        DataError: as :func:`majority`.
    """
    _check(drawn, sizes)
    right = [int(one.correct.sum()) for one in drawn]
    found = [subsets.pass_at(c, one.draws, sizes) for c, one in zip(right, drawn, strict=True)]
    unread = _unread(drawn, sizes)
    return _points("oracle", sizes, drawn, np.array(found), unread, _at_once(model), arm)


def shortest_first(
    drawn: Sequence[ProblemDraws],
    sizes: Sequence[int],
    *,
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> list[MethodPoint]:
    """Return the shortest of N draws, ties at their expected value; all of them are paid for.

    Raises:
        DataError: as :func:`majority`.
    """
    scores = [-one.tokens.astype(np.float64) for one in drawn]
    found = best_of(drawn, scores, sizes, ties="expected", arm=arm, model=model)
    return [replace(one, method="shortest_first") for one in found]


def best_of(
    drawn: Sequence[ProblemDraws],
    scores: Sequence[Floats],
    sizes: Sequence[int],
    *,
    ties: Literal["vote", "expected"] = "vote",
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> list[MethodPoint]:
    """Return the draw of N with the highest stored score; costs are those of the draws alone.

    Args:
        drawn: the problems.
        scores: (M,) of each problem's draws; NaN = the judge gave no number, below all that did (so
            one can have draws without an answer be taken last).
        sizes: numbers of draws N.
        ties: the draws that tie vote, or any of them is taken with equal chance.
        arm, model: of the points.

    Raises:
        DataError: as :func:`majority`, and for scores that are not one a draw.
    """
    found = _ranked(drawn, scores, sizes)
    accuracy = np.array([one.voted if ties == "vote" else one.expected for one in found])
    unread = np.array([one.unread for one in found])
    return _points("best_of", sizes, drawn, accuracy, unread, _at_once(model), arm)


def tie_rates(
    drawn: Sequence[ProblemDraws], scores: Sequence[Floats], sizes: Sequence[int]
) -> Floats:
    """Return how often two of N draws or more have the best score, ``[sizes]``.

    Raises:
        DataError: as :func:`best_of`.
    """
    rates: Floats = np.mean([one.tied for one in _ranked(drawn, scores, sizes)], axis=0)
    return rates


def filter_vote(
    drawn: Sequence[ProblemDraws],
    sizes: Sequence[int],
    *,
    keep: float = 0.5,
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> list[MethodPoint]:
    """Return the vote of the m = ⌈keep · N⌉ shortest of N draws; all N are paid for.

    Raises:
        DataError: as :func:`majority`, and for a `keep` outside of (0, 1].
    """
    accuracy, unread = _of_the_shortest(drawn, sizes, keep)
    return _points("filter_vote", sizes, drawn, accuracy, unread, _at_once(model), arm)


def early_stop(
    drawn: Sequence[ProblemDraws],
    sizes: Sequence[int],
    *,
    keep: float = 0.5,
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> list[MethodPoint]:
    """Return the vote of the first m = ⌈keep · N⌉ of N draws that end, the others stopped then.

    The answers are those of :func:`filter_vote`; the tokens that the others would have added are
    saved.

    Raises:
        DataError: as :func:`filter_vote`.
    """
    accuracy, unread = _of_the_shortest(drawn, sizes, keep)

    def cost(one: ProblemDraws, size: int) -> Mapping[str, float]:
        return costs.until_first(one, size, kept_of(size, keep), model)

    return _points("early_stop", sizes, drawn, accuracy, unread, cost, arm)


def weighted_vote(
    drawn: Sequence[ProblemDraws],
    weights: Sequence[Floats],
    sizes: Sequence[int],
    seed: int,
    *,
    method: str = "weighted",
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> list[MethodPoint]:
    """Return the vote of N draws that weigh differently, over 200 subsets of each problem.

    The subsets of a problem are drawn by its name and `seed`: the same for every set of weights, so
    that two of them differ by their weights alone. Where there are no more, all are taken.

    Args:
        drawn: the problems.
        weights: (M,) of each problem's draws, not negative.
        sizes: numbers of draws N.
        seed: of the subsets.
        method, arm, model: of the points, whose `error` is that of the drawn subsets.

    Raises:
        DataError: as :func:`majority`, and for weights that are not one a draw, negative or not
            finite.
    """
    _check(drawn, sizes)
    _one_a_draw(drawn, weights, "weights")
    for one, given in zip(drawn, weights, strict=True):
        if not (np.isfinite(given) & (given >= 0)).all():
            raise DataError(f"the weights of {one.id} are negative or not finite", "scale them")
    found = [
        weighted_shares(one.classes, right_of(one), given, sizes, generator(seed, one))
        for one, given in zip(drawn, weights, strict=True)
    ]
    accuracy, variances = np.array(found).transpose(1, 0, 2)
    points = _points(method, sizes, drawn, accuracy, _unread(drawn, sizes), _at_once(model), arm)
    errors = np.sqrt(variances.sum(0)) / len(drawn)
    return [replace(one, error=float(error)) for one, error in zip(points, errors, strict=True)]


def generator(seed: int, one: ProblemDraws) -> np.random.Generator:
    """Return random numbers of a problem's own, whatever other problems there are."""
    return np.random.default_rng(int(keys(seed, [one.id])[0]))


def right_of(one: ProblemDraws) -> int | None:
    """Return the class that is right; None where none is.

    Raises:
        DataError: if there are two, which equal answers cannot be.
    """
    found = np.flatnonzero(one.right)
    if len(found) > 1:
        hint = "answers that equal the reference are one class"
        raise DataError(f"{one.id} has {len(found)} right classes", hint)
    return int(found[0]) if len(found) else None


def _points(
    method: str,
    sizes: Sequence[int],
    drawn: Sequence[ProblemDraws],
    accuracy: Floats,
    unread: Floats,
    cost: Cost,
    arm: str,
) -> list[MethodPoint]:
    """Return a point a size; `accuracy` and `unread` are ``[problems, sizes]``."""
    cut = float(np.mean([one.cut.mean() for one in drawn]))
    return [
        MethodPoint(
            arm=arm,
            method=method,
            size=size,
            accuracy=accuracy[:, at],
            costs=costs.gathered([cost(one, size) for one in drawn]),
            unparsed=float(unread[:, at].mean()),
            cut=cut,
        )
        for at, size in enumerate(sizes)
    ]


def _at_once(model: ModelCost) -> Cost:
    return lambda one, size: costs.at_once(one, size, model)


def _unread(drawn: Sequence[ProblemDraws], sizes: Sequence[int]) -> Floats:
    """Return how often nothing is read of N draws, ``[problems, sizes]``."""
    read = [int((one.classes >= 0).sum()) for one in drawn]
    pairs = zip(read, drawn, strict=True)
    return np.array([subsets.none_of(count, one.draws, sizes) for count, one in pairs])


def _ranked(
    drawn: Sequence[ProblemDraws], scores: Sequence[Floats], sizes: Sequence[int]
) -> list[order_statistics.BestOf]:
    _check(drawn, sizes)
    _one_a_draw(drawn, scores, "scores")
    return [
        order_statistics.best_of(given, one.classes, right_of(one), sizes, len(one.right))
        for one, given in zip(drawn, scores, strict=True)
    ]


def _of_the_shortest(
    drawn: Sequence[ProblemDraws], sizes: Sequence[int], keep: float
) -> tuple[Floats, Floats]:
    """Return accuracy and unread share of the vote of the shortest, ``[problems, sizes]`` each."""
    _check(drawn, sizes)
    if not 0 < keep <= 1:
        raise DataError(f"a share of {keep:g} of the draws cannot be kept", "keep=0.5")
    pairs = [(size, kept_of(size, keep)) for size in sizes]
    found = [
        order_statistics.lowest_vote(one.tokens, one.classes, right_of(one), pairs, len(one.right))
        for one in drawn
    ]
    accuracy, unread = np.array(found).transpose(1, 0, 2)
    return accuracy, unread


def kept_of(size: int, keep: float) -> int:
    """Return m = ⌈keep · N⌉; what rounding adds to a whole number is none."""
    return max(1, ceil(keep * size - 1e-9))


def _check(drawn: Sequence[ProblemDraws], sizes: Sequence[int]) -> None:
    """Refuse what no subset has."""
    if not drawn:
        raise DataError("a pool without problems has no accuracy", "scale.problems=…")
    if not sizes or min(sizes) < 1:
        raise DataError(f"sizes must be 1 or more, not {list(sizes)}", "sizes=[1,2,4]")
    fewest = min(drawn, key=lambda one: one.draws)
    if max(sizes) > fewest.draws:
        text = f"{max(sizes)} draws cannot be taken: {fewest.id} has {fewest.draws}"
        raise DataError(text, f"pool.draws={max(sizes)}")


def _one_a_draw(drawn: Sequence[ProblemDraws], given: Sequence[Floats], what: str) -> None:
    if len(drawn) != len(given):
        raise DataError(f"{what} of {len(given)} problems, where {len(drawn)} were drawn", "")
    for one, values in zip(drawn, given, strict=True):
        if np.shape(values) != (one.draws,):
            text = f"{what} of shape {np.shape(values)} for the {one.draws} draws of {one.id}"
            raise DataError(text, "score every draw again")
