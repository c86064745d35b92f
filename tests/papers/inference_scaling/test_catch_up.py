"""The floor of a pair of arms, and methods at one budget."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import DataError
from llmx.papers.inference_scaling.floor import catch_up
from llmx.papers.inference_scaling.matched import at_budget, cheapest_within, compared
from llmx.papers.inference_scaling.points import MethodPoint
from llmx.stats import holm, paired_difference

P = 200


def arm(mean, size=1, *, spread=0.3, seed=0, method="majority", cost=None, problems=P):
    """A point whose problems' accuracies have that mean, to rounding."""
    rng = np.random.default_rng(seed)
    noise = rng.uniform(-spread, spread, problems)
    values = mean + noise - noise.mean()
    spent = np.full(problems, float(size if cost is None else cost))
    return MethodPoint("weak", method, size, values, {"completion": spent})


def curve(*gaps):
    """The weaker's points at 1, 2, 4 …: that much above a stronger arm of 0.5."""
    return [arm(0.5 + gap, 2**at, seed=at + 1) for at, gap in enumerate(gaps)]


STRONG = arm(0.5, cost=3.0)


def test_a_curve_that_plainly_crosses_has_one_answer():
    found = catch_up(curve(-0.3, -0.2, 0.2, 0.3), STRONG, resamples=500)
    assert (found.smallest, found.low, found.high) == (4, 4, 4)
    assert found.ratio.estimate == pytest.approx(4 / 3)
    assert not found.never
    assert found.p_never == 1.0


def test_what_is_near_is_in_the_interval():
    found = catch_up(curve(-0.3, -0.005, 0.005, 0.3), STRONG, resamples=500)
    assert (found.smallest, found.low, found.high) == (4, 2, 8)
    # Nothing rules out that the last size is below as well.
    found = catch_up(curve(-0.3, -0.2, -0.1, 0.005), STRONG, resamples=500)
    assert (found.smallest, found.low, found.high) == (8, 8, None)


def test_no_size_catches_up_and_the_cost_of_the_last_is_said():
    found = catch_up(curve(-0.3, -0.2, -0.1), STRONG, resamples=500)
    assert (found.smallest, found.low, found.high) == (None, None, None)
    assert found.never
    assert found.p_never < 0.05
    assert found.ratio.estimate == pytest.approx(4 / 3)


def test_a_curve_that_falls_again_keeps_its_first_crossing():
    found = catch_up(curve(-0.3, 0.2, -0.3), STRONG, resamples=500)
    assert (found.smallest, found.low, found.high) == (2, 2, 2)


def test_alike_is_not_below():
    weaker = [MethodPoint("weak", "majority", 1, STRONG.accuracy, STRONG.costs)]
    found = catch_up(weaker, STRONG, resamples=500)
    assert found.smallest == found.low == 1
    found = catch_up(curve(-0.2, 0.0), STRONG, resamples=500)  # but for rounding
    assert found.smallest == 2
    assert found.p_never == 1


@given(st.lists(st.integers(-12, 12), min_size=1, max_size=5), st.sampled_from([0.8, 0.95]))
@settings(max_examples=count(25, 500))
def test_the_interval_holds_what_the_differences_do_not_rule_out(gaps, level):
    weaker = curve(*(gap / 100 for gap in gaps))
    found = catch_up(weaker[::-1], STRONG, level=level, resamples=300)
    ends = [
        paired_difference(one.accuracy, STRONG.accuracy, level=level, resamples=300).difference
        for one in weaker
    ]
    assert found.sizes == tuple(one.size for one in weaker)
    assert list(found.differences) == ends
    held = [
        size
        for at, size in enumerate(found.sizes)
        if ends[at].high >= 0 and all(end.low <= 0 for end in ends[:at])
    ]
    held += [None] if all(end.low <= 0 for end in ends) else []
    assert (found.low, found.high) == (held[0], held[-1])
    reached = [one.size for one in weaker if one.mean >= STRONG.mean - 1e-12]
    assert found.smallest == (reached[0] if reached else None)
    assert found.never == (found.p_never < 1 - level)


def test_problems_of_a_cluster_are_drawn_together():
    labels = np.repeat(np.arange(20), 10).tolist()
    noise = np.repeat(np.linspace(-0.4, 0.4, 20), 10)
    weaker = [MethodPoint("weak", "majority", 1, STRONG.accuracy + noise - 0.06, STRONG.costs)]
    assert catch_up(weaker, STRONG, resamples=500).never
    assert not catch_up(weaker, STRONG, clusters=labels, resamples=500).never


OTHER = arm(0.4, problems=P + 1)


@pytest.mark.parametrize(
    ("weaker", "kind", "message"),
    [
        ([], "completion", "a floor needs each size once, not []"),
        ([arm(0.4, 2), arm(0.5, 2)], "completion", "each size once, not [2, 2]"),
        ([arm(0.4)], "flops", "nobody counted flops of majority"),
        ([OTHER], "completion", "have not the same problems"),
    ],
)
def test_what_has_no_floor_is_said_in_a_line(weaker, kind, message):
    with pytest.raises(DataError) as caught:
        catch_up(weaker, STRONG, kind=kind)
    assert message in caught.value.message
    assert caught.value.hint


def methods():
    return [
        *(arm(0.5 + at / 50, 2**at, seed=at) for at in range(4)),
        arm(0.55, 4, method="best_of", cost=9.0, seed=7),
        arm(0.52, 2, method="best_of", cost=5.0, seed=8),
        arm(0.7, 2, method="revise", cost=8.0, seed=9),
        arm(0.7, 4, method="revise", cost=8.0, seed=9),
        MethodPoint("weak", "free", 1, np.ones(P), {}),
    ]


def test_a_budget_buys_each_method_its_dearest_point():
    found = at_budget(methods(), "completion", 8.0)
    assert [(one.method, one.size) for one in found] == [
        ("majority", 8),
        ("best_of", 2),
        ("revise", 4),
    ]
    assert [one.method for one in at_budget(methods(), "completion", 4.5)] == ["majority"]
    assert at_budget(methods(), "completion", 0.5) == []


def test_methods_at_a_budget_are_corrected_for_their_number():
    plain = arm(0.5, 8, seed=1)
    others = [
        arm(0.5 + gap, 8, method=name, seed=9)
        for name, gap in (("a", 0.045), ("b", 0.06), ("c", 0.0), ("d", -0.05))
    ]
    found = compared([plain, *others], plain, resamples=1000)
    assert [one.point.method for one in found] == ["a", "b", "c", "d"]
    assert [one.adjusted for one in found] == holm([one.p_value for one in found])
    for one, other in zip(found, others, strict=True):
        gap = paired_difference(other.accuracy, plain.accuracy, resamples=1000).difference
        assert one.difference == gap
        assert (one.p_value < 0.05) == (gap.above(0) or gap.below(0))
    assert found[0].adjusted > found[0].p_value


def test_the_cheapest_near_the_best():
    points = methods()[:-1]
    assert cheapest_within(points, "completion", 0.0).method == "revise"
    near = cheapest_within(points[:4], "completion", 0.02)
    assert (near.method, near.size) == ("majority", 4)
    assert cheapest_within(points[:4], "completion", 0.9).size == 1
    unknown = [*points[:4], methods()[-1]]
    assert cheapest_within(unknown, "completion", 0.0).size == 8
