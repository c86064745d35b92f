"""Causes of wrong answers, by comparing programs: each of the thirteen, from a gold program."""

import pytest

from llmx.core.spec import DataSpec
from llmx.papers.indata.dataset import Indata
from llmx.papers.indata.program import (
    Program,
    ProgramShape,
    ProgramStep,
    read_program,
    shape_of,
)
from llmx.papers.indata.taxonomy import CAUSES, FailedAttempt, canonical, cause_of

WRITTEN = [
    ("f", "filter_rows", {"table": "t", "column": "x", "op": "gt", "value": 3}),
    ("r", "derive_rank", {"table": {"handle": "f"}, "new_column": "place", "column": "y"}),
    ("w", "filter_rows", {"table": {"handle": "r"}, "column": "place", "op": "le", "value": 5}),
    ("m", "aggregate_column", {"table": {"handle": "w"}, "column": "y", "op": "mean"}),
    ("a", "aggregate_column", {"table": "t", "column": "y", "op": "mean"}),
    ("s", "scalar_arithmetic", {"op": "sub", "a": {"handle": "m"}, "b": {"handle": "a"}}),
]


def made(steps):
    return read_program([{"name": n, "tool": t, "arguments": a} for n, t, a in steps])


GOLD = made(WRITTEN)


def changed(name, tool=None, **fields):
    steps = [(n, tool or t, {**a, **fields}) if n == name else (n, t, a) for n, t, a in WRITTEN]
    return made(steps)


def parted(program=None, answer=9.9, **more):
    return cause_of(FailedAttempt(program, answer, **more), GOLD, "float", 4.0)


def swapped():
    """Rank first and filter then."""
    return made([
        ("r", "derive_rank", {"table": "t", "new_column": "place", "column": "y"}),
        ("f", "filter_rows", {"table": {"handle": "r"}, "column": "x", "op": "gt", "value": 3}),
        ("w", "filter_rows", {"table": {"handle": "f"}, "column": "place", "op": "le", "value": 5}),
        *WRITTEN[3:],
    ])  # fmt: skip


def skipped():
    steps = [one for one in WRITTEN if one[0] not in ("r", "w")]
    return made([
        steps[0],
        ("m", "aggregate_column", {"table": {"handle": "f"}, "column": "y", "op": "mean"}),
        *steps[2:],
    ])  # fmt: skip


CASES = {
    "wrong_column": parted(changed("f", column="z")),
    "wrong_constant": parted(changed("f", value=4)),
    "null_or_tie": parted(changed("r", method="dense")),
    "wrong_tool": parted(changed("f", op="ge")),
    "wrong_order": parted(swapped()),
    "wrong_reference": parted(GOLD, handle="m"),
    "unit_or_rounding": parted(GOLD, 400.0),
    "head_arithmetic": parted(Program(GOLD.steps[:5]), 3.9),
    "premature_answer": parted(Program(GOLD.steps[:2]), 3.9),
    "malformed_call": parted(None, None, ending="malformed"),
    "budget": parted(GOLD, None, ending="turns"),
    "no_progress": parted(GOLD, None, ending="calls", repeated=6),
    "missing_step": parted(skipped()),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_is_told_by_the_first_call_that_parts(cause):
    assert CASES[cause] == cause


def test_there_are_thirteen():
    assert len(CAUSES) == 13 and set(CASES) == set(CAUSES)


def test_a_tool_that_is_none_of_the_gold_program_is_a_wrong_one():
    program = made([("c", "count_rows", {"table": "t"})])
    assert parted(program) == "wrong_tool"


def test_a_handle_that_was_stale_is_a_wrong_reference():
    assert parted(Program(GOLD.steps[:2]), errors=["stale_handle"]) == "wrong_reference"


def test_names_of_results_and_derived_columns_say_nothing():
    other = changed("r", new_column="rank_of_y")
    other = made([
        (n, t, {**a, "column": "rank_of_y"} if n == "w" else
         {**a, "new_column": "rank_of_y"} if n == "r" else a)
        for n, t, a in WRITTEN
    ])  # fmt: skip
    assert list(canonical(other).values()) == list(canonical(GOLD).values())


def test_a_gold_program_holds_all_of_its_own_calls():
    """Renamed handles: nothing is lost, so what is wrong is what was submitted."""
    for sample in Indata(DataSpec(kind="indata", test=12)).split("test"):
        gold = read_program(sample.metadata["program"])
        text = [ProgramStep(step.name, step.arguments) for step in gold.steps]
        assert cause_of(FailedAttempt(Program(tuple(text)), "x"), gold, "string", "y") == (
            "wrong_reference"
        )


SHAPES = [
    ((1, 1, 0, False), "easy"),
    ((2, 2, 0, True), "easy"),
    ((2, 2, 1, False), ""),
    ((3, 3, 0, False), "medium"),
    ((4, 4, 1, False), "medium"),
    ((4, 3, 2, False), ""),
    ((5, 5, 0, False), ""),
    ((5, 5, 0, True), "hard"),
    ((5, 3, 1, False), "hard"),
]


@pytest.mark.parametrize(("shape", "level"), SHAPES)
def test_a_level_is_what_its_definition_says(shape, level):
    assert ProgramShape(*shape).level == level


def test_steps_depth_and_branches_are_counted():
    assert shape_of(GOLD) == ProgramShape(6, 5, 1, False)
    fed = made([
        ("m", "aggregate_column", {"table": "t", "column": "y", "op": "mean"}),
        ("f", "filter_rows", {"table": "t", "column": "y", "op": "gt", "value": {"handle": "m"}}),
        ("c", "count_rows", {"table": {"handle": "f"}}),
    ])  # fmt: skip
    assert shape_of(fed) == ProgramShape(3, 3, 0, True)
