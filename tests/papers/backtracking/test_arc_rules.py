"""Every rule of the table gives what the generator's examples show."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasoning_gym.arc.arc_1d_tasks import ARC_1D_TASKS

from llmx.papers.backtracking.traces.arc_moves import (
    gravity_weighted,
    reflect_block,
    sort_blocks,
    touch_dot,
)
from llmx.papers.backtracking.traces.arc_rules import RULES, mirrored


def test_every_rule_of_the_generator_is_there_in_other_words():
    assert set(RULES) == set(ARC_1D_TASKS)
    assert len({rule.words for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_gives_the_examples(name):
    task, settings_ = ARC_1D_TASKS[name]
    rng, found = Random(name), 0
    while found < 60:
        example = task(rng, rng.randint(10, 30), **settings_)
        if example is not None:
            found += 1
            assert RULES[name].apply(tuple(example["input"])) == tuple(example["output"])


@given(st.lists(st.integers(0, 9), min_size=8, max_size=30), st.sampled_from(sorted(RULES)))
def test_no_row_breaks_a_rule(row, name):
    output = RULES[name].apply(tuple(row))
    assert output is None or (len(output) == len(row) and set(output) <= set(range(10)))
    assert mirrored(mirrored(RULES[name].apply))(tuple(row)) == output


def wide_touch(row):
    return touch_dot(row, dot=5, most=None)


@pytest.mark.parametrize(
    ("rule", "row", "output"),
    [
        (sort_blocks, (1, 1, 0, 1, 0), (1, 0, 1, 1, 0)),
        (sort_blocks, (2, 2, 0, 1, 0), None),
        (sort_blocks, (1, 1, 0, 0, 0), None),
        (sort_blocks, (0, 0, 0, 0, 0), None),
        (reflect_block, (0, 1, 2, 0, 0), (0, 2, 1, 0, 0)),
        (reflect_block, (0, 1, 2, 0, 3), None),
        (gravity_weighted, (0, 1, 2, 0, 2), (2, 2, 1, 0, 0)),
        (gravity_weighted, (0, 1, 2, 0, 3), None),
        (wide_touch, (5, 0, 0, 3, 3), (5, 3, 3, 0, 0)),
        (wide_touch, (5, 0, 5, 3, 3), None),
        (wide_touch, (5, 0, 4, 0, 3), None),
        (wide_touch, (0, 0, 0, 3, 3), None),
    ],
)
def test_a_rule_is_for_rows_that_have_what_it_moves_and_no_others(rule, row, output):
    """Else a trace would apply it where a reader sees nothing to apply it to."""
    assert rule(row) == output
