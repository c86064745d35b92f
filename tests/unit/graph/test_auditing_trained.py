"""The stage `audit` where a stage of the recipe made the model, and where several models answer."""

import pytest
from test_auditing_stage import ARMS, DATA

from llmx.core.ensemble import EnsembleSpec, VoiceSpec
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.engines.size import local_folder
from llmx.stages.audit import AuditStage
from llmx.stages.decode import DecodeStage
from llmx.stages.ensemble import EnsembleDecodeStage
from llmx.stages.score import ScoreStage
from llmx.store.files import read_json, read_lines, write_lines

GREEDY = SamplerSpec(algorithm="target", temperature=0, max_tokens=120)
FEW = DATA.model_copy(update={"test": 4})
TRAINED = ArmSpec(
    # The draft is the recipe's; nobody asks it, and it may not even be there.
    model=ModelSpec(target="stage:rl", draft="stage:gone"),
    data=FEW,
    engine=EngineSpec(batch_size=4),
    sampler=GREEDY,
)


def work(stage, arm, out, inputs, **options):
    needs = tuple(inputs)
    given = StageInput(
        StageSpec(name="s", kind=stage.kind, needs=needs, options=options), {"a": arm}
    )
    out.mkdir(parents=True, exist_ok=True)
    stage.run(StageContext(given, stage.identity(given), inputs, out, Silent()))
    return out


@pytest.fixture
def trained(tmp_path):
    """A training's folder: the shipped target, as a stage leaves it."""
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "model").symlink_to(local_folder("zoo:gsm_target", {}))
    return folder


def found(folder):
    return {one["check"]: one["passed"] for one in read_json(folder / "audit.json")["checks"]}


@pytest.mark.parametrize("named", [None, ["stage:warm", "stage:rl"]])
def test_a_trained_model_is_audited_with_its_own_tokenizer(tmp_path, trained, named):
    inputs, options = {"rl": trained}, {"model": named} if named else {}
    arm = TRAINED.model_copy(update={"model": ModelSpec(target="stage:gone")}) if named else TRAINED
    needs = {**inputs, "warm": trained} if named else inputs
    answers = work(DecodeStage(), arm, tmp_path / "a", needs, **options)
    scores = work(ScoreStage(), arm, tmp_path / "s", {"a": answers})
    audit = work(AuditStage(), arm, tmp_path / "d", {**needs, "a": answers, "s": scores}, **options)
    checks = found(audit)
    assert all(checks.values()) and "prompt_template" in checks


def test_a_prompt_that_its_template_does_not_give_is_found(tmp_path, trained):
    answers = work(DecodeStage(), TRAINED, tmp_path / "a", {"rl": trained})
    rows = read_lines(answers / "samples.jsonl")
    rows[1]["prompt_ids"] = rows[1]["prompt_ids"][1:]
    write_lines(answers / "samples.jsonl", rows)
    audit = work(AuditStage(), TRAINED, tmp_path / "d", {"rl": trained, "a": answers})
    assert found(audit)["prompt_template"] is False


def test_of_an_ensemble_the_one_that_answers_reads_the_records(tmp_path):
    voices = {
        name: VoiceSpec(model=ModelSpec(target=f"zoo:{name}"))
        for name in ("gsm_draft", "gsm_target")
    }
    arm = ARMS["target"].model_copy(
        update={
            "data": FEW,
            "sampler": GREEDY,
            # What the arm alone would run is not there.
            "model": ModelSpec(target="stage:gone"),
            "ensemble": EnsembleSpec(
                voices=voices, proposers=("gsm_draft",), aggregator="gsm_target"
            ),
        }
    )
    answers = work(EnsembleDecodeStage(), arm, tmp_path / "a", {})
    checks = found(work(AuditStage(), arm, tmp_path / "d", {"a": answers}))
    assert checks["completion_text"] and checks["inner_eos"] and checks["question_sent"]
    assert checks["prompt_template"] is None and False not in checks.values()
    rows = read_lines(answers / "samples.jsonl")
    rows[0]["text"] = "another"
    write_lines(answers / "samples.jsonl", rows)
    assert (
        found(work(AuditStage(), arm, tmp_path / "e", {"a": answers}))["completion_text"] is False
    )
