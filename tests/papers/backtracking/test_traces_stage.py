"""The stage that writes trace sets: rows, arms, manifest, refusals."""

import json
from pathlib import Path

import pytest
from problems import EASY

from llmx.core.errors import ConfigError, LlmxError, UnavailableError
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data.tasks.tasks import TASKS
from llmx.papers.backtracking.traces.replay import replay
from llmx.papers.backtracking.traces.stage import TracesStage
from llmx.papers.backtracking.traces.tasks import from_instance
from llmx.store.files import read_json, read_lines
from llmx.store.fingerprint import fingerprint


def given(kind="countdown", stage=None, arms=1, **options):
    options = {"sft": 30, "validation": 4, "generator": EASY.get(kind, {}), **options}
    data = DataSpec(kind=kind, test=10, calibration=5, train=7, options=options)
    spec = StageSpec(name="warm", kind="traces", options=stage or {})
    return StageInput(spec, {f"a{n}": ArmSpec(data=data) for n in range(arms)})


def written(out: Path, **options):
    stage, asked = TracesStage(), given(**options)
    out.mkdir(parents=True, exist_ok=True)
    stage.run(StageContext(asked, stage.identity(asked), {}, out, Silent()))
    return read_lines(out / "train.jsonl"), read_json(out / "traces.json")


def test_rows_fit_the_training_stages_and_replay(tmp_path):
    rows, about = written(tmp_path, k=2)
    for line in rows:
        assert {"id", "question", "solution", "answer", "task", "k", "content"} <= set(line)
        assert line["solution"].startswith("<think>\n") and "prompt" not in line
        puzzle = from_instance(line["task"], line["instance"])
        replay(puzzle, puzzle.phrases("plain").read(line["solution"], opened=False), 2)
    assert about["rows"] == len(rows) and about["problems"] == 30
    assert about["backtracks"] == {"2": len(rows)}
    assert sum(about["characters"]["bins"].values()) == len(rows)
    assert about["rows"] + sum(about["refused"].values()) == 30
    assert about["duplicates"] == about["overlap_with_test"] == 0
    assert about["data"]["generator"].startswith("reasoning_gym")
    assert len(read_lines(tmp_path / "test.jsonl")) == 10
    assert len(read_lines(tmp_path / "validation.jsonl")) == 4


def test_the_same_command_writes_the_same_bytes(tmp_path):
    written(tmp_path / "a", kind="mini_sudoku", k=1)
    written(tmp_path / "b", kind="mini_sudoku", k=1)
    for name in ("train.jsonl", "test.jsonl", "traces.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("wrapper", ["base", "instruct"])
def test_a_raw_prompt_opens_the_block_that_the_completion_closes(tmp_path, wrapper):
    rows, _ = written(tmp_path, wrapper=wrapper)
    for line in rows:
        assert line["prompt"].endswith("<think>\n")
        assert line["question"] in line["prompt"]
        assert "<think>" not in line["completion"]
        assert line["completion"] == line["solution"]


def test_arms_that_support_the_same_k_share_their_prompts(tmp_path):
    asked = [
        [line["question"] for line in written(tmp_path / str(k), k=k, supports=5)[0]]
        for k in (0, 1, 5)
    ]
    assert asked[0] == asked[1] == asked[2]


def test_lessons_are_other_problems_and_as_many_as_are_asked(tmp_path):
    sizes = {"kind": "mini_sudoku", "sft": 9, "lessons": 12}
    arm, _ = written(tmp_path / "arm", **sizes)
    lessons, about = written(tmp_path / "lessons", stage={"split": "lessons"}, **sizes)
    assert (len(arm), len(lessons), about["data"]["split"]) == (9, 12, "lessons")
    asked = [line["question"] for line in (*arm, *lessons)]
    assert len(set(asked)) == 21
    (cost, small) = (
        TracesStage().plan(given(stage=stage, **sizes)) for stage in ({"split": "lessons"}, {})
    )
    assert (cost.samples, small.samples) == (12, 9) and cost.seconds > small.seconds


def test_shuffled_traces_are_deranged_within_the_set(tmp_path):
    rows, _ = written(tmp_path / "shuffled", k=1, content="shuffled")
    plain, _ = written(tmp_path / "plain", k=1)
    assert all(line["trace_of"] != line["id"] for line in rows)
    assert sorted(line["trace_of"] for line in rows) == sorted(line["id"] for line in rows)
    own = {line["id"]: line for line in plain}
    for line in rows:
        assert line["solution"] == own[line["trace_of"]]["solution"]
        assert line["question"] == own[line["id"]]["question"]
        assert line["answer"] == own[line["id"]]["answer"]


def test_incorrect_traces_end_in_a_wrong_answer(tmp_path):
    for line in written(tmp_path, k=1, content="incorrect")[0]:
        puzzle = from_instance(line["task"], line["instance"])
        events = puzzle.phrases("plain").read(line["solution"], opened=False)
        replay(puzzle, events, 1, wrong_answer=True)


def test_traces_in_the_authors_style_are_labelled_and_counted(tmp_path):
    rows, about = written(tmp_path, k=3, style="authors")
    assert {line["style"] for line in rows} == {"authors"}
    found = about["replayed"]
    assert found["hold"] + sum(found["faults"].values()) == len(rows)
    assert found["faults"]


def test_a_k_that_too_few_problems_offer_is_not_available(tmp_path):
    easy = {"generator": {"min_empty": 2, "max_empty": 3}}
    with pytest.raises(UnavailableError, match=r"0% of .* offer 10 backtracks, under half"):
        written(tmp_path, kind="mini_sudoku", k=10, **easy)


def test_an_arm_without_traces_has_nothing_to_do():
    assert not TracesStage().applies(given(content="none"))
    assert TracesStage().applies(given())


def test_the_identity_holds_what_traces_are_like_and_not_how_many_are_rewarded_later():
    stage = TracesStage()
    plain = fingerprint(stage.identity(given()))
    for options in ({"k": 1}, {"content": "shuffled"}, {"wording": "terse"}, {"sft": 31}):
        assert fingerprint(stage.identity(given(**options))) != plain
    assert fingerprint(stage.identity(given(arms=3))) == plain
    assert fingerprint(stage.identity(given(stage={"k": 0}))) == plain
    assert stage.identity(given(stage={"k": 2}))["traces"]["k"] == 2


@pytest.mark.parametrize(
    "asked",
    [
        given(k=-1),
        given(kk=1),
        given(stage={"shape": 1}),
        *(given(kind) for kind in sorted(set(TASKS) - set(EASY))),
        StageInput(StageSpec(name="warm", kind="traces"), {"a": ArmSpec()}),
        StageInput(
            StageSpec(name="warm", kind="traces"),
            {**given(k=1).arms, "b": given(k=2).arm},
        ),
    ],
)
def test_bad_input_is_one_line(asked):
    with pytest.raises(LlmxError) as error:
        TracesStage().identity(asked)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "asked", [given(content="malformed"), given(stage={"content": "malformed"})]
)
def test_malformed_traces_are_refused_and_not_written_under_that_name(asked):
    for ask in (TracesStage().identity, TracesStage().applies, TracesStage().plan):
        with pytest.raises(ConfigError, match=r"'warm'.*malformed.*content.*sampled"):
            ask(asked)
    assert TracesStage().applies(given(content="malformed", stage={"content": "correct"}))


def test_no_problems_is_said(tmp_path):
    with pytest.raises(LlmxError, match=r"options\.sft is 0"):
        written(tmp_path, sft=0)


def test_a_plan_costs_nothing_to_make():
    assert TracesStage().plan(given()).samples == 30
    assert json.dumps(dict(TracesStage().identity(given())))
