"""A method that its model cannot follow says nothing of the method, and is named."""

import numpy as np
import pytest
from counts import count
from hypothesis import given
from hypothesis import strategies as st
from scaled import able, around, gap, plain, verdict
from scipy.stats import binom

from llmx.core.figure import Figure, Span
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.contrast import mean_gap

ARMS = ("worked", "small", "direct")
SIZES = {"revise": 2, "revise_vote": 2, "mixture": 4, "self_score": 2, "self_score_list": 2}


def lead(method, mean=0.8, arm="worked"):
    quantity = figure_names.matched("majority", method, "completion")
    return gap(quantity, around(mean), arm, setting="x", at=SIZES[method])


def right(method, share, at, arm="worked", half=0.04):
    span = Span(estimate=share, low=max(0.0, share - half), high=share + half)
    return Figure(
        quantity=figure_names.accuracy(method), arm=arm, span=span, unit="share", n=50, seeds=1,
        setting=figure_names.setting(method), at=at,
    )  # fmt: skip


def unscored(method, share, at=2, arm="worked"):
    return plain(figure_names.share_of("unscored", method), share, arm, setting="draws", at=at)


def cut(method, share, at, arm="worked"):
    return plain(figure_names.cut(method), share, arm, setting="x", at=at)


def at_least(*than, arms=("worked",)):
    return {"test": "at_least", "arms": list(arms), "than": list(than)}


WORKED = [*able("worked"), *able("small", 0.3), *able("direct", 0.3)]


def said(finding, *figures):
    return verdict(finding, [*WORKED, *figures], arms=ARMS)


@pytest.mark.parametrize(
    ("method", "figures", "word"),
    [
        ("revise", [right("revise", 0.0, 1)], "not testable here"),
        ("revise", [right("revise", 0.08, 1)], "not testable here"),  # its interval reaches 5 %
        ("revise", [right("revise", 0.1, 1)], "shown here"),
        ("revise", [right("revise", 0.6, 0), right("revise", 0.0, 1)], "not testable here"),
        ("revise", [right("revise", 0.0, 0), right("revise", 0.3, 1)], "shown here"),
        ("revise", [right("revise", 0.3, 1), right("revise", 0.0, 3)], "shown here"),
        ("revise", [right("revise", 0.0, 3), right("revise", 0.3, 1)], "shown here"),
        ("revise", [], "shown here"),
        ("revise_vote", [right("revise_vote", 0.4, 1), right("revise", 0.0, 1)],
         "not testable here"),  # half of the vote is the draw that was there
        ("revise_vote", [right("revise_vote", 0.4, 1), right("revise", 0.3, 1)], "shown here"),
        ("mixture", [right("mixture", 0.0, 1)], "not testable here"),
        ("self_score", [right("self_score", 0.6, 2), unscored("self_score", 0.51)],
         "not testable here"),
        ("self_score", [right("self_score", 0.6, 2), unscored("self_score", 0.5)], "shown here"),
        ("self_score_list", [unscored("self_score", 0.9)], "shown here"),  # of another judge
        ("self_score_list", [unscored("self_score_list", 0.9)], "not testable here"),
    ],
)  # fmt: skip
def test_what_a_model_cannot_follow_decides_nothing(method, figures, word):
    found = said(at_least(method), lead(method), *figures)
    assert found.word == word, found.reason
    named = figure_names.label("revise" if method == "revise_vote" else method)
    assert word == "shown here" or (named in found.reason and found.p is None)


def test_a_model_that_cannot_follow_is_named_with_its_rate():
    found = said(at_least("revise"), lead("revise"), right("revise", 0.0, 1))
    told = "`worked` (sequential revision is at the floor: 0.0 (0.0–4.0) % right"
    assert told in found.reason and "the model cannot follow it" in found.reason
    assert {one.what for one in found.numbers} == {
        f"{figure_names.accuracy('revise')} at 1 round", figure_names.CONSTANT,
    }  # fmt: skip
    both = said(at_least("revise", "revise_vote"), lead("revise"), right("revise", 0.0, 1))
    assert both.reason == found.reason
    judged = said(at_least("self_score"), lead("self_score"), unscored("self_score", 0.57))
    assert "without a score in 57.0 % of the replies" in judged.reason


def test_what_is_left_is_decided_and_what_is_not_is_named():
    """The other method is worse than the vote by far, the first one better: one of them counts."""
    figures = [lead("revise", -0.3), right("revise", 0.0, 1), lead("mixture", 0.2)]
    found = said(at_least("revise", "mixture"), *figures, right("mixture", 0.3, 2))
    assert found.word == "shown here" and "Left out" in found.reason
    assert "sequential revision is at the floor" in found.reason
    assert "from sequential revision" not in found.reason


def test_a_method_is_left_out_of_the_arms_that_cannot_follow_it_alone():
    finding = at_least("revise", arms=("worked", "small"))
    figures = [lead("revise", -0.3), right("revise", 0.0, 1), lead("revise", 0.2, "small")]
    found = said(finding, *figures, right("revise", 0.2, 1, "small"))
    assert found.word == "shown here" and "`small` +20.0" in found.reason
    assert {one.arm for one in found.numbers if "matched" in one.what} == {"small"}


def test_where_only_what_cannot_be_followed_ran_nothing_is_decided():
    found = said(at_least("revise", "mixture"), lead("revise"), right("revise", 0.0, 1))
    assert found.word == "not testable here"


def test_replies_that_the_cap_cut_are_said_to_be_so_and_hold_nothing_else_back():
    """Of a reply that never ended nobody knows whether the model would have followed."""
    floored = [lead("mixture"), right("mixture", 0.0, 2), cut("mixture", 1.0, 2)]
    found = said(at_least("mixture"), *floored)
    assert found.word == "not testable here"
    assert "100.0 % of its replies ended at the length cap" in found.reason
    others = [lead("revise", 0.2), right("revise", 0.3, 1)]
    both = said(at_least("mixture", "revise"), *floored, *others)
    assert both.word == "shown here" and "length cap" in both.reason
    cut_too = said(at_least("mixture", "revise"), *floored, *others, cut("revise", 0.5, 2))
    assert cut_too.word == "withheld"


CUTS = {"test": "truncation_hurts", "pairs": [["worked", "direct"]]}


def beside(mean, at, against=None):
    quantity = figure_names.BESIDE_SINGLE if against else figure_names.BESIDE_FULL
    return gap(quantity, around(mean), "worked", against, figure_names.KEPT, at)


@pytest.mark.parametrize(
    ("figures", "word", "told"),
    [
        ([right("truncate", 0.0, 100)], "not testable here", "truncated thinking is at the floor"),
        ([right("truncate", 0.6, 100)], "shown here", "With the least that was kept"),
        ([right("truncate", 0.0, 50)], "shown here", "With the least that was kept"),
        ([right("truncate", 0.0, 0)], "shown here", "the loss alone"),
        ([right("truncate", 0.6, 100), right("truncate", 0.0, 0)], "shown here", "(at the floor"),
        ([right("truncate", 0.2, 0)], "shown here", "With the least that was kept"),
    ],
)
def test_cut_thinking_at_the_floor(figures, word, told):
    """Lost by a cut is what is measured; to answer from nothing is what nobody taught the model."""
    found = said(CUTS, beside(-0.4, 50), beside(-0.3, 0, "direct"), *figures)
    assert found.word == word and told in found.reason, found.reason
    assert ("With the least" in found.reason) == told.startswith("With")


@given(st.floats(0, 1), st.floats(0, 0.2), st.floats(0, 1))
def test_a_method_below_the_floor_never_makes_a_word(share, half, mean):
    figures = [lead("revise", mean), right("revise", share, 1, half=half)]
    found = said(at_least("revise"), *figures)
    assert (found.word == "not testable here") == (max(0.0, share - half) <= 0.05)


@pytest.mark.parametrize("level", [0.09, 0.2])
def test_leaving_out_by_what_was_seen_makes_no_word_likelier(level):
    """Equal methods, near the floor and far from it: at most 5 % of runs say that one is worse."""
    rng, runs, size = np.random.default_rng(4), count(100, 2000), 120
    wrong = 0
    for _ in range(runs):
        vote, other = (rng.binomial(4, rng.beta(level * 3, (1 - level) * 3, size)) / 4
                       for _ in range(2))  # fmt: skip
        quantity = figure_names.matched("majority", "revise", "completion")
        own = mean_gap(other, [""] * size, bounds=(0.0, 1.0)).span
        seen = right("revise", 0.0, 1).model_copy(update={"span": own})
        found = said(at_least("revise"), gap(quantity, vote - other, setting="x", at=1), seen)
        wrong += found.word == "contradicted here"
    assert wrong <= binom.ppf(0.999, runs, 0.05)
