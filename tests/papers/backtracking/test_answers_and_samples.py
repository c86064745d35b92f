"""Stages `answers` and `sampled`, and traces of several k by turns."""

import pytest

from llmx.core.errors import ConfigError, DataError
from llmx.core.progress import Silent
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, DataSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data import load
from llmx.data.tasks.stage import PromptsStage
from llmx.data.tasks.tasks import SECONDS, TASKS
from llmx.papers.backtracking.answers import AnswersStage
from llmx.papers.backtracking.sampled import SampledStage
from llmx.papers.backtracking.traces.stage import TracesStage
from llmx.store.files import read_json, read_lines, write_lines

SIZES = {"test": 4, "calibration": 2, "train": 3}


def given(kind="self_reference", stage=None, **options):
    data = DataSpec(kind=kind, **SIZES, options={"validation": 2, "sft": 9, **options})
    return StageInput(StageSpec(name="lessons", kind="x", options=stage or {}), {
        "one": ArmSpec(data=data)
    })  # fmt: skip


def ran(stage, asked, out, inputs=None):
    stage.run(StageContext(asked, stage.identity(asked), inputs or {}, out, Silent()))
    return read_lines(out / "train.jsonl")


@pytest.mark.parametrize("kind", sorted(TASKS))
def test_every_answer_earns_the_whole_reward(tmp_path, kind):
    rows = ran(AnswersStage(), given(kind), tmp_path)
    assert [row["id"] for row in rows] == [f"sft-{n}" for n in range(9)]
    for row in rows:
        assert sum(lookup("reward", kind)(row["question"], row["solution"], row).values()) == 1.0
    assert len(read_lines(tmp_path / "test.jsonl")) == 4
    assert not {r["question"] for r in rows} & {
        r["question"] for r in read_lines(tmp_path / "test.jsonl")
    }


def test_a_plan_counts_every_problem_that_has_to_be_drawn():
    asked = given("zebra_puzzles")
    seconds = SECONDS["zebra_puzzles"]
    cost = AnswersStage().plan(asked)  # 4 + 2 + 2 + 9 of test, calibration, validation, sft
    assert (cost.samples, cost.seconds) == (9, 17 * seconds)
    cost = PromptsStage().plan(asked)  # and 3 of train
    assert (cost.samples, cost.seconds) == (3, 20 * seconds)


def answered(folder, data, texts, prompt="<|assistant|>", split="sft"):
    folder.mkdir()
    pairs = zip(load(data, split), texts, strict=False)
    rows = [{"id": sample.id, "prompt": prompt, "text": text(sample)} for sample, text in pairs]
    write_lines(folder / "samples.jsonl", rows)
    return {"asked": folder}


def right(sample):
    return f"<think>so</think><answer>{sample.answer}</answer>"


def wrong(_):
    return "<think>so</think><answer>99</answer>"


def formless(_):
    return "it is 2"


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("correct", ["sft-0", "sft-3"]), ("incorrect", ["sft-1"]), ("malformed", ["sft-2", "sft-4"])],
)
def test_answers_are_sorted_by_the_verifier(tmp_path, keep, kept):
    asked = given(content=keep)
    texts = [right, wrong, formless, right, formless]
    inputs = answered(tmp_path / "in", asked.arm.data, texts)
    (tmp_path / "out").mkdir()
    rows = ran(SampledStage(), asked, tmp_path / "out", inputs)
    assert [row["id"] for row in rows] == kept
    assert all({"question", "solution", "answer"} <= set(row) for row in rows)
    counts = read_json(tmp_path / "out/sampled.json")["counts"]
    assert counts == {"correct": 2, "incorrect": 1, "malformed": 2}


def test_the_prompt_that_was_sent_says_whether_the_block_is_open(tmp_path):
    """Some chat templates open the block themselves."""
    texts = [lambda s: right(s).removeprefix("<think>"), lambda s: wrong(s).removeprefix("<think>")]
    asked, opening = given(content="correct"), "<|assistant|>\n<think>\n"
    (tmp_path / "out").mkdir()
    inputs = answered(tmp_path / "opened", asked.arm.data, [*texts, right], opening)
    assert [row["id"] for row in ran(SampledStage(), asked, tmp_path / "out", inputs)] == ["sft-0"]
    counts = read_json(tmp_path / "out/sampled.json")["counts"]
    assert counts == {"correct": 1, "incorrect": 1, "malformed": 1}
    inputs = answered(tmp_path / "closed", asked.arm.data, texts)
    with pytest.raises(DataError, match="2 malformed"):
        ran(SampledStage(), asked, tmp_path, inputs)


def test_answers_to_another_split_or_other_data_are_one_line_that_says_what_to_set(tmp_path):
    asked = given(content="correct")
    inputs = answered(tmp_path / "in", asked.arm.data, [right], split="test")
    wanted = "'lessons' sorts answers of split 'sft', and stage 'asked' answers 'test'"
    with pytest.raises(DataError, match=wanted) as error:
        ran(SampledStage(), asked, tmp_path, inputs)
    assert "stages.asked.split=sft, or stages.lessons.split=test" in str(error.value)
    assert "\n" not in str(error.value)
    decode = StageSpec(name="asked", kind="decode")
    stage = asked.stage.model_copy(update={"needs": ("asked",)})
    with pytest.raises(ConfigError, match=wanted):  # before anything is answered
        SampledStage().identity(StageInput(stage, asked.arms, stages={"asked": decode}))
    both = given(content="correct", stage={"split": "test"})
    assert [row["id"] for row in ran(SampledStage(), both, tmp_path, inputs)] == ["test-0"]
    more = given(content="correct", sft=30)
    ids = [{"id": "sft-29", "prompt": "", "text": right(load(more.arm.data, "sft")[29])}]
    write_lines(tmp_path / "in" / "samples.jsonl", ids)
    with pytest.raises(DataError, match="'sft-29' of stage 'asked' is none"):
        ran(SampledStage(), asked, tmp_path, inputs)


def test_nothing_of_the_sort_is_an_error_that_says_what_there_was(tmp_path):
    asked = given(content="correct")
    inputs = answered(tmp_path / "in", asked.arm.data, [wrong, wrong])
    with pytest.raises(DataError, match=r"no correct answers.*2 incorrect"):
        ran(SampledStage(), asked, tmp_path, inputs)


def test_an_arm_without_traces_keeps_nothing_and_an_option_stands_above(tmp_path):
    assert not SampledStage().applies(given(content="none"))
    assert SampledStage().identity(given(stage={"keep": "malformed"}))["keep"] == "malformed"
    with pytest.raises(ConfigError, match="known values: correct"):
        SampledStage().identity(given(stage={"keep": "good"}))


def test_a_mixture_has_its_k_by_turns_and_one_of_one_k_is_that_k(tmp_path):
    small = {"min_numbers": 3, "max_numbers": 3, "max_value": 20, "min_target": 10}
    generator = {"generator": {**small, "max_target": 99}}
    (tmp_path / "mix").mkdir()
    rows = ran(
        TracesStage(), given("countdown", {"mixture": [0, 2]}, **generator), tmp_path / "mix"
    )
    assert [row["k"] for row in rows] == [n % 2 * 2 for n in range(len(rows))]
    assert [row["solution"].count("Go back") for row in rows] == [row["k"] for row in rows]
    for k in (0, 2):
        out = tmp_path / str(k)
        out.mkdir()
        alone = ran(TracesStage(), given("countdown", {"k": k, "supports": 2}, **generator), out)
        told = {row["id"]: row["solution"] for row in alone}
        assert all(told[row["id"]] == row["solution"] for row in rows if row["k"] == k)


def test_a_shuffled_mixture_says_the_k_of_the_trace_that_each_prompt_was_given(tmp_path):
    asked = {"mixture": [0, 2], "content": "shuffled"}
    (tmp_path / "mix").mkdir()
    rows = ran(TracesStage(), given("mini_sudoku", asked), tmp_path / "mix")
    assert {row["k"] for row in rows} == {0, 2}
    assert [row["solution"].count("Go back") for row in rows] == [row["k"] for row in rows]


def test_a_verbose_mixture_of_nothing_but_zeros_is_a_verbose_set(tmp_path):
    (tmp_path / "mix").mkdir()
    asked = {"mixture": [0, 0], "control": "verbose"}
    rows = ran(TracesStage(), given("mini_sudoku", asked), tmp_path / "mix")
    assert all("again: " in row["solution"] and row["k"] == 0 for row in rows)
