"""The decoding stages, on the shipped pair and a few tokens: what they write, how they resume."""

import json

import pytest

from llmx.core.errors import ConfigError
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.papers.fsd.stages.calibrate import CalibrateStage
from llmx.stages.decode import DecodeStage
from llmx.stages.speed import SpeedStage
from llmx.store.files import read_json, read_lines, write_lines

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
DATA = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=6, calibration=3)


def arm(algorithm: str, batch_size: int = 2, **sampler) -> ArmSpec:
    settings = SamplerSpec(algorithm=algorithm, max_tokens=10, gamma=3, **sampler)
    return ArmSpec(
        model=PAIR, data=DATA, engine=EngineSpec(batch_size=batch_size), sampler=settings
    )


def context(stage, arms, out, inputs=None, **options) -> StageContext:
    spec = StageSpec(name="s", kind=stage.kind, options=options)
    given = StageInput(spec, arms)
    out.mkdir(exist_ok=True, parents=True)
    return StageContext(given, stage.identity(given), inputs or {}, out, Silent())


def decode(out, algorithm="speculative", inputs=None, **sampler):
    stage = DecodeStage()
    stage.run(context(stage, {"a": arm(algorithm, **sampler)}, out, inputs))
    return (out / "samples.jsonl").read_bytes()


@pytest.mark.parametrize("kept", range(6))
def test_a_resumed_decode_is_byte_equal_wherever_it_stopped(tmp_path, kept):
    whole = decode(tmp_path / "whole")
    assert len(whole.splitlines()) == 6
    rows = [json.loads(line) for line in whole.splitlines()]
    (tmp_path / "cut").mkdir()
    write_lines(tmp_path / "cut" / "samples.jsonl", rows[:kept])
    with (tmp_path / "cut" / "samples.jsonl").open("ab") as records:
        records.write(b'{"id": "torn')
    assert decode(tmp_path / "cut") == whole


def test_the_calibrated_threshold_is_the_one_that_is_used(tmp_path):
    calibrated = tmp_path / "calibrated"
    stage = CalibrateStage()
    fuzzy = {"draft_share": 0.6, "draft": "greedy"}
    stage.run(context(stage, {"a": arm("fuzzy", **fuzzy)}, calibrated))
    found = read_json(calibrated / "calibration.json")
    assert found["asked_share"] == 0.6
    assert min(abs(share - 0.6) for _, share in found["trace"]) == pytest.approx(
        abs(found["achieved_share"] - 0.6)
    )
    by_share = decode(tmp_path / "share", "fuzzy", {"calibrate": calibrated}, **fuzzy)
    by_hand = decode(tmp_path / "hand", "fuzzy", threshold=found["threshold"], draft="greedy")
    assert by_share == by_hand


def test_a_share_without_a_calibration_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="divergence_quantiles"):
        decode(tmp_path, "fuzzy", draft_share=0.5)


def test_only_a_share_is_calibrated():
    stage = CalibrateStage()
    spec = StageSpec(name="s", kind=stage.kind)
    asked = {"share": {"draft_share": 0.5}, "threshold": {"threshold": 0.5}}
    applies = {
        n: stage.applies(StageInput(spec, {"a": arm("fuzzy", **s)})) for n, s in asked.items()
    }
    assert applies == {"share": True, "threshold": False}
    assert not stage.applies(StageInput(spec, {"a": arm("target")}))


@pytest.fixture
def arms():
    return {"target": arm("target"), "sd": arm("speculative"), "draft": arm("draft")}


def test_every_arm_decodes_the_same_problems_in_every_round(tmp_path, arms):
    stage = SpeedStage()
    stage.run(context(stage, arms, tmp_path, problems=2, rounds=4))  # more than the 6 there are
    blocks = read_lines(tmp_path / "blocks.jsonl")
    assert len(blocks) == 4 * 3
    for number in range(4):
        round_ = [block for block in blocks if block["round"] == number]
        assert {block["arm"] for block in round_} == set(arms)
        assert {block["problems"] for block in round_} == {2}
    firsts = [next(b["arm"] for b in blocks if b["round"] == n) for n in range(3)]
    assert sorted(firsts) == sorted(arms)  # the order turns
    assert all(b["seconds"] > 0 and b["tokens"] > 0 for b in blocks)
    assert {b["rounds"] for b in blocks if b["arm"] == "draft"} == {0}


def test_a_round_that_was_cut_short_is_measured_again_as_a_whole(tmp_path, arms):
    stage = SpeedStage()
    stage.run(context(stage, arms, tmp_path, problems=1, rounds=2))
    first, *_ = before = read_lines(tmp_path / "blocks.jsonl")
    write_lines(tmp_path / "blocks.jsonl", before[:4])  # one whole round and one block
    stage.run(context(stage, arms, tmp_path, problems=1, rounds=2))
    after = read_lines(tmp_path / "blocks.jsonl")
    assert after[:3] == before[:3] and after[0] == first
    assert [b["round"] for b in after] == [0, 0, 0, 1, 1, 1]
    assert after[3:] != before[3:]


@pytest.mark.parametrize(
    "stage", [DecodeStage(), SpeedStage(), CalibrateStage()], ids=lambda s: s.kind
)
def test_an_unknown_option_names_the_nearest(stage):
    spec = StageSpec(name="s", kind=stage.kind, options={"splitt": "test"})
    with pytest.raises(ConfigError, match=r"splitt.*did you mean split\?"):
        stage.identity(StageInput(spec, {"a": arm("fuzzy", draft_share=0.5)}))
