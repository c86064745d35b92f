"""Every rule of the table gives what the generator's examples show."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasoning_gym.arc.arc_1d_tasks import ARC_1D_TASKS

from llmx.data.traces.arc_rules import RULES, mirrored


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
