"""Laws of the report on trainings: an arm against itself, what is missing, and escaping."""

import re
from dataclasses import replace

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from trainings import arms, half, run

from llmx.report.training.build import build, shown, steady
from llmx.report.training.evidence import SeedRun
from llmx.report.training.outputs import accuracy_gap, backtracks_gap, outputs
from llmx.report.training.page import html, markdown, pictures
from llmx.report.training.prediction import Prediction, prediction
from llmx.stats.mcnemar import mcnemar_exact

RIGHT = st.lists(st.booleans(), min_size=2, max_size=30)


def report(found=None, **more):
    settings = {"title": "T", "references": {}, "reference": "k0", "window": 3, "collapse": 0.5}
    return build(found or arms(), **(settings | more))


@given(RIGHT)
@settings(max_examples=count(30, 500))
def test_an_arm_differs_from_itself_by_nothing(right):
    one, other = (half(right, [1] * len(right), seed=seed) for seed in ("", "seed=1"))
    gap = accuracy_gap([one], [one])
    assert gap is not None and gap.estimate == 0 and gap.low <= 0 <= gap.high
    same = accuracy_gap([one, other], [one, other])
    assert same is not None and same.estimate == 0 and same.low < 0 < same.high
    unchanged = backtracks_gap([SeedRun("k", before=one, after=one)])
    assert unchanged is not None and (unchanged.low, unchanged.high) == (0, 0)


@given(RIGHT, RIGHT)
@settings(max_examples=count(30, 500))
def test_a_gain_is_the_difference_of_the_accuracies_and_turns_with_them(first, second):
    size = min(len(first), len(second))
    one, other = half(first[:size], [0] * size), half(second[:size], [0] * size)
    there, back = accuracy_gap([one], [other]), accuracy_gap([other], [one])
    assert there.estimate == pytest.approx((sum(first[:size]) - sum(second[:size])) / size)
    assert there.estimate == pytest.approx(-back.estimate)
    assert there.low == pytest.approx(-back.high)


def test_seeds_of_two_arms_are_paired_by_their_names():
    def arm(shares):
        return [half([p < n for p in range(10)], [0] * 10, seed=f"seed={s}") for s, n in shares]

    gap = accuracy_gap(arm([(1, 6), (2, 8)]), arm([(0, 0), (1, 5), (2, 5)]))
    assert gap.estimate == pytest.approx((0.1 + 0.3) / 2)


def test_outputs_by_hand():
    found = outputs([half([True, False, False, True], [0, 2, 1, 1], cut=1)])
    assert (found.problems, found.accuracy.estimate, found.form.estimate) == (4, 0.5, 0.5)
    assert (found.cut.estimate, found.backtracks.estimate, found.whole.estimate) == (0.25, 1, 0.5)
    assert found.tokens.estimate == 23
    assert found.backtracks.low < 1 < found.backtracks.high


def test_every_arm_is_compared_with_the_reference_but_the_reference():
    made = report()
    assert made.arm("k0").versus is None and made.arm("k0").against is None
    assert all(one.versus is not None for one in made.arms if one.arm != "k0")
    assert made.arm("k1").seeds == 3 and len(made.arm("k1").steady) == 3


def test_a_reference_of_its_own_stands_above_the_common_one():
    made = report(references={"k3": "k1"})
    assert made.arm("k3").against == "k1" and made.arm("k1").against == "k0"


def test_an_arm_with_nothing_is_no_error_and_no_row():
    made = report({"k0": (run("k0"),), "later": (SeedRun("later"),)})
    later = made.arm("later")
    assert (later.before, later.after, later.gain, later.versus, later.steady) == (None,) * 4 + (
        (),
    )
    assert "later" not in markdown(made)
    assert "indicative" in markdown(made)


def test_a_reward_that_falls_to_under_half_of_its_best_has_collapsed():
    def training(values):
        return SeedRun("k", rl=tuple({"step": n, "reward": v} for n, v in enumerate(values)))

    fell = steady(training([0, 0.5, 1.0, 0.5, 0.4]), 1, 0.5)
    assert (fell.best, fell.drop, fell.collapsed) == (1.0, pytest.approx(-0.6), True)
    held = steady(training([0, 0.5, 1.0, 0.5, 0.5]), 1, 0.5)
    assert not held.collapsed
    assert steady(training([0.0, 1.0, 3.0]), 1, 0.5).jitter == pytest.approx(0.5)
    assert not steady(training([0.0, 0.0]), 1, 0.5).collapsed
    assert steady(SeedRun("k"), 1, 0.5) is None


def test_accuracies_that_go_together_correlate_and_opposite_ones_do_the_opposite():
    def arm(before, after):
        sure = [place < before for place in range(20)], [place < after for place in range(20)]
        return (SeedRun("k", before=half(sure[0], [0] * 20), after=half(sure[1], [0] * 20)),)

    up = {f"k{n}": arm(4 * n + 4, 4 * n + 6) for n in range(4)}
    down = {f"k{n}": arm(4 * n + 4, 18 - 4 * n) for n in range(4)}
    assert prediction(up).span.estimate == pytest.approx(1)
    assert prediction(down).span.estimate == pytest.approx(-1)
    assert prediction(up).arms == ("k0", "k1", "k2", "k3") and prediction(up).seeds == 1
    assert prediction({name: up[name] for name in ("k0", "k1", "k2")}) == Prediction()


def test_arms_are_correlated_over_the_seeds_that_all_have():
    def arm(name, *shares):
        sure = [(seed, [place < n for place in range(20)]) for seed, n in shares]
        halves = [(seed, half(right, [0] * 20, seed=f"seed={seed}")) for seed, right in sure]
        return tuple(SeedRun(f"{name}@seed={seed}", before=one, after=one) for seed, one in halves)

    few = {f"k{n}": arm(f"k{n}", (1, 4 * n + 6), (2, 4 * n + 6)) for n in range(3)}
    every = few | {"k3": arm("k3", (0, 14), (1, 16), (2, 16))}
    paired = few | {"k3": arm("k3", (1, 16), (2, 16))}
    assert prediction(every) == prediction(paired) and prediction(every).seeds == 2
    apart = few | {"k3": arm("k3", (0, 12))}
    assert prediction(apart) == Prediction()


def test_arms_that_were_broken_or_fell_to_the_floor_at_both_times_are_no_part_of_a_correlation():
    def arm(before, after):
        sure = [place < before for place in range(20)], [place < after for place in range(20)]
        return (SeedRun("k", before=half(sure[0], [0] * 20), after=half(sure[1], [0] * 20)),)

    good = {f"k{n}": arm(4 * n + 4, 18 - 4 * n) for n in range(5)}
    fallen = good | {"low": arm(0, 0)}
    assert prediction(fallen) == prediction(good) and "low" not in prediction(fallen).arms
    risen = prediction(good | {"low": arm(0, 12)})
    assert "low" in risen.arms and risen.span.estimate > prediction(good).span.estimate
    made = report(good, broken=["k4", "k9"])
    assert (made.predicts_arms, made.broken) == (("k0", "k1", "k2", "k3"), ("k4",))
    assert made.arm("k4").gain is not None


def test_what_training_moved_has_a_p_value_that_counts_seeds():
    made = report(arms())
    assert all(
        (one.gain_p <= 0.05) == (one.gain.above(0) or one.gain.below(0)) for one in made.arms
    )
    before, after = (
        half([True] * 4 + [False] * 16, [0] * 20),
        half([True] * 11 + [False] * 9, [0] * 20),
    )
    single = report({"k0": (SeedRun("k0", before=before, after=after),)}).arm("k0")
    assert single.gain_p == pytest.approx(mcnemar_exact(7, 0), abs=1e-9)
    assert report({"k0": (SeedRun("k0"),)}).arm("k0").gain_p is None


def test_the_report_says_of_a_correlation_how_reliable_it_is():
    made = report()
    before, after = made.predicts_reliability
    assert f"reliability {before:.2f} before and {after:.2f} after" in markdown(made)
    assert made.predicts_seeds == 3 and len(made.predicts_arms) == 5
    assert ("differ too little" in markdown(made)) == (min(before, after) < 0.5)
    undecided = made.model_copy(update={"predicts_reliability": (0.4, 0.9)})
    assert "the arms differ too little (reliability 0.40" in markdown(undecided)


def test_what_a_model_writes_is_escaped():
    wicked = "<script>alert(1)</script> & <b>\"'"
    one = run("k0")
    row = {**one.shown[0], "completion": wicked, "prompt": wicked, "row": wicked}
    found = {"k0": (replace(one, shown=(row,)),)}
    page = html(report(found, title=wicked), shown(found, ["k0"]))
    assert "<script" not in page and "<b>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;") >= 3


def test_the_page_holds_every_picture_table_and_chosen_rollout():
    found = arms()
    made = report(found)
    page = html(made, shown(found, ["k1"]))
    assert page.count('class="llmx-plot"') == len(pictures(made)) == len(made.curves) == 11
    assert page.count('class="rollout') == len(found["k1"][0].shown) >= 12
    for name in made.curves:
        assert f"]({name}.svg)" in markdown(made)
    assert not re.search(r'(src|href)="http', page)


def test_several_seeds_have_a_band_and_one_has_none():
    several = pictures(report())["reward"]
    alone = pictures(report({"k0": (run("k0"),)}))["reward"]
    assert several.count('fill-opacity="0.14"') == 5
    assert "fill-opacity" not in alone


def test_equal_trainings_give_equal_bytes():
    assert markdown(report()) == markdown(report())
    assert html(report(), {}) == html(report(), {})


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("right", [True, False])
def test_no_interval_is_empty_because_all_answers_are_alike(right, seeds):
    found = outputs([half([right] * 6, [0] * 6, seed=f"seed={n}") for n in range(seeds)])
    for span in (found.accuracy, found.form, found.cut, found.whole):
        assert span.low < span.high and span.low >= 0 and span.high <= 1
