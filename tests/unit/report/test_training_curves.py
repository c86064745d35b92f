"""Laws of learning curves: the band holds the mean, smoothing invents nothing, groups are told."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.report.curves import Line, curves
from llmx.report.training.build import build
from llmx.report.training.drawn import by_step, chosen, grouped, taught
from llmx.report.training.evidence import SeedRun
from llmx.report.training.page import band_note
from llmx.report.training.series import default_window, series, smooth

VALUES = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40)
WINDOWS = st.integers(1, 15)


@given(st.lists(VALUES, min_size=1, max_size=4), WINDOWS)
def test_a_band_holds_its_mean_at_every_step(seeds, window):
    found = series("k", [list(enumerate(values)) for values in seeds], window)
    assert found is not None and found.seeds == len(seeds)
    assert found.steps == tuple(map(float, range(min(map(len, seeds)))))
    for low, mean, high in zip(found.low, found.mean, found.high, strict=True):
        assert low <= mean <= high


@given(VALUES, WINDOWS)
def test_smoothing_stays_between_least_and_greatest_and_keeps_a_constant(values, window):
    found = smooth(values, window)
    assert len(found) == len(values)
    assert min(values) <= found.min() and found.max() <= max(values)
    assert list(smooth([values[0]] * 9, window)) == [values[0]] * 9


@given(VALUES)
def test_a_window_of_one_changes_nothing_but_rounding(values):
    assert smooth(values, 1) == pytest.approx(values, abs=1e-9)


def test_smoothing_by_hand():
    assert list(smooth([0, 3, 6, 0], 3)) == [1.5, 3, 3, 3]


@pytest.mark.parametrize("window", [2, 3])
def test_a_report_gives_the_width_that_was_averaged(window):
    rewards = (0.0, 3.0, 6.0, 0.0)
    curve = tuple({"step": step, "reward": value} for step, value in enumerate(rewards))
    made = build({"k": (SeedRun("k", rl=curve),)}, "T", {}, None, window, 0.5)
    assert made.window == 3 and "average over 3 points" in band_note(made)
    assert made.curves["reward"][0].mean == (1.5, 3.0, 3.0, 3.0)


@pytest.mark.parametrize(("points", "window"), [(0, 1), (19, 1), (40, 5), (300, 31)])
def test_the_default_window_is_odd_and_about_a_tenth(points, window):
    assert default_window(points) == window


def test_one_seed_is_its_own_band_and_seeds_without_a_common_step_have_no_curve():
    alone = series("k", [[(1, 2.0), (2, 4.0)]], 1)
    assert alone is not None and alone.low == alone.mean == alone.high == (2.0, 4.0)
    assert series("k", [[(1, 2.0)], [(2, 2.0)]], 1) is None
    assert series("k", [[], []], 1) is None


def row(step, name, form, right, text="", reward=None):
    rewards = {"format": 0.1 * form, "correct": 0.9 * right}
    total = sum(rewards.values()) if reward is None else reward
    return {"step": step, "row": name, "rewards": rewards, "reward": total, "completion": text}


@pytest.mark.parametrize(
    ("group", "word"),
    [
        ([(1, 0), (0, 0)], "form"),
        ([(1, 0), (1, 0)], "nothing"),
        ([(0, 0), (0, 0)], "nothing"),
        ([(1, 1), (1, 1)], "nothing"),
        ([(1, 1), (1, 0)], "answers"),
        ([(1, 1), (0, 0), (1, 0)], "answers"),
    ],
)
def test_what_a_group_teaches(group, word):
    assert taught([row(0, "a", *one) for one in group]) == word


def test_steps_are_counted_by_hand():
    rows = [
        *[row(0, "a", 1, 0, "back"), row(0, "a", 0, 0), row(0, "b", 1, 1), row(0, "b", 1, 1)],
        *[row(4, "a", 1, 1, "back back"), row(4, "a", 0, 0), row(4, "a", 0, 0), row(4, "a", 0, 0)],
    ]
    first, second = by_step(rows, 2, lambda text: text.count("back"))
    assert (first.step, first.groups, first.correct, first.form) == (1, 2, 0.5, 0.75)
    assert (first.returns, first.form_only, first.silent) == (0.25, 0.5, 0.5)
    # one prompt drawn twice at a step is two groups
    assert (second.step, second.groups, second.returns, second.form_only) == (5, 2, 0.5, 0.0)
    assert [len(group) for group in grouped(rows[4:], 2)] == [2, 2]


def test_a_reward_without_components_has_no_shares_and_no_form():
    (found,) = by_step([{"step": 0, "row": "a", "rewards": {"x": 1.0}, "reward": 1.0}], 1)
    assert (found.correct, found.form, found.form_only, found.returns) == (None, None, None, None)
    assert found.silent == 1.0


@given(st.integers(0, 30), st.integers(1, 9))
def test_chosen_rollouts_are_of_the_first_a_middle_and_the_last_step(wanted, steps):
    rows = [row(s, f"r{g}", 1, 0) for s in range(steps) for g in range(3) for _ in range(4)]
    found = chosen(list(range(steps)), lambda: rows, 4, wanted)
    assert {one["step"] for one in found} <= {0, steps // 2, steps - 1}
    assert bool(found) == (wanted > 0)
    if wanted >= 12:
        assert {one["step"] for one in found} == {0, steps // 2, steps - 1}


@given(st.text("ab", min_size=1, max_size=50))
def test_a_legend_leaves_room_for_its_names(name):
    drawn = curves([Line(name, [0, 1], [0, 1])], "x", "y", "t")
    at = max(float(x) for x in re.findall(r'<text x="([0-9.]+)"', drawn))
    assert at + 6 * len(name) <= 760
