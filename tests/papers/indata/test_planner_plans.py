"""Plans in words, and the scorer that runs them."""

import json

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import random_program, random_world

from llmx.core.errors import DataError
from llmx.core.record import Record
from llmx.core.spec import DataSpec
from llmx.papers.indata.dataset import world_of
from llmx.papers.indata.planner.dataset import IndataPlans, symbols_of
from llmx.papers.indata.planner.plan_text import PlanSymbols, drawn_symbols, plan_text, read_plan
from llmx.papers.indata.planner.scorer import PlanScorer
from llmx.papers.indata.program import read_program
from llmx.papers.indata.taxonomy import canonical

SPEC = DataSpec(kind="indata_plans", test=18, options={"unanswerable": 0.2})
PLANS = IndataPlans(SPEC).split("test")


@given(st.randoms(use_true_random=False))
@settings(max_examples=count(20, 500))
def test_a_program_is_what_its_words_say(rng):
    world = random_world(rng, 5)
    program = random_program(rng, world)
    symbols = drawn_symbols(world.catalogue, rng)
    text = plan_text(program, symbols)
    again = read_plan(text, symbols)
    assert list(canonical(again).values()) == list(canonical(program).values())
    assert plan_text(again, symbols) == text


NUMBERS = (0, -2, 7, 0.5, -1.25, 1e-7, 12345)


@pytest.mark.parametrize("first", NUMBERS)
@pytest.mark.parametrize("second", NUMBERS)
def test_two_numbers_side_by_side_stay_two(first, second):
    symbols = PlanSymbols({}, {})
    given = {"a": first, "op": "lt", "b": second}
    program = read_program([{"name": "s1", "tool": "compare_scalars", "arguments": given}])
    text = plan_text(program, symbols)
    assert canonical(read_plan(text, symbols)) == canonical(program)


def scored(sample, text):
    said = {"prompt_ids": (), "completion_ids": (1,), "prompt": "", "finish": "eos", "rounds": 0}
    return PlanScorer().score(Record(id=sample.id, text=text, **said), sample)


def test_what_is_learned_is_right():
    assert {one.solution == "unknown" for one in PLANS} == {True, False}
    for one in PLANS:
        score = scored(one, one.solution)
        assert score.correct, one.solution
        assert score.values["valid_plan"] == 1
        assert score.values["same_plan"] == (one.solution != "unknown")


def test_a_plan_with_another_column_has_its_tools_and_not_its_answer():
    one = next(s for s in PLANS if "aggregate_column" in s.solution and s.id.startswith("test-e"))
    words = one.solution.split()
    place = words.index("aggregate_column") + 2
    numbers = [c.name for c in world_of(one).catalogue.tables[0].columns if c.type == "float"]
    others = [symbols_of(one).columns[name] for name in numbers]
    words[place] = next(symbol for symbol in others if symbol != words[place])
    score = scored(one, " ".join(words))
    assert not score.correct
    assert (score.values["same_tools"], score.values["same_plan"]) == (1, 0)


@pytest.mark.parametrize(
    "text", ["", "hello", "count_rows", "count_rows #1 #1", "filter_rows #1 @1 eq ( 1", "$1",
             "count_rows $1", "count_rows #1 ; ", "take_rows #1 1 . . 2", "unknown tool"],
)  # fmt: skip
def test_what_is_no_plan_is_unparsed_and_wrong(text):
    score = scored(PLANS[0], text)
    assert score.unparsed and not score.correct


def test_a_plan_that_reads_and_cannot_run_is_wrong():
    score = scored(PLANS[0], "count_rows #9")
    assert not score.correct


def test_symbols_are_drawn_anew_and_stand_for_what_the_prompt_says():
    assert len({json.dumps(one.metadata["symbols"], sort_keys=True) for one in PLANS}) > 8
    for one in PLANS:
        for symbol in symbols_of(one).columns.values():
            assert f" {symbol} " in one.question


def test_words_of_other_columns_are_not_taken_for_columns():
    with pytest.raises(DataError):
        read_plan("derive_date_part #1 !1 @1 !1", PlanSymbols({"t": "#1"}, {"d": "@1"}))
