"""The loosest threshold that keeps an accuracy: found, never past one that failed."""

from itertools import pairwise
from math import inf, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_decode_calibrate import DRAFT, FUZZY, IDS, PROMPTS, TARGET

from llmx.decoding import DecodeOptions
from llmx.papers.fsd.calibrate import Solver, solve_shares
from llmx.papers.fsd.loosest import RUNGS, loosest, paired_loss, rungs, within

TRIES = 8


def asked_of(passes, size, tries=TRIES):
    """Return what was found, and what was tried: rung → whether it passed."""
    tried = {}

    def passing(rung):
        assert rung not in tried, "tried twice"
        tried[rung] = passes(rung)
        return tried[rung]

    return loosest(passing, size, tries), tried


def test_eight_tries_find_every_edge():
    """Where tighter thresholds pass and looser ones fail, the last that passes is found."""
    for edge in range(RUNGS):
        found, tried = asked_of(lambda rung, edge=edge: rung <= edge, RUNGS)
        assert found == edge and len(tried) <= TRIES


@given(
    st.lists(st.booleans(), min_size=1, max_size=80),
    st.integers(min_value=1, max_value=12),
)
def test_what_is_found_has_passed_and_so_has_all_that_is_tighter(passed, tries):
    """Accuracy on a few problems rises and falls: nothing is taken from behind a failure."""
    found, tried = asked_of(passed.__getitem__, len(passed), tries)
    assert len(tried) <= tries and 0 not in tried
    assert found == 0 or tried[found]
    assert all(passes == (rung <= found) for rung, passes in tried.items())


def test_a_lucky_loose_threshold_behind_a_failure_is_not_tried():
    found, tried = asked_of(lambda rung: rung != 32, RUNGS)
    assert found == 31 and max(tried) == 32


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_few_thresholds_are_all_told_apart(size):
    for edge in range(size):
        assert asked_of(lambda rung, edge=edge: rung <= edge, size)[0] == edge


def test_a_loss_is_counted_problem_by_problem():
    lossless, found = [True, True, True, False], [True, False, False, True]
    loss = paired_loss(lossless, found)
    assert (loss.accuracy, loss.loss) == (0.5, 0.25)
    gaps = [0, 1, 1, -1]
    spread = sum((gap - 0.25) ** 2 for gap in gaps) / 3
    assert loss.standard_error == pytest.approx(sqrt(spread / 4))


def test_a_loss_of_other_problems_is_none():
    with pytest.raises(ValueError, match="longer"):
        paired_loss([True], [True, False])
    with pytest.raises(ValueError, match="no problem"):
        paired_loss([], [])


@pytest.mark.parametrize(
    ("lost", "kept"),
    [(0, True), (1, True), (2, False), (-3, True)],
    ids=["none", "all", "more", "gain"],
)
def test_a_loss_may_be_as_large_as_asked(lost, kept):
    n = 100
    lossless = [True] * 50 + [False] * 50
    found = [True] * (50 - lost) + [False] * (50 + lost)
    assert within(paired_loss(lossless, found), 1 / n) is kept


def even(least=0.5, most=0.9):
    """A rule whose distance is the share itself, between two ends."""
    return Solver(None, lambda share: (min(max(share, least), most),) * 2)  # type: ignore[arg-type]


def test_rungs_are_even_in_what_the_target_gives():
    found = rungs(even(), 5)
    assert found[0] == 0.5 and found[-1] == 0.9
    own = [1 - one for one in found]
    ratios = [after / before for before, after in pairwise(own)]
    assert ratios == pytest.approx([ratios[0]] * 4)


RULES = {
    "research": FUZZY,
    "fallback": DecodeOptions("fuzzy", semantics="fallback", max_tokens=60, gamma=5, eos_ids=(11,)),
    "cascade": DecodeOptions("cascade", max_tokens=40, gamma=5, eos_ids=(11,)),
    "fly": DecodeOptions("fly", window=1, max_tokens=40, gamma=5, eos_ids=(11,)),
    "random": DecodeOptions("random", max_tokens=40, gamma=5, eos_ids=(11,)),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_rungs_of_a_rule_go_from_its_strictest_to_its_loosest(rule):
    options = RULES[rule]
    found = rungs(solve_shares(TARGET, DRAFT, PROMPTS[:16], IDS[:16], options, 0))
    assert found == sorted(set(found)) and 10 < len(found) <= RUNGS
    ends = (0, 1) if rule == "random" else (-inf, inf)
    assert (found[0], found[-1]) == pytest.approx(ends)
