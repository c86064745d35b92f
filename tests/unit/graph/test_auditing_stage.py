"""The stage `audit` on the shipped pair, and what a failed one does to a verdict."""

import pytest

from llmx.core.errors import RunError
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.stages.audit import AuditStage
from llmx.stages.decode import DecodeStage
from llmx.stages.score import ScoreStage
from llmx.stages.verdicts import VerdictStage
from llmx.store.files import read_json, read_lines, write_lines

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
DATA = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=10, calibration=3, train=50)
FINDING = {"id": "same", "test": "lossless", "arm": "sd", "target": "target", "margin": 0.5}


def arm(algorithm: str) -> ArmSpec:
    sampler = SamplerSpec(algorithm=algorithm, max_tokens=120, gamma=8)
    return ArmSpec(model=PAIR, data=DATA, engine=EngineSpec(batch_size=10), sampler=sampler)


ARMS = {"target": arm("target"), "sd": arm("speculative")}


def run(stage, arms, out, inputs=None, **options) -> None:
    given = StageInput(StageSpec(name="s", kind=stage.kind, options=options), arms, "target")
    out.mkdir(parents=True, exist_ok=True)
    stage.run(StageContext(given, stage.identity(given), inputs or {}, out, Silent()))


@pytest.fixture(scope="module")
def decoded(tmp_path_factory):
    root = tmp_path_factory.mktemp("decoded")
    for name, one in ARMS.items():
        run(DecodeStage(), {name: one}, root / name)
        run(ScoreStage(), {name: one}, root / "score" / name, {"generate": root / name})
    return root


def audited(decoded, out, spoil=None):
    """Audit both arms; `spoil` changes what `sd` is said to have sent."""
    inputs = {}
    for name, one in ARMS.items():
        samples, scores = decoded / name, decoded / "score" / name
        if name == "sd" and spoil:
            samples = out / "spoilt"
            rows = [{**row, **spoil(row)} for row in read_lines(decoded / name / "samples.jsonl")]
            write_lines(samples / "samples.jsonl", rows)
        run(AuditStage(), {name: one}, out / name, {"generate": samples, "score": scores})
        inputs |= {f"generate/{name}": samples, f"score/{name}": scores}
        inputs[f"audit/{name}"] = out / name
    return inputs


def verdict(inputs, out):
    run(VerdictStage(), ARMS, out, inputs, findings=[FINDING])
    (found,) = read_json(out / "verdicts.json")["verdicts"]
    return found


def test_what_the_engine_really_sends_passes_and_is_judged(decoded, tmp_path):
    inputs = audited(decoded, tmp_path / "audit")
    found = read_json(tmp_path / "audit" / "sd" / "audit.json")
    assert found["passed"]
    assert all(check["passed"] is not None for check in found["checks"])
    judged = verdict(inputs, tmp_path / "verdicts")
    assert judged["audited"] and not judged["withheld"] and "audit" not in judged["reason"]


def second_bos(row):
    bos = row["prompt_ids"][0]
    return {"prompt_ids": [bos, *row["prompt_ids"]]}


def no_eos(row):
    return {"completion_ids": row["completion_ids"][:-1]}


SPOILT = [(second_bos, "prompt_template"), (no_eos, "finish_eos")]


@pytest.mark.parametrize(("spoil", "check"), SPOILT)
def test_a_failed_audit_blocks_the_verdict_and_says_why(decoded, tmp_path, spoil, check):
    inputs = audited(decoded, tmp_path / "audit", spoil)
    assert not read_json(tmp_path / "audit" / "sd" / "audit.json")["passed"]
    judged = verdict(inputs, tmp_path / "verdicts")
    assert (judged["word"], judged["withheld"]) == ("withheld", ["sd"])
    assert check in judged["reason"]


def test_the_page_shows_prompts_token_by_token(decoded, tmp_path):
    audited(decoded, tmp_path)
    page = (tmp_path / "sd" / "audit.md").read_text()
    assert page.startswith("# Audit: passed")
    assert page.count("As sent, a token a field:") == 3


def test_without_records_it_says_what_to_write(tmp_path):
    with pytest.raises(RunError, match=r"samples\.jsonl"):
        run(AuditStage(), {"sd": ARMS["sd"]}, tmp_path)
