"""At the edge of what is asked, a test of inference-time scaling is seldom wrong; nor is a mean."""

import numpy as np
import pytest
from counts import count
from hypothesis import given
from hypothesis import strategies as st
from scaled import able, gap, plain, verdict
from scipy.stats import binom

from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.contrast import mean_gap
from llmx.report.figures.p_at import p_at

P = 120
RUNS = count(100, 2000)


def shares(rng, mean, n=P):
    """Differences of shares of right answers, skewed as those of a pool are: most are 0."""
    differs = rng.random(n) < 0.5
    up = rng.random(n) < 0.5 + mean
    return differs * np.where(up, 1.0, -1.0) * rng.choice([0.25, 0.5, 1.0], n) * 24 / 14


def matched(rng, *means, method="revise"):
    quantity = figure_names.matched("majority", method, "completion")
    return [
        gap(quantity, shares(rng, mean), setting="rounds", at=at) for at, mean in enumerate(means)
    ]


def votes(rng, *means):
    name = figure_names.CATCHING_UP
    cost = plain(figure_names.CATCHING_UP_COST, 9, "direct", "worked", "draws", len(means) - 1)
    return [cost] + [
        gap(name, shares(rng, mean), "direct", "worked", "draws", at)
        for at, mean in enumerate(means)
    ]


def doubling(rng, mean):
    return [gap(figure_names.DOUBLING, shares(rng, mean), setting="draws", at=16)]


def tokens(rng, mean):
    values = rng.gamma(2, 20, P) - 40 + mean
    return [gap(figure_names.SHORTER, values)]


def voted(rng, mean, random):
    """Three votes; their p values are adjusted where they are tried."""
    found = []
    for feature in ("length", "hedging", "thinking"):
        both = (figure_names.OVER_PLAIN, mean), (figure_names.OVER_RANDOM, random)
        for over, of in both:
            one = gap(figure_names.vote_gain(f"{feature} (weighted)", over), shares(rng, of))
            found.append(one.model_copy(update={"p": min(1.0, 3 * one.p)}))
    return found


def cuts(rng, loss, direct):
    return [
        gap(figure_names.BESIDE_FULL, shares(rng, loss), setting="percent", at=50),
        gap(figure_names.BESIDE_SINGLE, shares(rng, direct), "worked", "direct", "percent", 0),
    ]


AT_LEAST = {"test": "at_least", "arms": ["worked"], "than": ["revise"], "margin": 0.05}
CATCH = {"test": "never_catches_up", "pairs": [["direct", "worked"]]}
VOTE = {"test": "feature_vote", "arms": ["worked"], "features": ["length", "hedging", "thinking"]}
CUT = {"test": "truncation_hurts", "pairs": [["worked", "direct"]], "margin": 0.05}
SHOWN, AGAINST = "shown here", "contradicted here"

EDGES = [
    ("at_least at the margin", AT_LEAST, lambda r: matched(r, -0.05), SHOWN),
    ("at_least of ten equals", AT_LEAST, lambda r: matched(r, *[0.0] * 10), AGAINST),
    ("at_least, more, of equals", {**AT_LEAST, "more": True}, lambda r: matched(r, 0.0), SHOWN),
    ("catching up, just behind", CATCH, lambda r: votes(r, -0.3, -0.3, 0.0), SHOWN),
    ("catching up, just there", CATCH, lambda r: votes(r, -0.3, 0.0, 0.0, 0.0), AGAINST),
    ("saturates at the bound", {"test": "saturates", "arms": ["worked"], "bound": 0.05},
     lambda r: doubling(r, 0.05), SHOWN),
    ("saturates at the bound, up", {"test": "saturates", "arms": ["worked"], "bound": 0.05},
     lambda r: doubling(r, 0.05), AGAINST),
    ("equally long", {"test": "shorter_when_right", "arms": ["worked"]},
     lambda r: tokens(r, 0.0), SHOWN),
    ("features that mean nothing", VOTE, lambda r: voted(r, 0.0, 0.0), SHOWN),
    ("a gain that random has", VOTE, lambda r: voted(r, 0.3, 0.0), SHOWN),
    ("cut without a loss", CUT, lambda r: cuts(r, 0.0, -0.4), SHOWN),
    ("cut, the direct model at the margin", CUT, lambda r: cuts(r, -0.4, 0.05), SHOWN),
    ("cut, as good as whole", CUT, lambda r: cuts(r, 0.0, 0.0), AGAINST),
]  # fmt: skip

BOTH = [*able("worked"), *able("direct", 0.3)]


def told(finding, drawn, word, runs):
    rng = np.random.default_rng(0)
    return sum(verdict(finding, [*BOTH, *drawn(rng)]).word == word for _ in range(runs))


@pytest.mark.parametrize(("finding", "drawn", "word"), [one[1:] for one in EDGES],
                         ids=[one[0] for one in EDGES])  # fmt: skip
def test_at_the_edge_of_its_null_a_test_is_seldom_wrong(finding, drawn, word):
    """At most 5 % of runs, and what counting so many of them allows."""
    assert told(finding, drawn, word, RUNS) <= binom.ppf(0.999, RUNS, 0.05)


TRUE = [
    (AT_LEAST, lambda r: matched(r, 0.15), SHOWN),
    (AT_LEAST, lambda r: matched(r, -0.3), AGAINST),
    (CATCH, lambda r: votes(r, -0.4, -0.3), SHOWN),
    (CATCH, lambda r: votes(r, -0.4, 0.3), AGAINST),
    ({"test": "saturates", "arms": ["worked"], "bound": 0.2}, lambda r: doubling(r, 0.0), SHOWN),
    ({"test": "shorter_when_right", "arms": ["worked"]}, lambda r: tokens(r, -12), SHOWN),
    (VOTE, lambda r: voted(r, 0.3, 0.3), SHOWN),
    (CUT, lambda r: cuts(r, -0.4, -0.2), SHOWN),
]


@pytest.mark.parametrize(("finding", "drawn", "word"), TRUE)
def test_what_is_true_is_found(finding, drawn, word):
    runs = count(20, 400)
    assert told(finding, drawn, word, runs) >= 0.8 * runs


def test_the_planted_means_are_what_they_say():
    rng = np.random.default_rng(1)
    found = np.mean([shares(rng, 0.1, 100_000) for _ in range(20)])
    assert found == pytest.approx(0.1, abs=0.003)


@pytest.mark.parametrize("clusters", [1, 4])
def test_intervals_of_a_mean_cover_it_and_clusters_count(clusters):
    """Problems of a template are alike: as if they were not, too many intervals would miss."""
    rng, runs = np.random.default_rng(2), count(400, 2000)
    labels = [f"t{at // clusters}" for at in range(P)]
    covered = 0
    for _ in range(runs):
        common = np.repeat(rng.normal(0, 1, P // clusters), clusters)
        values = np.clip((common + rng.normal(0, 0.3, P)) / 4, -1, 1)
        span = mean_gap(values, labels).span
        covered += span.low <= 0 <= span.high
    assert covered >= binom.ppf(0.001, runs, 0.94)


def test_without_their_clusters_the_same_intervals_would_miss():
    rng = np.random.default_rng(3)
    values = np.repeat(rng.normal(0, 1, 30), 4) / 4
    alone = mean_gap(values, [""] * 120).span
    together = mean_gap(values, [f"t{at // 4}" for at in range(120)]).span
    assert together.high - together.low > 1.8 * (alone.high - alone.low)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30), st.floats(-1, 1), st.booleans())
def test_interval_and_p_value_decide_alike(values, value, trained):
    table = np.column_stack([values, values[::-1]])
    found = mean_gap(table, [f"t{at // 3}" for at in range(len(values))], trained=trained)
    figure = gap("x", table, trained=trained).model_copy(
        update={"span": found.span, "basis": found.basis}
    )
    p = p_at(figure, value)
    assert (p is None) == (found.basis is None)
    if p is not None and -1 < found.span.low < found.span.high < 1 and abs(p - 0.05) > 1e-6:
        assert (p < 0.05) == (found.span.above(value) or found.span.below(value))


@given(st.sampled_from([-1.0, -0.25, 0.0, 1.0]), st.integers(2, 300))
def test_values_that_are_all_alike_leave_room_for_what_was_not_seen(value, n):
    found = mean_gap(np.full(n, value), [""] * n)
    assert found.basis is None and found.span.low < found.span.high
    assert found.span.low <= value <= found.span.high and found.span.low >= -1
    assert value != 0 or found.p == 1


def test_one_problem_says_nothing_of_others():
    found = mean_gap(np.array([0.5]), ["a"])
    assert found.span.low is None and found.p is None


def test_what_monte_carlo_adds_widens_the_interval():
    values = np.linspace(-0.3, 0.4, 50)
    plain_, noisy = (mean_gap(values, [""] * 50, error=error) for error in (0.0, 0.05))
    assert noisy.span.high > plain_.span.high and noisy.p > plain_.p
