"""Reasoning puzzles: windows that never meet, an identity that holds all, bad options."""

import itertools
from random import Random

import pytest
from counts import count

from llmx.core.errors import LlmxError
from llmx.core.spec import DataSpec
from llmx.data import evaluation_identity, identity, load
from llmx.data.tasks import dataset
from llmx.data.tasks.arithmetic import evaluate
from llmx.data.tasks.dataset import SPLITS, WINDOW, ReasoningTask, window
from llmx.data.tasks.options import configuration, wrap
from llmx.data.tasks.tags import opens_thinking
from llmx.data.tasks.tasks import TASKS, problem_key
from llmx.data.tasks.verifiers import VERIFIERS
from llmx.papers.backtracking.traces.options import trace_options

SMALL = {"min_numbers": 3, "max_numbers": 3, "min_value": 1, "max_value": 6}
TINY = {"generator": {**SMALL, "min_target": 1, "max_target": 30}, "question": "brief"}

PAIRS = {"min_numbers": 2, "max_numbers": 2, "min_value": 1, "max_value": 2}
EXHAUSTED = {"generator": {**PAIRS, "min_target": 1, "max_target": 4}}


def spec(kind="mini_sudoku", **changes):
    options = {"validation": 5, "sft": 40, "lessons": 40, **changes.pop("options", {})}
    sizes = {"test": 20, "calibration": 5, "train": 40}
    return DataSpec(**{"kind": kind, **sizes, "options": options, **changes})


def keys(data, split):
    return [problem_key(data.spec.kind, entry) for _, entry in data.entries(split)]


# Those that take milliseconds a problem are drawn in full, the others in the slow test below.
FAST = ["mini_sudoku", "arc_1d", "color_cube_rotation", "list_functions", "self_reference"]
SLOW = sorted(set(TASKS) - set(FAST))


def assert_apart(data):
    found = {split: keys(data, split) for split in SPLITS}
    for split, of in found.items():
        assert len(of) == dataset.split_size(data.spec, split) == len(set(of))
    for one, other in itertools.combinations(found.values(), 2):
        assert not set(one) & set(other)
    for split in SPLITS:
        for sample in data.split(split):
            assert VERIFIERS[data.spec.kind](sample.answer, sample.answer), sample.answer


@pytest.mark.parametrize("kind", FAST)
def test_no_problem_is_in_two_splits_or_twice_in_one(kind):
    assert_apart(ReasoningTask(spec(kind)))


def test_no_problem_of_a_small_space_is_in_two_splits():
    data = ReasoningTask(spec("countdown", options=TINY))
    assert_apart(data)
    assert sum(data.collisions.values()) > 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", SLOW)
def test_no_problem_of_a_dear_generator_is_in_two_splits(kind):
    """Which windows its splits have is a matter of the seed alone; these are drawn and compared."""
    more = count(8, 40)
    options = {"validation": 5, "sft": more, "lessons": more}
    assert_apart(ReasoningTask(spec(kind, test=count(8, 20), train=more, options=options)))


@pytest.mark.slow
def test_no_rule_window_of_list_functions_meets_another():
    sizes = {"test": 400, "calibration": 200, "train": 2000}
    assert_apart(ReasoningTask(spec("list_functions", **sizes, options={"sft": 2000})))


def test_windows_are_far_apart_for_every_split_and_seed():
    places = sorted(window(seed, split) for seed in range(50) for split in SPLITS)
    assert all(b - a >= WINDOW for a, b in itertools.pairwise(places))


def test_a_problem_is_that_of_its_seed():
    from reasoning_gym import create_dataset

    (sample, entry), *_ = ReasoningTask(spec("arc_1d", seed=3)).entries("sft")
    index = int(sample.id.removeprefix("sft-"))
    there = create_dataset(
        "arc_1d", seed=window(3, "sft"), size=10, **configuration(spec("arc_1d"))
    )
    assert there[index] == entry
    assert Random(window(3, "sft")).random() != Random(window(3, "train")).random()


def test_the_order_is_fixed_and_a_limit_is_a_prefix():
    whole = load(spec(), "sft")
    assert load(spec(), "sft", 7) == whole[:7]
    assert load(spec(seed=1), "sft") != whole
    assert load(spec(train=1), "sft") == whole


def test_the_identity_holds_generator_version_and_configuration():
    found = identity(spec())
    assert found["generator"].startswith("reasoning_gym ")
    assert found["configuration"] == {"min_empty": 8, "max_empty": 12}
    harder = identity(spec(options={"generator": {"min_empty": 10}}))
    assert harder["configuration"] == {"min_empty": 10, "max_empty": 12}
    assert harder != found


def test_the_identity_of_problems_does_not_hold_what_traces_are_like():
    assert identity(spec(options={"k": 3, "content": "shuffled"})) == identity(spec())
    assert identity(spec(options={"sft": 41})) != identity(spec())


@pytest.mark.parametrize(
    ("split", "later"),
    [
        ("test", {"options": {"sft": 9, "validation": 9}, "train": 9, "calibration": 9}),
        ("validation", {"options": {"sft": 9}, "train": 9}),
        ("sft", {"train": 9, "options": {"lessons": 9}}),
        ("train", {"options": {"lessons": 9}}),
    ],
)
def test_the_identity_of_a_split_does_not_change_with_later_ones(split, later):
    assert evaluation_identity(spec(**later), split) == evaluation_identity(spec(), split)
    assert evaluation_identity(spec(test=9), split) != evaluation_identity(spec(), split)


def test_brief_questions_say_the_problem():
    (sample, entry), *_ = ReasoningTask(spec("countdown", options=TINY)).entries("test")
    *numbers, word, target = sample.question.split()
    assert (sorted(map(int, numbers)), word, int(target)) == (
        sorted(entry["metadata"]["numbers"]),
        "make",
        entry["metadata"]["target"],
    )
    grid = load(spec(options={"question": "brief"}), "test")[0].question
    assert len(grid.splitlines()) == 4 and set(grid) <= set("1234_ \n")


@pytest.mark.parametrize("kind", TASKS)
def test_raw_prompts_open_the_think_block(kind):
    assert opens_thinking(wrap(kind, "Why?", "instruct"))
    assert opens_thinking(wrap(kind, "Why?", "base"))
    assert not opens_thinking(wrap(kind, "Why?", "baseline"))
    assert "<think>" not in wrap(kind, "Why?", "baseline")
    assert wrap(kind, "Why?", "chat") is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: load(spec(), "dev"),
        lambda: load(spec(options={"sftt": 3}), "test"),
        lambda: load(spec(options={"sft": "many"}), "test"),
        lambda: load(spec(options={"generator": {"min_emty": 3}}), "test"),
        lambda: load(spec(options={"generator": {"min_empty": 13}}), "test"),
        lambda: load(spec("zebra_puzzles", options={"question": "brief"}), "test"),
        lambda: load(spec("countdown", options=EXHAUSTED), "test"),
        lambda: trace_options(spec(options={"k": -1})),
        lambda: trace_options(spec(options={"k": True})),
        lambda: trace_options(spec(options={"content": "wrong"})),
        lambda: trace_options(spec(options={"control": "verbose", "k": 2})),
        lambda: trace_options(spec(options={"control": "verbose", "mixture": [0, 1]})),
        lambda: trace_options(spec(options={"mixture": [0, -1]})),
        lambda: trace_options(spec(options={"style": "authors", "content": "incorrect"})),
        lambda: trace_options(spec(), {"kk": 1}),
        lambda: wrap("sudoku", "Why?", "raw"),
    ],
    ids=[
        *("split", "option", "type", "field", "generator refuses", "no brief", "exhausted"),
        *("negative k", "boolean k", "content", "verbose k", "verbose mixture", "mixture"),
        *("authors content", "stage", "wrapper"),
    ],
)
def test_bad_input_is_one_line(make):
    with pytest.raises(LlmxError) as error:
        make()
    assert "\n" not in str(error.value)


def test_a_reference_of_countdown_says_its_numbers_and_target():
    for _, entry in ReasoningTask(spec("countdown", test=60, options=TINY)).entries("test"):
        value, numbers = evaluate(entry["answer"])
        about = entry["metadata"]
        assert (value, sorted(numbers)) == (about["target"], sorted(about["numbers"]))


def test_data_without_options_is_written_as_before_there_were_any():
    assert "options" not in DataSpec(kind="gsm8k").model_dump(mode="json")
    assert DataSpec.model_validate(spec().model_dump(mode="json")) == spec()


def test_a_split_is_drawn_once_a_process_and_says_the_same_each_time(monkeypatch):
    asked = spec(test=6, options={"sft": 6})
    first = ReasoningTask(asked)
    problems, collisions = first.entries("sft"), first.collisions

    def fails(*_):
        raise AssertionError("drawn again")

    monkeypatch.setattr(dataset, "_generator", fails)
    again = ReasoningTask(asked.model_copy(update={"options": {**asked.options, "k": 3}}))
    assert again.entries("sft") == problems and again.collisions == collisions
    again.entries("sft").clear()
    assert ReasoningTask(asked).entries("sft") == problems
    with pytest.raises(AssertionError, match="drawn again"):
        ReasoningTask(spec(test=7, options={"sft": 6})).entries("test")
