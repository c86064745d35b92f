"""When a vote has seen enough: rules on the votes so far, and what they save on a stored pool.

A rule is asked after every draw and knows nothing else than votes and what is left, so that the
same object stops a live run and a replay of a pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import Protocol

import numpy as np

from llmx.core.errors import ConfigError
from llmx.papers.inference_scaling import costs
from llmx.papers.inference_scaling.costs import UNKNOWN, ModelCost
from llmx.papers.inference_scaling.estimators import generator, right_of
from llmx.papers.inference_scaling.points import Bools, Floats, Ints, MethodPoint, ProblemDraws

ORDERS = 200


class StopRule(Protocol):
    """Says when no more draws are worth it."""

    @property
    def name(self) -> str:
        """``stop_exact``, ``stop_posterior``: the method of its points."""

    def decide(self, counts: Sequence[int], left: int) -> bool:
        """Whether to stop: `counts` are the votes of the classes, in any order.

        A rule reads the two largest alone, and `left`, the draws that the budget still has.
        """


@dataclass(frozen=True)
class StopExact:
    """Stop when the lead cannot be overturned, nor caught up with, by the draws that are left."""

    name: str = "stop_exact"

    def decide(self, counts: Sequence[int], left: int) -> bool:
        """Whether the leader has more votes than the runner-up can still get."""
        first, second = _leaders(counts)
        return left <= 0 or first - second > left


@dataclass(frozen=True)
class StopPosterior:
    """Stop when the leader is probably more frequent than the runner-up.

    Of the two classes' draws a share q is the leader's. Before any draw every q is as likely as
    another, a Beta(1, 1) prior (a uniform Dirichlet prior over the two). After a and b draws q has
    a Beta(a + 1, b + 1) law, and the rule stops where q > 1/2 is likelier than the threshold
    (Aggarwal et al. 2023, arXiv 2305.11860, section 3). That the leader was picked for leading is
    not counted.

    Raises:
        ConfigError: for a threshold that is not in [0.5, 1).
    """

    threshold: float = 0.95
    name: str = "stop_posterior"

    def __post_init__(self) -> None:
        if not 0.5 <= self.threshold < 1:
            text = f"a rule that stops at probability {self.threshold:g} stops at once or never"
            raise ConfigError(text, "threshold=0.95 (0.5 or more, below 1)")

    def decide(self, counts: Sequence[int], left: int) -> bool:
        """Whether the leader leads for good, as far as the votes can say."""
        first, second = _leaders(counts)
        return left <= 0 or probability_ahead(first, second) > self.threshold


@lru_cache(maxsize=65536)
def probability_ahead(first: int, second: int) -> float:
    """Return P(q > 1/2) for q ~ Beta(first + 1, second + 1), exactly.

    It is the chance of at most `first` heads in first + second + 1 tosses (DLMF 8.17.5).
    """
    tosses = first + second + 1
    ways = sum(comb(tosses, heads) for heads in range(first + 1))
    return float(ways / 2**tosses)


@dataclass(frozen=True, eq=False)
class Replay:
    """What a rule does on a pool, each problem's draws in seeded orders; arrays are (P,).

    Attributes:
        budget: the most draws that it may take.
        used: mean draws that it took.
        tokens: their mean tokens, all together.
        equal: share of orders in which the winner is that of the whole budget.
        accuracy: share of orders in which the winner is right.
        whole: the same of the whole budget's winner, in the same orders.
        unread: share of orders in which nothing was read.
        flops: mean operations of the tokens; see :func:`costs.flops`.
        variance: of `accuracy`, from the orders; 0 where all orders agree.
    """

    budget: int
    used: Floats
    tokens: Floats
    equal: Floats
    accuracy: Floats
    whole: Floats
    unread: Floats
    flops: Floats
    variance: Floats


def replay(
    drawn: Sequence[ProblemDraws],
    rule: StopRule,
    budget: int,
    seed: int,
    *,
    orders: int = ORDERS,
    model: ModelCost = UNKNOWN,
) -> Replay:
    """Return what a rule would have used and answered, had the draws come in other orders.

    The winner has the most votes; of those that tie it is the one that came first, as a live run
    would have it.

    Args:
        drawn: the problems.
        rule: is asked after each draw.
        budget: the most draws; every problem has as many.
        seed: of the orders, with the problem's name.
        orders: how many, at least 2.
        model: what tokens take.

    Raises:
        ConfigError: for a budget that a problem does not have, or fewer than two orders.
    """
    if orders < 2:
        raise ConfigError(f"{orders} orders have no spread", "orders=200")
    for one in drawn:
        if not 1 <= budget <= one.draws:
            text = f"a budget of {budget} draws cannot be replayed: {one.id} has {one.draws}"
            raise ConfigError(text, f"budget={one.draws}")
    said = _table(rule, budget)
    rows = [_replayed(one, said, seed, orders, model) for one in drawn]
    return Replay(budget, *np.array(rows).T)


def stopped(
    drawn: Sequence[ProblemDraws],
    rule: StopRule,
    budget: int,
    seed: int,
    *,
    orders: int = ORDERS,
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> MethodPoint:
    """Return a rule as a point, whose size is its budget; each draw waits for the one before.

    Raises:
        ConfigError: as :func:`replay`.
    """
    found = replay(drawn, rule, budget, seed, orders=orders, model=model)
    spent = zip(drawn, found.used, found.tokens, found.flops, strict=True)
    return MethodPoint(
        arm=arm,
        method=rule.name,
        size=budget,
        accuracy=found.accuracy,
        costs=costs.gathered([costs.in_turn(*one, model) for one in spent]),
        unparsed=float(found.unread.mean()),
        cut=float(np.mean([one.cut.mean() for one in drawn])),
        error=float(np.sqrt(found.variance.sum())) / len(drawn),
    )


def _leaders(counts: Sequence[int]) -> tuple[int, int]:
    first, second = sorted([*counts, 0, 0], reverse=True)[:2]
    return int(first), int(second)


def _replayed(
    one: ProblemDraws, said: Bools, seed: int, orders: int, model: ModelCost
) -> tuple[float, ...]:
    """Return a problem's values of :class:`Replay`, in their order."""
    rng, budget = generator(seed, one), said.shape[2]
    order = rng.permuted(np.tile(np.arange(one.draws), (orders, 1)), axis=1)[:, :budget]
    came = one.classes[order]
    votes = np.cumsum(came[:, :, None] == np.arange(len(one.right)), axis=1, dtype=np.int64)
    used = _stops(votes, said).argmax(1) + 1
    winner, last = _winners(came, votes, used), _winners(came, votes, np.full(orders, budget))
    right = -2 if (found := right_of(one)) is None else found
    won = (winner == right).astype(np.float64)
    each = costs.flops(model, one.prompt, one.tokens)
    taken = np.arange(budget) < used[:, None]
    return (
        float(used.mean()),
        float((one.tokens[order] * taken).sum(1).mean()),
        float((winner == last).mean()),
        float(won.mean()),
        float((last == right).mean()),
        float((winner < 0).mean()),
        float((each[order] * taken).sum(1).mean()),
        float(won.var(ddof=1)) / orders,
    )


def _table(rule: StopRule, budget: int) -> Bools:
    """Return what a rule says at every state, ``[first, second, left]``: asked once for all."""
    said = np.zeros((budget + 1, budget + 1, budget), dtype=np.bool_)
    for left in range(budget):
        for first in range(budget - left + 1):
            for second in range(min(first, budget - left - first) + 1):
                said[first, second, left] = rule.decide((first, second), left)
    said[:, :, 0] = True
    return said


def _stops(votes: Ints, said: Bools) -> Bools:
    """Return after which draws the rule stops, ``[orders, budget]``: always after the last."""
    budget = votes.shape[1]
    first, runners = votes.max(2, initial=0), votes.copy()
    if votes.shape[2]:
        np.put_along_axis(runners, votes.argmax(2, keepdims=True), 0, axis=2)
    stops: Bools = said[first, runners.max(2, initial=0), np.arange(budget)[::-1]]
    return stops


def _winners(came: Ints, votes: Ints, used: Ints) -> Ints:
    """Return the class that leads after so many draws, ``[orders]``; -1 = nothing was read."""
    orders, budget, classes = votes.shape
    if not classes:
        return np.full(orders, -1)
    now = votes[np.arange(orders), used - 1]
    first = (votes == 0).sum(1)  # draws before a class's first
    lead = np.where(now > 0, now * (budget + 1) - first, -1)
    return np.where(now.max(1) > 0, lead.argmax(1), -1)
