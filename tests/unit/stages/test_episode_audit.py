"""Stage `audit` behind stage `agent`: of a control, of a script, and of a model on this machine."""

import json
from pathlib import Path

import pytest

from llmx.core.episode import Episode, EpisodeTurn, EpisodeUse, Say
from llmx.core.plugins import use
from llmx.core.progress import Silent
from llmx.core.record import Message
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.dialogue.agent.policy import ModelPolicy
from llmx.stages.agent import AgentStage
from llmx.stages.audit import AuditStage
from llmx.stages.score import ScoreStage

TOY = Path(__file__).parents[2] / "contracts" / "toy" / "errands"
STAGES = {
    "act": StageSpec(name="act", kind="agent", options={"trial": False}),
    "score": StageSpec(name="score", kind="score", needs=("act",), options={"scorer": "exact"}),
    "audit": StageSpec(name="audit", kind="audit", needs=("act", "score")),
}


@pytest.fixture(autouse=True)
def errands():
    use([TOY])


def arm(agent, model=None, **engine):
    return ArmSpec(
        model=model,
        data=DataSpec(kind="errands", test=4),
        engine=EngineSpec(**{"kind": "hf", "batch_size": 4, **engine}),
        sampler=SamplerSpec(algorithm="target", temperature=0, max_tokens=8),
        more={"agent": {"format": "json", "constrained": "off", **agent}},
    ).with_sections(["agent"])


def given(name, of):
    return StageInput(STAGES[name], {"a": of}, stages=STAGES)


def done(out, of, names=("act", "score", "audit")):
    kinds = {"act": AgentStage(), "score": ScoreStage(), "audit": AuditStage()}
    for name in names:
        asked = given(name, of)
        inputs = {need: out / need for need in STAGES[name].needs}
        (out / name).mkdir(exist_ok=True)
        identity = kinds[name].identity(asked)
        kinds[name].run(StageContext(asked, identity, inputs, out / name, Silent()))
    return {
        one["check"]: one for one in json.loads((out / "audit/audit.json").read_text())["checks"]
    }


def bad(checks):
    return {name for name, one in checks.items() if one["passed"] is False}


def changed(path, change):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows[1])
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


CONTROL = {"policy": "shopper"}


def test_a_control_is_audited_without_a_model(tmp_path):
    checks = done(tmp_path, arm(CONTROL))
    assert bad(checks) == set()
    assert checks["question_sent"]["passed"] is None
    assert checks["score_counts"]["passed"] and checks["expected_answer"]["of"] == 4


FAULTS = {
    "score_counts": lambda row: row.update(tokens=9),
    "expected_answer": lambda row: row.update(expected="77777"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_score_of_a_control_fails(tmp_path, name):
    done(tmp_path, arm(CONTROL))
    changed(tmp_path / "score/scores.jsonl", FAULTS[name])
    assert bad(done(tmp_path, arm(CONTROL), ["audit"])) == {name}


def test_problems_of_another_split_fail(tmp_path):
    done(tmp_path, arm(CONTROL))
    for name in ("act/samples.jsonl", "score/scores.jsonl"):
        changed(tmp_path / name, lambda row: row.update(id="train-1"))
    found = bad(done(tmp_path, arm(CONTROL), ["audit"]))
    assert {"missing_sample", "unknown_sample"} <= found


ZOO = ModelSpec(target="zoo:gsm_draft")


def brief(policy, spec, task, sample):
    """Ask in few words, as the zoo has no room for tools."""
    said = yield Say((Message(role="user", content=sample.question),), (), 8)
    yield EpisodeTurn(id=task.id, turn=1, record=said.record)
    return Episode(
        id=task.id,
        ending="no_call",
        answer="1",
        use=EpisodeUse(turns=1, tokens=said.record.tokens),
    )


def test_the_first_prompt_of_a_model_is_checked_against_its_template(tmp_path, monkeypatch):
    monkeypatch.setattr(ModelPolicy, "episode", brief)
    of = arm({"max_turns": 1}, ZOO)
    checks = done(tmp_path, of)
    for name in ("prompt_template", "double_bos", "prompt_eos", "prompt_text"):
        assert checks[name]["passed"] and checks[name]["of"] == 4
    assert checks["question_sent"]["passed"] and checks["vocabulary"]["passed"] is None

    def shorter(row):
        row["record"]["prompt_ids"].pop()

    changed(tmp_path / "act/turns.jsonl", shorter)
    again = done(tmp_path, of, ["audit"])
    assert bad(again) - bad(checks) == {"prompt_template", "prompt_text"}
    assert again["prompt_template"]["found"] == 1


def test_an_audit_depends_on_the_policy_and_other_audits_as_ever():
    control, model = (AuditStage().identity(given("audit", arm(one, ZOO))) for one in (CONTROL, {}))
    assert set(control) == {"data", "policy"}
    assert control["policy"]["policy"] == "shopper" and "sampler" in model
    plain = StageInput(STAGES["audit"], {"a": arm({}, ZOO)})
    assert {**AuditStage().identity(plain), "policy": model["policy"]} == model
