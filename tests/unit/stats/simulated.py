"""Simulated runs like ours: how often intervals cover the truth, how often tests err.

1,000 problems of uneven difficulty, one or three seeds, two arms that share most of their errors.
4,000 replications leave a Monte Carlo error of 0.35 points: a true 95 % stays inside 94 to 96.

`python tests/unit/stats/simulated.py` prints the table of docs/statistics.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from llmx.stats import (
    bootstrap_mean,
    equivalence,
    holm,
    mcnemar_exact,
    mcnemar_midp,
    paired_difference,
    paired_score_interval,
    permutation_test,
    rate_interval,
    ratio_interval,
    ratio_of_means,
    ratio_two_level,
    two_level,
    wilson,
)

ITEMS, RUNS = 1000, 4000
# E 4c(1-c) for c ~ Beta(4, 0.8): 4 a b / ((a + b)(a + b + 1)); shifts are small enough that the
# clip hardly ever acts.
SLOPE = 4 * 4 * 0.8 / (4.8 * 5.8)


@dataclass(frozen=True)
class Case:
    """One law: the share of replications in which `decide` holds lies in [low, high]."""

    name: str
    decide: Callable[[np.random.Generator], bool]
    nominal: float
    low: float
    high: float
    runs: int = RUNS
    slow: bool = False

    def share(self, seed: int) -> float:
        """Return how often `decide` holds."""
        rng = np.random.default_rng(seed)
        return float(np.mean([self.decide(rng) for _ in range(self.runs)]))


def tables(rng, shift=0.0, seeds=1, items=ITEMS):
    """Return right/wrong tables (items, seeds) of two arms whose mean difference is known.

    Each arm answers an item right with its own chance; a share of the draws is common to both.
    """
    chance = rng.beta(4, 0.8, items)[:, None]
    first = np.clip(chance + shift * 4 * chance * (1 - chance), 0, 1)
    common = rng.random((items, seeds)) < 0.6
    u, v = rng.random((items, seeds)), rng.random((items, seeds))
    v = np.where(common, u, v)
    return (u < first).astype(float), (v < chance).astype(float)


def covers(interval, truth) -> bool:
    return interval.low <= truth <= interval.high


def counts(rng, shift=0.0):
    one, other = tables(rng, shift)
    gaps = (one - other)[:, 0]
    return int((gaps > 0).sum()), int((gaps < 0).sum())


def score_interval(shift):
    return lambda rng: covers(paired_score_interval(*counts(rng, shift), ITEMS), shift * SLOPE)


def two_levels(seeds, of=lambda gaps: gaps):
    """Seeds of a sampler: each answer is drawn anew, so that no seed is better than another."""

    def decide(rng):
        one, other = tables(rng, -0.05, seeds)
        return covers(two_level(of(one - other)).interval, -0.05 * SLOPE)

    return decide


def trained(seeds, items, spread):
    """Right/wrong answers of two arms, equal on average, each training shifted by its own luck.

    Accuracy 28 %; `spread` is the standard deviation of a training's accuracy.
    """

    def decide(rng):
        chance = rng.beta(0.84, 2.16, items)[:, None]
        # A shift by one of this moves the mean by one: E 4c(1-c) = 4·0.28·0.72·3/4.
        slope = 4 * chance * (1 - chance) / (4 * 0.28 * 0.72 * 3 / 4)
        shifts = rng.normal(0, spread, (2, 1, seeds))
        u, v = rng.random((2, items, seeds))
        v = np.where(rng.random((items, seeds)) < 0.5, u, v)
        gaps = (u < chance + shifts[0] * slope).astype(float) - (v < chance + shifts[1] * slope)
        return covers(two_level(gaps).interval, 0.0)

    return decide


def trained_lengths(rng) -> bool:
    """Lengths of three trainings of two arms, the first 1.2 times as long on average."""
    base = rng.gamma(2, 10, (100, 1)) + 30
    first, second = base + rng.gamma(2, 5, (2, 100, 3)) + rng.normal(0, 2, (2, 1, 3))
    return covers(ratio_two_level(1.2 * first, second), 1.2)


def trained_at_margin(rng) -> bool:
    """Three trainings, worse by the margin on average: is that called equivalent?"""
    effects = rng.normal(0, 0.1, (128, 1)) + rng.normal(0, 0.08, 3)
    gaps = effects + rng.normal(0, 0.55, (128, 3)) - 0.3
    return equivalence(gaps, 0.3).equivalent


def lengths(rng, items=200):
    """Skewed lengths of two arms, alike in mean."""
    base = rng.gamma(2, 10, items)
    return base + rng.gamma(2, 5, items), base + rng.gamma(2, 5, items)


def paired_bootstrap(rng) -> bool:
    return covers(paired_difference(*lengths(rng), resamples=1000).difference, 0.0)


def single_bootstrap(rng) -> bool:
    return covers(bootstrap_mean(rng.gamma(2, 10, 200), resamples=1000), 20.0)


def clustered(rng) -> bool:
    """40 clusters of 5 items each that share most of their difference."""
    labels = np.repeat(np.arange(40), 5)
    gaps = rng.normal(0, 1, 40)[labels] + rng.normal(0, 1, 200)
    found = paired_difference(gaps, gaps * 0, labels.tolist(), resamples=1000)
    return covers(found.difference, 0.0)


def clusters_forgotten(rng) -> bool:
    labels = np.repeat(np.arange(40), 5)
    gaps = rng.normal(0, 1, 40)[labels] + rng.normal(0, 1, 200)
    return covers(paired_difference(gaps, gaps * 0, resamples=1000).difference, 0.0)


def mean_ratio(rng) -> bool:
    first, second = lengths(rng)
    return covers(ratio_of_means(first, second, resamples=1000), 1.0)


def rounds(rng, count):
    """Seconds of two arms in rounds that a busy machine slows down together."""
    weather = np.exp(rng.normal(0, 0.15, count))
    noise = np.exp(rng.normal(0, 0.03, (2, count)))
    return weather * noise[0], weather * noise[1] / 1.3


def speed_ratio(count):
    def decide(rng):
        slow, fast = rounds(rng, count)
        work = np.full(count, 100.0)
        return covers(ratio_interval(work, fast, work, slow, resamples=1000), 1.3)

    return decide


def speed_alone(rng) -> bool:
    seconds = np.exp(rng.normal(0, 0.15, 10))
    truth = 100 / np.exp(0.15**2 / 2)
    return covers(rate_interval(np.full(10, 100.0), seconds, resamples=1000), truth)


def permuted_lengths(rng) -> bool:
    first, second = lengths(rng)
    return permutation_test(first - second, resamples=999) < 0.05


def permuted_accuracies(rng) -> bool:
    one, other = tables(rng, seeds=3)
    return permutation_test((one - other).mean(1), resamples=999) < 0.05


def at_margin(side):
    margin = 0.03

    def decide(rng):
        one, other = tables(rng, side * margin / SLOPE)
        return equivalence((one - other)[:, 0], margin).equivalent

    return decide


COVERS = (0.95, 0.94, 0.96)
ERRS = (0.05, 0.04, 0.06)
# Seeds, items, spread of trainings, and the most that the interval covers.
TRAINED = (
    (3, 128, 0.0, 0.99),
    (3, 128, 0.03, 0.98),
    (3, 128, 0.05, 0.975),
    (2, 128, 0.05, 0.985),
    (3, 256, 0.08, 0.965),
    (5, 256, 0.05, 0.96),
)


def _trainings(worlds):
    return [
        Case(
            f"two-level, {seeds} trainings × {items} problems, spread {100 * spread:g} points",
            trained(seeds, items, spread),
            *(0.95, 0.94, most, RUNS, True),
        )
        for seeds, items, spread, most in worlds
    ]


CASES = (
    Case("Wilson", lambda r: covers(wilson(r.binomial(ITEMS, 0.84), ITEMS), 0.84), *COVERS),
    Case("paired score interval, no difference", score_interval(0.0), *COVERS),
    Case("paired score interval, a loss of 2.3 points", score_interval(-0.05), *COVERS),
    Case("two-level, one seed", two_levels(1), *COVERS, RUNS, True),
    Case(
        "two-level, items' means of three seeds of a sampler",
        two_levels(3, lambda gaps: gaps.mean(1)),
        *COVERS,
        RUNS,
        True,
    ),
    Case("two-level, three seeds of a sampler", two_levels(3), 0.95, 0.97, 0.995, RUNS, True),
    *_trainings(TRAINED[:3]),
    Case("bootstrap of a mean (BCa)", single_bootstrap, 0.95, 0.935, 0.96, RUNS, True),
    Case("paired bootstrap (BCa)", paired_bootstrap, *COVERS, RUNS, True),
    Case("cluster bootstrap, 40 clusters", clustered, 0.95, 0.925, 0.96, RUNS, True),
    Case("clusters forgotten", clusters_forgotten, 0.95, 0.6, 0.85, 1000, True),
    Case("ratio of means", mean_ratio, *COVERS, RUNS, True),
    Case("speed ratio, 3 rounds", speed_ratio(3), *COVERS, RUNS, True),
    Case("speed ratio, 10 rounds", speed_ratio(10), 0.95, 0.935, 0.965, RUNS, True),
    Case("speed alone, 10 rounds", speed_alone, 0.95, 0.93, 0.965, RUNS, True),
    Case("McNemar, mid-p", lambda r: mcnemar_midp(*counts(r)) < 0.05, *ERRS),
    Case("McNemar, exact", lambda r: mcnemar_exact(*counts(r)) < 0.05, 0.05, 0.025, 0.05),
    Case("permutation, lengths", permuted_lengths, *ERRS, RUNS, True),
    # Sums of thirds tie often, and ties count against the claim.
    Case(
        "permutation, accuracies of three seeds", permuted_accuracies, 0.05, 0.03, 0.055, 2000, True
    ),
    Case("equivalence at -margin", at_margin(-1), *ERRS),
    Case("equivalence at +margin", at_margin(1), *ERRS),
    Case("Holm, six true hypotheses", lambda r: min(holm(list(r.random(6)))) < 0.05, *ERRS, 8000),
    *_trainings(TRAINED[3:]),
    Case("ratio of lengths, three trainings", trained_lengths, 0.95, 0.935, 0.99, 1000, True),
    Case("equivalence at -margin, three trainings", trained_at_margin, 0.05, 0.01, 0.055),
)


def main() -> None:
    print("| method | nominal (%) | measured (%) | replications |\n| --- | ---: | ---: | ---: |")
    for seed, case in enumerate(CASES, 1):
        measured = 100 * case.share(seed)
        print(
            f"| {case.name} | {100 * case.nominal:g} | {measured:.1f} | {case.runs:,} |", flush=True
        )


if __name__ == "__main__":
    main()
