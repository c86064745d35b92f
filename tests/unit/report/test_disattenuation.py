"""A correlation over arms is freed of noise: laws, by hand, and simulated (`simulated_arms`)."""

import re
from pathlib import Path

import numpy as np
import pytest
from simulated_arms import CASES, Case, answers, judged, logits

from llmx.report.training.disattenuation import disattenuated, measured

PAGE = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")


def table(seeds, arms=5, problems=7, seed=3):
    return np.random.default_rng(seed).integers(0, 2, (arms, problems, seeds, 2)).astype(float)


@pytest.mark.parametrize("seeds", [1, 3])
def test_what_is_left_is_the_mean_product_of_different_problems_and_seeds(seeds):
    """Noise of two problems, or of two seeds, has nothing in common: their products have none."""
    values = table(seeds)
    gaps = values - values.mean(0)
    arms, problems = values.shape[:2]
    products = [
        gaps[:, i, s].T @ gaps[:, j, t] / (arms - 1)
        for i in range(problems)
        for j in range(problems)
        for s in range(seeds)
        for t in range(seeds)
        if i != j and (s != t or seeds == 1)
    ]
    noise = measured(values)
    left = noise.means.T @ noise.means / (arms - 1) - noise.covariance
    assert left == pytest.approx(np.mean(products, axis=0))


@pytest.mark.parametrize("seeds", [1, 3])
def test_drawn_noise_is_as_large_as_what_is_taken_off(seeds):
    values = np.random.default_rng(0).random((6, 40, seeds, 2)) < 0.4
    noise, rng = measured(values.astype(float)), np.random.default_rng(1)
    drawn = noise.drawn(20_000, rng)
    drawn -= drawn.mean(1, keepdims=True)
    products = np.einsum("raj,rak->rjk", drawn, drawn) / 5
    taken = noise.covariances(20_000, rng)
    scale = np.diag(products.mean(0)).mean()
    assert products.mean(0) == pytest.approx(taken.mean(0), abs=0.03 * scale)


def test_how_hard_problems_are_is_no_noise_of_the_differences():
    values = table(2)
    hard = np.random.default_rng(5).normal(size=(1, 7, 2, 2))
    assert measured(values + hard).covariance == pytest.approx(measured(values).covariance)


def certain(before, after, problems=400):
    """Arms of as good as known accuracies: what they differ by is the same on every problem."""
    rng = np.random.default_rng(2)
    shares = np.stack([before, after], axis=-1)[:, None, None]
    return shares + rng.normal(0, 0.01, (len(before), problems, 1, 2))


def test_without_noise_it_is_pearsons_correlation():
    before, after = np.array([0.1, 0.4, 0.2, 0.8, 0.5]), np.array([0.3, 0.2, 0.6, 0.7, 0.1])
    found = disattenuated(certain(before, after))
    pearson = np.corrcoef(before, after)[0, 1]
    assert found.span.estimate == pytest.approx(pearson, abs=0.005)
    assert found.span.low < pearson < found.span.high
    assert found.span.high - found.span.low < 0.02 and min(found.reliability) > 0.99


@pytest.mark.parametrize("sign", [1, -1])
def test_arms_that_go_together_reach_the_bound_of_a_correlation(sign):
    before = np.array([0.1, 0.4, 0.2, 0.8, 0.5])
    found = disattenuated(certain(before, 0.5 + sign * before))
    assert sign * found.span.estimate == pytest.approx(1, abs=1e-3)
    assert max(found.span.low * sign, found.span.high * sign) == 1


def test_it_is_the_same_from_after_to_before():
    values = answers_of(Case(0.7, 0.6, 3))
    there, back = disattenuated(values), disattenuated(values[..., ::-1])
    assert there.span.estimate == pytest.approx(back.span.estimate)
    assert there.reliability == back.reliability[::-1]


def answers_of(case):
    rng = np.random.default_rng(4)
    return answers(rng, logits(rng, case), case.seeds)


def test_arms_that_do_not_differ_have_no_correlation():
    flat = np.repeat(table(2)[:1], 5, axis=0)
    assert disattenuated(flat).span is None and disattenuated(flat).reliability == (0, 0)
    # The same three answers right in another order: less than chance would make them differ.
    turned = np.stack([np.roll(np.repeat([1.0, 0.0], 4), arm) for arm in range(4)])
    assert disattenuated(np.stack([turned, turned], -1)[:, :, None]).span is None


@pytest.mark.parametrize("spread", [0.15, 0.3, 0.6])
def test_of_accuracies_that_go_together_it_is_not_shown_that_they_do_not(spread):
    found = judged(Case(1.0, spread, 1), runs=60)
    assert found.shown < 0.05
    if spread == 0.15:  # what noise alone does without the correction
        assert found.plainly > 0.1


def test_it_decides_where_arms_differ():
    loose, close = Case(0.3, 0.6, 3), Case(1.0, 0.6, 1)
    found = judged(loose, runs=40)
    assert found.shown > 0.6 and found.contradicted < 0.05 and found.holds > 0.85
    found = judged(close, runs=40)
    assert found.contradicted > 0.5 and found.holds > 0.85


def test_the_documented_table_has_every_case_and_keeps_the_law():
    row = r"^\| ([\d.]+) \| ([\d.]+) \| ([13])" + r" \| ([\d.]+)" * 5 + r" \|$"
    rows = [tuple(map(float, cells)) for cells in re.findall(row, PAGE, re.M)]
    assert [cells[:3] for cells in rows] == [(c.correlation, c.spread, c.seeds) for c in CASES]
    for true, _, _, _, shown, contradicted, holds, _ in rows:
        assert (shown if true == 1 else contradicted) < 5 and holds > 85
