"""`style: authors` against what was measured on the released generators (backtracking.md).

Theirs are of 3,000 Countdown, 300 Sudoku and 2,000 Arc 1D problems (counted as one excursion each);
ours are of fewer, of another version of the generators, and after a description that leaves
readings open. So a share may be four standard errors off, of both samples together, and a mean of
Sudoku a quarter: how the released search tree loses its links is our reading, and it keeps a few
more detours.
"""

from collections import Counter
from math import sqrt
from statistics import fmean

import pytest
from problems import MANY, traced

from llmx.papers.backtracking.traces.arc_rules import RULES
from llmx.papers.backtracking.traces.events import Place, Return, backtracks


def excursions(events):
    """Yield the step that each excursion goes back to, and all moves that stood at its end."""
    standing = []
    for event in events:
        if isinstance(event, Place):
            standing.append(event.move)
        elif isinstance(event, Return):
            yield event.to, tuple(standing)
            del standing[event.to :]


def near(found, published, ours, theirs):
    error = sqrt(published * (1 - published) * (1 / ours + 1 / theirs))
    return abs(found - published) < 4 * error


@pytest.mark.slow
def test_wrong_suffixes_of_countdown_reuse_numbers_and_hit_the_target_as_often():
    reuse = hits = count = 0
    for one in traced("countdown", MANY, True, k=3, style="authors"):
        for _, moves in excursions(one.events):
            used = Counter([moves[0].left, *(move.right for move in moves)])
            count += 1
            reuse += used != Counter(one.puzzle.numbers)
            hits += moves[-1].value == one.puzzle.target
    assert count == 3 * MANY
    assert near(reuse / count, 0.71, count, 3_000)
    assert hits > 0 and near(hits / count, 0.0076, count, 3_000)


@pytest.mark.slow
@pytest.mark.parametrize(("k", "published"), [(1, 0.9), (3, 2.5), (5, 3.6), (10, 4.5)])
def test_sudoku_has_fewer_backtracks_than_are_asked_for_by_as_much(k, published):
    told = traced("sudoku", MANY, True, k=k, style="authors")
    found = [backtracks(one.events) for one in told]
    assert max(found) <= k
    assert abs(fmean(found) - published) < published / 4


def test_rejected_rules_of_arc_give_all_examples_as_often():
    told, fits = traced("arc_1d", 1_000, True, k=3, style="authors"), 0
    for one in told:
        for _, (guess, *_) in excursions(one.events):
            rule = RULES[guess.rule].apply
            fits += all(rule(given) == shown for given, shown in one.puzzle.examples)
    assert near(fits / (3 * len(told)), 0.018, 3 * len(told), 2_000)


@pytest.mark.parametrize("kind", ["countdown", "arc_1d"])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 10])
def test_chains_and_rules_have_three_excursions_at_most(kind, k):
    for one in traced(kind, 20, k=k, style="authors"):
        assert backtracks(one.events) == min(k, 3)


def test_excursions_of_countdown_come_in_the_order_of_what_is_settled():
    for one in traced("countdown", 40, k=3, style="authors"):
        steps = [step for step, _ in excursions(one.events)]
        assert steps == sorted(steps)


def test_the_rules_of_arc_are_nested_in_k():
    sets = [traced("arc_1d", 20, k=k, style="authors") for k in (1, 2, 3)]
    for few, more, most in zip(*sets, strict=True):
        rules = [[moves[0] for _, moves in excursions(one.events)] for one in (few, more, most)]
        assert rules[0] == rules[2][:1] and rules[1] == rules[2][:2]
