"""The number of problems is a fixed function of the specification."""

import pytest

from llmx.config.compose import compose
from llmx.stages.budget import seconds_per_problem, size_notes, size_problems


def sized(*overrides, limit=None):
    spec = size_problems(compose("fsd_gsm8k", list(overrides)), limit)
    (problems,) = {arm.scale.problems for arm in spec.arms.values()}
    return problems, size_notes(spec)


def test_the_same_command_asks_for_the_same_problems_in_steps():
    assert sized() == sized()
    assert sized()[0] % 32 == 0


def test_a_larger_budget_pays_for_more_and_never_for_more_than_there_are():
    counts = [sized(f"scale.budget_seconds={s}")[0] for s in (1, 100, 200, 400, 100000)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (32, 1200)


@pytest.mark.parametrize(
    ("wanted", "limit", "got"), [(50, None, 50), (50, 7, 7), (5000, None, 1200)]
)
def test_numbers_that_are_given_are_taken(wanted, limit, got):
    assert sized(f"scale.problems={wanted}", limit=limit)[0] == got


def test_the_smallest_difference_that_can_be_found_is_said():
    (note,) = sized("scale.problems=480")[1]
    assert "480 problems" in note and "points" in note


def test_a_batch_is_cheaper_a_problem_than_one_alone():
    arm = compose("fsd_gsm8k").arms["target"]
    assert seconds_per_problem(arm) < seconds_per_problem(arm, batch_size=1)
