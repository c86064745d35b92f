"""Simulated runs like ours: do 95 % intervals cover 95 % of the time, do tests at 5 % err at 5 %?

1,000 problems of uneven difficulty, one or three seeds, two arms that share most of their errors.
4,000 replications leave a Monte Carlo error of 0.35 points: a true 95 % stays inside 94 to 96.
"""

import numpy as np
import pytest

from llmx.stats import (
    equivalence,
    holm,
    mcnemar_exact,
    mcnemar_midp,
    paired_score_interval,
    permutation_test,
    two_level,
    wilson,
)

ITEMS, RUNS = 1000, 4000


def runs(rng, shift=0.0, seeds=1, seed_sd=0.0, items=ITEMS):
    """Return right/wrong tables (items, seeds) of two arms, and their true mean difference.

    Each arm answers an item right with its own chance; a share of the draws is common to both.
    """
    chance = rng.beta(4, 0.8, items)[:, None]
    noise = rng.normal(0, seed_sd, seeds)[None, :]
    first = np.clip(chance + shift * 4 * chance * (1 - chance) + noise, 0, 1)
    common = rng.random((items, seeds)) < 0.6
    u, v = rng.random((items, seeds)), rng.random((items, seeds))
    v = np.where(common, u, v)
    return (u < first).astype(float), (v < chance).astype(float)


# E 4c(1-c) for c ~ Beta(4, 0.8): 4 a b / ((a + b)(a + b + 1)); shifts are small enough that the
# clip hardly ever acts.
SLOPE = 4 * 4 * 0.8 / (4.8 * 5.8)


def share(decide, seed, runs_=RUNS):
    rng = np.random.default_rng(seed)
    return np.mean([decide(rng) for _ in range(runs_)])


def covers(interval, truth):
    return interval.low <= truth <= interval.high


def test_wilson():
    assert 0.94 < share(lambda r: covers(wilson(r.binomial(ITEMS, 0.84), ITEMS), 0.84), 1) < 0.96


@pytest.mark.parametrize("shift", [0.0, -0.05])
def test_paired_score_interval(shift):
    def decide(rng):
        one, other = runs(rng, shift)
        gaps = (one - other)[:, 0]
        interval = paired_score_interval(int((gaps > 0).sum()), int((gaps < 0).sum()), ITEMS)
        return covers(interval, shift * SLOPE)

    assert 0.94 < share(decide, 2) < 0.96


@pytest.mark.parametrize("seeds", [1, 3])
def test_two_level_of_right_or_wrong(seeds):
    def decide(rng):
        one, other = runs(rng, -0.05, seeds)
        return covers(two_level(one - other).interval, -0.05 * SLOPE)

    assert 0.94 < share(decide, 3) < 0.96


@pytest.mark.slow
@pytest.mark.parametrize("seed_sd", [0.0, 0.05, 0.2, 0.5])
def test_two_level_whether_seeds_matter_or_not(seed_sd):
    def decide(rng):
        effects = rng.normal(0, 1, (300, 1)) + rng.normal(0, seed_sd, (1, 3))
        return covers(two_level(effects + rng.normal(0, 1, (300, 3))).interval, 0.0)

    assert 0.94 < share(decide, 4, 6000) < 0.96


def test_mcnemar_midp_errs_at_its_level_and_the_exact_test_below():
    def decide(rng):
        one, other = runs(rng)
        gaps = (one - other)[:, 0]
        counts = int((gaps > 0).sum()), int((gaps < 0).sum())
        return mcnemar_midp(*counts) < 0.05, mcnemar_exact(*counts) < 0.05

    rng = np.random.default_rng(5)
    midp, exact = np.mean([decide(rng) for _ in range(RUNS)], axis=0)
    assert 0.04 < midp < 0.06
    assert 0.025 < exact < 0.05


@pytest.mark.slow
def test_permutation():
    def lengths(rng):
        gaps = rng.gamma(2, 10, 200) - rng.gamma(2, 10, 200)
        return permutation_test(gaps, resamples=999) < 0.05

    def accuracies(rng):
        one, other = runs(rng, seeds=3)
        return permutation_test((one - other).mean(1), resamples=999) < 0.05

    assert 0.04 < share(lengths, 6) < 0.06
    # Sums of thirds tie often, and ties count against the claim.
    assert 0.03 < share(accuracies, 6, 2000) < 0.055


@pytest.mark.parametrize("side", [-1, 1])
def test_equivalence_at_its_margin(side):
    margin = 0.03
    shift = side * margin / SLOPE

    def decide(rng):
        one, other = runs(rng, shift)
        found = equivalence((one - other)[:, 0], margin)
        return found.equivalent

    assert 0.04 < share(decide, 7) < 0.06


def test_holm_keeps_the_family_at_its_level():
    rng = np.random.default_rng(8)

    def any_rejected():
        return min(holm(list(rng.random(6)))) < 0.05

    assert 0.04 < np.mean([any_rejected() for _ in range(8000)]) < 0.06
