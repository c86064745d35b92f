"""Pools whose law is known: how often intervals cover the truth, what a frontier's share means.

A problem is one of a few types; a type is a law of one answer: right, three wrong ones, unread. So
the accuracy of a vote of N draws, over all problems and draws that there could be, is a sum over
the outcomes of a multinomial law, and owes nothing to pools or subsets.

`PYTHONPATH=tests python tests/papers/inference_scaling/known_pools.py` prints what is measured.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import factorial, prod

import numpy as np
from counts import count

from llmx.papers.inference_scaling.floor import catch_up
from llmx.papers.inference_scaling.points import MethodPoint
from llmx.stats import bootstrap_mean, paired_difference
from llmx.stats.frontier import frontier, frontier_shares
from llmx.stats.subsets import Counted, majorities

DRAWS, PROBLEMS, RESAMPLES = 16, 150, count(300, 1000)
SIZES = (1, 2, 4, 8, 16)
BASE = 17 ** np.arange(4)

# right, wrong, wrong, wrong, unread
STRONG = (
    (0.95, 0.03, 0.0, 0.0, 0.02),
    (0.6, 0.2, 0.1, 0.05, 0.05),
    (0.3, 0.45, 0.15, 0.05, 0.05),
    (0.05, 0.5, 0.2, 0.2, 0.05),
)
WEAK = (
    (0.8, 0.1, 0.05, 0.02, 0.03),
    (0.45, 0.25, 0.15, 0.1, 0.05),
    (0.25, 0.3, 0.2, 0.15, 0.1),
    (0.03, 0.4, 0.3, 0.2, 0.07),
)
WORSE = (
    (0.74, 0.14, 0.06, 0.03, 0.03),
    (0.3, 0.35, 0.2, 0.1, 0.05),
    (0.15, 0.4, 0.25, 0.1, 0.1),
    (0.02, 0.5, 0.3, 0.15, 0.03),
)
SHARES = (0.45, 0.25, 0.15, 0.15)


def outcomes(draws, classes):
    """Yield every way to spread draws over classes."""
    if classes == 1:
        yield (draws,)
        return
    for first in range(draws + 1):
        yield from ((first, *rest) for rest in outcomes(draws - first, classes - 1))


@cache
def won(size):
    """Return every outcome of `size` draws: counts, ways to have them, the right one's victory."""
    counts = np.array(list(outcomes(size, 5)))
    ways = np.array([factorial(size) // prod(map(factorial, row.tolist())) for row in counts])
    votes = counts[:, :-1]
    most = votes.max(1)
    ties = (votes == most[:, None]).sum(1)
    return counts, ways.astype(float), (votes[:, 0] == most) * (most > 0) / ties


def voted(law, size):
    """Return the chance that the most frequent of `size` draws is right; the last class is none."""
    counts, ways, victory = won(size)
    return float((ways * victory) @ np.prod(np.asarray(law) ** counts, axis=1))


def truth(laws, size, shares=SHARES):
    """Return maj@N over all problems."""
    return float(np.dot(shares, [voted(law, size) for law in laws]))


@cache
def every_pool():
    """Return maj@N of every pool that there can be, by counts in base 17, ``[17**4, sizes]``."""
    counts = np.array(list(outcomes(DRAWS, 5)))
    table = np.full((17**4, len(SIZES)), np.nan)
    table[counts[:, :-1] @ BASE] = majorities(
        [Counted(row[:-1], 0, DRAWS) for row in counts], SIZES
    )
    return table


def drawn(rng, laws, kinds):
    """Return maj@N of pools of problems of these kinds, ``[sizes, problems]``."""
    counts = rng.multinomial(DRAWS, np.asarray(laws)[kinds])
    return every_pool()[counts[:, :-1] @ BASE].T


def kinds_of(rng, problems=PROBLEMS, shares=SHARES):
    return rng.choice(len(shares), problems, p=shares)


def covers(interval, value):
    return interval.low <= value <= interval.high


def one_size(size):
    """Coverage of maj@N's interval."""
    at = SIZES.index(size)

    def decide(rng):
        values = drawn(rng, STRONG, kinds_of(rng))[at]
        seed = int(rng.integers(2**31))
        return covers(bootstrap_mean(values, resamples=RESAMPLES, seed=seed), truth(STRONG, size))

    return decide


def gain(rng):
    """Coverage of maj@16 − maj@1, from one pool."""
    values, seed = drawn(rng, STRONG, kinds_of(rng)), int(rng.integers(2**31))
    found = paired_difference(values[-1], values[0], resamples=RESAMPLES, seed=seed)
    return covers(found.difference, truth(STRONG, 16) - truth(STRONG, 1))


def arms(rng):
    """Coverage of the weaker's maj@16 − the stronger's single answer, on the same problems."""
    kinds, seed = kinds_of(rng), int(rng.integers(2**31))
    weak, strong = drawn(rng, WEAK, kinds)[-1], drawn(rng, STRONG, kinds)[0]
    found = paired_difference(weak, strong, resamples=RESAMPLES, seed=seed)
    return covers(found.difference, truth(WEAK, 16) - truth(STRONG, 1))


def smallest(weak, strong):
    """Return N* of two arms whose laws are known; None where there is none up to 16."""
    wanted = truth(strong, 1)
    return next((size for size in SIZES if truth(weak, size) >= wanted), None)


def between(weak, strong, share):
    """Return laws between two arms': the weaker, moved a share of the way to the stronger."""
    pairs = zip(weak, strong, strict=True)
    return tuple(
        tuple((1 - share) * a + share * b for a, b in zip(one, other, strict=True))
        for one, other in pairs
    )


def floor_of(weak):
    """Coverage of the interval of N* of a weaker arm."""
    wanted = smallest(weak, STRONG)
    place = SIZES.index(wanted) if wanted else len(SIZES)

    def decide(rng):
        kinds = kinds_of(rng)
        first, second = drawn(rng, weak, kinds), drawn(rng, STRONG, kinds)[0]
        low, high = interval_of_floor(first, second, int(rng.integers(2**31)))
        return low <= place <= high

    return decide


def interval_of_floor(weak, strong, seed):
    """Return the ends of the interval of N* as places in the sizes; one past them is "none"."""
    cost = {"calls": np.ones(len(strong))}
    points = [
        MethodPoint("weak", "majority", size, row, cost)
        for size, row in zip(SIZES, weak, strict=True)
    ]
    single = MethodPoint("strong", "single", 1, strong, cost)
    found = catch_up(points, single, kind="calls", resamples=RESAMPLES, seed=seed)
    return [len(SIZES) if end is None else SIZES.index(end) for end in (found.low, found.high)]


@dataclass(frozen=True)
class Cover:
    """An interval of 95 %, and how often it may at least hold the truth in so many runs."""

    name: str
    decide: Callable[[np.random.Generator], bool]

    def share(self, runs, seed):
        rng = np.random.default_rng(seed)
        return float(np.mean([self.decide(rng) for _ in range(runs)]))


COVERS = [
    Cover("maj@1", one_size(1)),
    Cover("maj@4", one_size(4)),
    Cover("maj@16", one_size(16)),
    Cover("maj@16 − maj@1", gain),
    Cover("weaker's maj@16 − stronger's single", arms),
    Cover("N* = 8, 3.3 points above at 8", floor_of(WEAK)),
    Cover("N* = 8, 0.3 points below at 4", floor_of(between(WEAK, STRONG, 0.1))),
    Cover("N* = 2, 0.7 points above at 2", floor_of(between(WEAK, STRONG, 0.9))),
    Cover("no N*, 0.2 points below at 16", floor_of(between(WORSE, WEAK, 0.55))),
]


def world(rng):
    """Draw two arms: laws of four types, the weaker's and the stronger's, and the types' shares."""
    strong = rng.dirichlet((2.0, 1.0, 0.5, 0.5, 0.3), 4)
    weak = 0.6 * strong + 0.4 * rng.dirichlet((1.0, 1.0, 1.0, 1.0, 0.3), 4)
    return weak, strong, rng.dirichlet(np.full(4, 2.0))


def on_frontier(rng, resamples=400):
    """Return the share of each point of a world's pool, and whether it truly is on the frontier.

    Ten points: votes of 1 to 16 of a weaker arm, and of one whose draws cost five times as much.
    """
    weak, strong, shares = world(rng)
    kinds = kinds_of(rng, shares=shares)
    accuracies = np.concatenate([drawn(rng, laws, kinds) for laws in (weak, strong)])
    costs = np.concatenate([np.array(SIZES), 5 * np.array(SIZES)]).astype(float)
    table = np.repeat(costs[:, None], PROBLEMS, axis=1)
    seed = int(rng.integers(2**31))
    found = frontier_shares(table, accuracies, resamples=resamples, seed=seed)
    true = [truth(laws, size, shares) for laws in (weak, strong) for size in SIZES]
    return found, frontier(costs, true)


def beside_itself(rng):
    """Return the share of a point that is as accurate as a cheaper one: just not on the frontier.

    Both are votes of 8 draws of one law, from two pools of the same problems.
    """
    kinds, at = kinds_of(rng), SIZES.index(8)
    accuracies = np.stack([drawn(rng, STRONG, kinds)[at] for _ in range(2)])
    costs = np.repeat([[1.0], [2.0]], PROBLEMS, axis=1)
    seed = int(rng.integers(2**31))
    return frontier_shares(costs, accuracies, resamples=RESAMPLES, seed=seed)[1]


EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def reliability(worlds, seed):
    """Return points, mean share and truly-on share by bins of the share, ``[bins, 3]``."""
    rng = np.random.default_rng(seed)
    pairs = [on_frontier(rng) for _ in range(worlds)]
    shares, true = (np.concatenate(column) for column in zip(*pairs, strict=True))
    place = np.clip(np.searchsorted(EDGES, shares, side="right") - 1, 0, len(EDGES) - 2)
    rows = [(shares[place == at], true[place == at]) for at in range(len(EDGES) - 1)]
    return np.array([(len(said), said.mean(), on.mean()) for said, on in rows])


def main():
    """Print the tables; LLMX_THOROUGH=1 takes as many resamples as the thorough tests."""
    print("| interval of 95 % | covers (%) | excess (points) |\n| --- | ---: | ---: |")
    for place, one in enumerate(COVERS, 1):
        share = 100 * one.share(2000, place)
        print(f"| {one.name} | {share:.1f} | {share - 95:+.1f} |", flush=True)
    print(
        "\n| shown share | points | mean share (%) | truly on (%) |\n| --- | ---: | ---: | ---: |"
    )
    for low, high, row in zip(EDGES, EDGES[1:], reliability(600, 1), strict=False):
        print(f"| {low:g} to {high:g} | {row[0]:.0f} | {100 * row[1]:.1f} | {100 * row[2]:.1f} |")
    rng = np.random.default_rng(1)
    shares = np.array([beside_itself(rng) for _ in range(2000)])
    for least in (0.5, 0.9, 0.95):
        share = 100 * (shares >= least).mean()
        print(f"as accurate as a cheaper one, shown at {least:g} or more: {share:.1f} %")


if __name__ == "__main__":
    main()
