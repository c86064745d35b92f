"""Stage `score`: what it depends on, what it writes, how it refuses."""

import pytest

from llmx.core.errors import ConfigError, DataError, RunError
from llmx.core.progress import Silent
from llmx.core.record import Record, Sample, as_json
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.stages.score import ScoreStage
from llmx.store.files import read_json, read_lines, write_lines

SAMPLES = [Sample(id=f"p{i}", question="q", answer=str(i), cluster="t") for i in range(5)]


def load(spec, split, limit=None):
    return SAMPLES if split == "test" else []


def given(options=None, **arm) -> StageInput:
    stage = StageSpec(name="score", kind="score", needs=("generate",), options=options or {})
    arm.setdefault("data", DataSpec(kind="gsm_symbolic"))
    return StageInput(stage, {"sd": ArmSpec(**arm)})


def records(*answers: str) -> list[Record]:
    return [
        Record(
            id=f"p{i}",
            prompt_ids=(1,),
            completion_ids=(2, 3),
            prompt="q",
            text=answer,
            finish="length" if not answer else "eos",
            rounds=1,
        )
        for i, answer in enumerate(answers)
    ]


def context(tmp_path, made, options=None) -> StageContext:
    write_lines(tmp_path / "in" / "samples.jsonl", map(as_json, made))
    out = tmp_path / "out"
    out.mkdir()
    asked = given(options)
    return StageContext(asked, {}, {"generate": tmp_path / "in"}, out, Silent())


def test_it_scores_every_record_in_order(tmp_path):
    run = context(tmp_path, records("#### 0", "#### 9", "2", ""))
    ScoreStage(load).run(run)
    scores = read_lines(run.out / "scores.jsonl")
    assert [row["id"] for row in scores] == ["p0", "p1", "p2", "p3"]
    assert [row["correct"] for row in scores] == [True, False, False, False]
    assert read_json(run.out / "summary.json") == {
        "scorer": "gsm",
        "scorer_version": 2,
        "problems": 4,
        "correct": 1,
        "correct_flexible": 2,
        "unparsed": 2,
        "cut": 1,
        "tokens": 8,
    }
    problems = [Sample.model_validate(row) for row in read_lines(run.out / "problems.jsonl")]
    assert problems == SAMPLES[:4]


def test_equal_inputs_give_equal_bytes(tmp_path):
    run = context(tmp_path, records("#### 0", "#### 9"))
    written = []
    for _ in range(2):
        ScoreStage(load).run(run)
        written.append({path.name: path.read_bytes() for path in run.out.iterdir()})
    assert written[0] == written[1]


def test_a_record_without_a_sample_is_an_error(tmp_path):
    run = context(tmp_path, records("#### 0"), {"split": "calibration"})
    with pytest.raises(DataError, match="record 'p0' has no sample"):
        ScoreStage(load).run(run)


@pytest.mark.parametrize("decoded", [0, 2])
def test_it_wants_exactly_one_decode_stage(tmp_path, decoded):
    run = context(tmp_path, records("#### 0"))
    folders = {f"need{i}": tmp_path / "in" for i in range(decoded)} | {"other": tmp_path}
    broken = StageContext(run.given, {}, folders, run.out, Silent())
    with pytest.raises(RunError, match="exactly one decode stage"):
        ScoreStage(load).run(broken)


# name: does identity change
CHANGES = {
    "split": (given({"split": "heldout"}), True),
    "data seed": (given(data=DataSpec(kind="gsm_symbolic", seed=1)), True),
    "data kind": (given(data=DataSpec(kind="gsm8k")), True),
    "default scorer named": (given({"scorer": "gsm"}), False),
    "engine": (given(engine=EngineSpec(batch_size=1)), False),
    "sampler": (given(sampler=SamplerSpec(algorithm="target")), False),
}


@pytest.mark.parametrize(("changed", "differs"), CHANGES.values(), ids=CHANGES)
def test_identity_holds_what_scores_depend_on_and_no_more(changed, differs):
    stage = ScoreStage(load)
    assert (stage.identity(changed) != stage.identity(given())) is differs


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (given({"scorrer": "gsm"}), "did you mean scorer"),
        (given({"scorer": "gms"}), "did you mean gsm"),
        (given(data=None), "needs a dataset"),
    ],
    ids=["option", "scorer", "no data"],
)
def test_wrong_settings_are_refused_before_anything_runs(asked, message):
    with pytest.raises(ConfigError, match=message):
        ScoreStage(load).identity(asked)


def test_the_registry_knows_it():
    stage = lookup("stage", "score")()
    assert (stage.kind, stage.timing) == ("score", False)
    assert stage.applies(given())
