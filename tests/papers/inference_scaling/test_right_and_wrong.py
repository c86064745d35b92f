"""Figures of right and wrong answers: what problems add to a difference, margins, and flips."""

import numpy as np
import pytest
from counts import count
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.associations import added, named
from llmx.papers.inference_scaling.calibration import leading, of_margins
from llmx.papers.inference_scaling.contrast import mean_gap
from llmx.papers.inference_scaling.features.association import pooled_difference
from llmx.papers.inference_scaling.features.rows import VoteRow
from llmx.papers.inference_scaling.points import ProblemDraws

DRAWS = st.lists(
    st.tuples(st.integers(0, 4), st.booleans(), st.floats(-50, 50)), min_size=2, max_size=30
)


@given(DRAWS)
def test_what_problems_add_has_the_pooled_difference_as_its_mean(draws):
    problem, correct, value = (np.array(column) for column in zip(*draws, strict=True))
    found = added(problem, correct, value)
    if correct.all() or not correct.any():
        assert np.isnan(found).all()
        return
    wanted = value[correct].mean() - value[~correct].mean()
    assert found.mean() == pytest.approx(wanted, abs=1e-8)
    moved = added(problem, correct, value + 7)
    assert moved == pytest.approx(found, abs=1e-6)


def pool(rng, problems=60, draws=8):
    """Draws whose lengths belong to their problem and have nothing to do with being right."""
    problem = np.repeat(np.arange(problems), draws)
    hard = rng.random(problems)
    correct = rng.random(len(problem)) < rng.beta(2, 2, problems)[problem]
    return problem, correct, 20 * hard[problem] + rng.normal(0, 4, len(problem))


def test_lengths_that_mean_nothing_are_seldom_called_different():
    """Draws of a problem are alike: as if they were not, three runs in ten would be wrong."""
    rng, runs = np.random.default_rng(5), count(200, 2000)
    wrong = alone = 0
    for _ in range(runs):
        problem, correct, value = pool(rng)
        wrong += mean_gap(added(problem, correct, value), [""] * 60, bounds=None).p < 0.05
        each = np.arange(len(problem))
        alone += mean_gap(added(each, correct, value), [""] * 480, bounds=None).p < 0.05
    assert wrong <= binom.ppf(0.999, runs, 0.06)
    assert alone > 0.1 * runs


def test_its_interval_is_about_the_bootstraps():
    problem, correct, value = pool(np.random.default_rng(6))
    span = mean_gap(added(problem, correct, value), [""] * 60, bounds=None).span
    other = pooled_difference(problem, correct, value).difference
    assert span.estimate == pytest.approx(other.estimate)
    assert span.high - span.low == pytest.approx(other.high - other.low, rel=0.2)


def draws_of(classes, right):
    return ProblemDraws(
        id="p", cluster="", classes=np.array(classes), right=np.array(right, dtype=bool), prompt=1,
        tokens=np.ones(len(classes), dtype=int), cut=np.zeros(len(classes), dtype=bool),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("classes", "right", "wanted"),
    [
        ([0, 0, 1, -1], [True, False], (0.5, 1.0)),
        ([0, 0, 1, 1], [True, False], (0.5, 0.5)),
        ([0, 1, 1, 1], [True, False], (0.75, 0.0)),
        ([-1, -1], [], (0.0, 0.0)),
    ],
)
def test_the_leading_answer_and_its_share(classes, right, wanted):
    assert leading(draws_of(classes, right)) == wanted


def test_problems_are_sorted_into_tenths_by_the_share_of_votes():
    sure, split = draws_of([0] * 10, [True]), draws_of([0] * 5 + [1] * 5, [True, False])
    found = list(of_margins("a", [sure, sure, split]))
    assert [(one.at, one.n) for one in found] == [(50, 1), (100, 2)]
    assert [one.span.estimate for one in found] == [0.5, 1.0]
    assert {one.setting for one in found} == {figure_names.SHARE_OF_VOTES}


def test_a_vote_is_named_by_its_feature_filing_and_rule():
    span = {"estimate": 0.0}
    row = VoteRow(
        rule="tie_break", feature="hedging", filing="b", problems=3, accuracy=0.5, plain=0.5,
        gain=span, control=span, excess=span, p=1.0, claim="none",
    )  # fmt: skip
    assert named(row) == "hedging, filing b (tie break)"
