"""A seed of a training is a model: it counts, and one of them decides nothing."""

from dataclasses import replace

import numpy as np
import pytest
from answered import answered, beside, blocks, verdict
from documents import Streams, Trained, TrainedArm

from llmx.core.figure import Span
from llmx.report.difference import difference
from llmx.report.gather import ArmFiles, Gathered, pool
from llmx.report.paired_table import correct, counted, paired_table
from llmx.report.verdict.model import DECISIVE
from llmx.stats.crossed import two_level
from llmx.stats.interval import normal_quantile, two_sided_z
from llmx.stats.permutation import permutation_test
from llmx.stats.student import two_sided_t

N = 200
ABOVE = {"test": "more_accurate", "arms": ["a"], "control": "b"}


def shifted(gains=(30, 2, 4)):
    """Seeds that gain 15, 1 and 2 points: many problems say so, and three seeds do not."""
    base = np.zeros((N, len(gains)), dtype=bool)
    base[100:] = True
    mine = base.copy()
    for seed, gain in enumerate(gains):
        mine[seed * 30 : seed * 30 + gain, seed] = True
    return mine, base


def test_the_same_answers_are_shown_of_a_sampler_and_not_of_trainings():
    mine, base = shifted()
    drawn = verdict(ABOVE, {"a": answered(mine), "b": answered(base)})
    assert (drawn.word, drawn.seeds, drawn.problems) == ("shown here", 3, N)
    taught = verdict(ABOVE, {"a": answered(mine, trained=True), "b": answered(base, trained=True)})
    assert (taught.word, taught.p) == ("not shown here", None)
    assert taught.numbers[0].span.low < 0 < drawn.numbers[0].span.low
    assert drawn.numbers[0].p < 0.001 < 0.05 < taught.numbers[0].p


@pytest.mark.parametrize("which", ["a", "b"])
def test_a_pair_is_of_trainings_if_either_arm_is(which):
    mine, base = shifted()
    arms = {"a": answered(mine, trained=which == "a"), "b": answered(base, trained=which == "b")}
    assert verdict(ABOVE, arms).word == "not shown here"


def test_trainings_that_agree_are_shown():
    mine, base = shifted((30, 28, 33))
    taught = verdict(ABOVE, {"a": answered(mine, trained=True), "b": answered(base, trained=True)})
    assert taught.word == "shown here" and taught.p == taught.numbers[0].p < 0.01


@pytest.mark.parametrize("trained", [True, False])
def test_interval_and_p_of_the_table_are_those_of_what_is_counted(trained):
    mine, base = shifted()
    one, other = answered(mine, trained=trained), answered(base)
    found, gaps = difference(one, other), mine.astype(float) - base
    own = two_level(gaps) if trained else two_level(gaps.mean(1))
    ends = (own.interval.low, own.interval.high)
    assert (found.score.low, found.score.high) == pytest.approx(ends)
    assert found.p_value == (own.p_value() if trained else permutation_test(gaps.mean(1)))
    table = paired_table(one, other)
    assert counted(table, table.gaps(correct)).shape == ((N, 3) if trained else (N,))


def test_what_three_seeds_would_find_is_as_wide_as_their_interval():
    """By hand: Student's interval over 40 problems' means, and the normal law's 80 % on top."""
    dice = np.random.default_rng(5)
    mine, base = dice.random((2, 40, 3)) < 0.5
    means = (mine.astype(float) - base).mean(1)
    reach = two_sided_t(0.95, 39) * means.std(ddof=1) / 40**0.5
    found = difference(answered(mine), answered(base))
    assert found.seeds == 3
    assert found.detectable == pytest.approx(reach * (1 + normal_quantile(0.8) / two_sided_z(0.95)))


def test_lengths_of_trainings_count_seeds():
    dice = np.random.default_rng(3)
    base = dice.integers(40, 60, (N, 3))
    mine = base + np.array([9, 0, 1])
    right = np.arange(N)[:, None].repeat(3, 1) % 2 == 0
    finding = {"test": "length_inflation", "arms": ["a"], "reference": "b"}
    for trained, word in ((False, "shown here"), (True, "not shown here")):
        arms = {"a": answered(right, mine, trained), "b": answered(right, base, trained)}
        found = verdict(finding, arms)
        assert found.word == word
        # Interval and p value are of the same test.
        assert found.numbers[0].span.above(1) == (found.numbers[0].p < 0.05) == (not trained)


def lone(first, second, **more):
    return {"a": answered(first, trained=True, **more), "b": answered(second, trained=True)}


ONE = np.arange(N) % 2 == 0
RISE, FALL, SAME = beside(40, 10), beside(10, 40), (ONE, ONE)
CUT = Streams.model_validate(
    {
        "arms": [
            {"arm": "b", "times": (1.0,) * 9},
            {
                "arm": "a",
                "times": (0.05,) * 9,
                "ttft_cut": {"low": 0.95, "estimate": 0.95, "high": 0.95},
            },
        ]
    }
)
MOVED = TrainedArm(arm="a", gain=Span(estimate=0.1, low=0.05, high=0.15), gain_p=0.001)
KNOWN = Trained(
    arms=(MOVED,), predicts=Span(estimate=0.1, low=-0.2, high=0.4), predicts_reliability=(0.9, 0.9),
    predicts_arms=("a", "b"), predicts_seeds=1,
)  # fmt: skip
FAST = [*blocks("a", [4.0] * 10), *blocks("b", [5.0] * 10)]
LONE = [
    (ABOVE, lone(*RISE), {}, "shown here"),
    (ABOVE, lone(*FALL), {}, "contradicted here"),
    ({**ABOVE, "test": "beats_control"}, lone(*RISE), {}, "shown here"),
    ({"test": "ranking_at_equal_share", "arms": ["a", "b"]}, lone(*RISE), {}, "shown here"),
    ({"test": "optimum", "arms": {"a": 1, "b": 0}, "expected": 1}, lone(*RISE), {}, "shown here"),
    (
        {"test": "optimum", "arms": {"a": 1, "b": 0}, "expected": 0},
        lone(*RISE),
        {},
        "contradicted here",
    ),
    ({"test": "lossless", "arm": "a", "target": "b"}, lone(*SAME), {}, "shown here"),
    ({"test": "lossless", "arm": "a", "target": "b"}, lone(*FALL), {}, "contradicted here"),
    (
        {"test": "length_inflation", "arms": ["a"], "reference": "b"},
        lone(*SAME, tokens=70),
        {},
        "shown here",
    ),
    (
        {"test": "length_inflation", "arms": ["a"], "reference": "b"},
        lone(*SAME, tokens=30),
        {},
        "contradicted here",
    ),
    (
        {"test": "non_inferior_and_faster", "arms": ["a"], "reference": "b"},
        lone(*SAME),
        {"timed": FAST},
        "shown here",
    ),
    ({"test": "first_token_cut", "arms": ["a"]}, lone(*SAME), {"streams": CUT}, "shown here"),
    (
        {"test": "first_token_cut", "arms": ["a"], "aim": 0.99},
        lone(*SAME),
        {"streams": CUT},
        "contradicted here",
    ),
    ({"test": "poor_predictor"}, lone(*SAME), {"training": KNOWN}, "shown here"),
    (
        {"test": "poor_predictor", "bound": 0.7},
        lone(*SAME),
        {"training": KNOWN.model_copy(update={"predicts": Span(estimate=0.9, low=0.8, high=1)})},
        "contradicted here",
    ),
]


@pytest.mark.parametrize(("finding", "arms", "more", "word"), LONE)
def test_one_seed_of_a_training_is_never_shown_or_contradicted(finding, arms, more, word):
    found = verdict(finding, arms, **more)
    assert (found.word, found.leans, found.p) == ("indicative", word, None)
    assert f"points to *{word}*" in found.reason


@pytest.mark.parametrize(
    ("finding", "arms", "more", "word"), [one for one in LONE if one[0]["test"] != "poor_predictor"]
)
def test_one_seed_of_a_sampler_decides(finding, arms, more, word):
    drawn = {name: replace(arm, trained=False) for name, arm in arms.items()}
    found = verdict(finding, drawn, **more)
    assert (found.word, found.leans) == (word, None) and word in DECISIVE
    assert found.p is not None and found.p <= 0.05 and "One seed" not in found.reason


def test_an_arm_that_several_seeds_bear_out_decides_whatever_one_seed_of_another_says():
    mine, base = shifted((30, 28, 33))
    arms = {"a": answered(base, trained=True), "b": answered(mine, trained=True)}
    first = answered(mine, trained=True).seeds[0]
    arms["c"] = replace(first, seeds=(first,))
    found = verdict({**ABOVE, "arms": ["a", "c"]}, arms)
    assert (found.word, found.leans) == ("contradicted here", None)
    assert "indicative" not in found.reason
    arms["a"] = answered(mine, trained=True)
    weaker = verdict({**ABOVE, "arms": ["a", "c"]}, arms)
    assert weaker.word == "not shown here"


def test_speeds_of_trained_models_decide_nothing_however_many_seeds():
    """Rounds are of these models: they say nothing of how fast another training would be."""
    right = np.arange(400)[:, None].repeat(3, 1) % 2 == 0
    finding = {"test": "non_inferior_and_faster", "arms": ["a"], "reference": "b"}
    for trained, word in ((True, "indicative"), (False, "shown here")):
        arms = {name: answered(right, trained=trained) for name in "ab"}
        found = verdict(finding, arms, FAST)
        assert (found.word, found.seeds, found.rounds) == (word, 3, 10)
        assert ("Speed of trained models: indicative" in found.reason) == trained


def test_the_range_of_the_best_is_not_narrowed_by_one_seed():
    finding = {"test": "optimum", "arms": {"a": 1, "b": 0}, "expected": 1}
    known = verdict(finding, lone(*RISE)).numbers[0]
    assert (known.span.low, known.span.high, known.p) == (0, 1, None)
    drawn = {name: replace(arm, trained=False) for name, arm in lone(*RISE).items()}
    sure = verdict(finding, drawn).numbers[0]
    assert (sure.span.low, sure.span.high) == (1, 1) and sure.p == pytest.approx(0, abs=1e-4)


def test_arms_are_of_trainings_where_nobody_says_otherwise():
    assert ArmFiles().trained
    members = {f"a@seed={n}": answered([1, 0], trained=n == 1) for n in range(2)}
    assert pool(Gathered(members)).arms["a"].trained
    assert not pool(Gathered({k: answered([1, 0]) for k in members})).arms["a"].trained
