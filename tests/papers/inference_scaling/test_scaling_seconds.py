"""Seconds of a point are its completion tokens by the rate that a speed stage timed of its arm."""

from dataclasses import replace

import pytest
from planted import USUAL, PlantedArm, given, inputs_of

from llmx.core.errors import ConfigError, DataError
from llmx.core.progress import Silent
from llmx.core.spec import EngineSpec, StageSpec
from llmx.core.stage import StageContext
from llmx.papers.inference_scaling.costs import ModelCost
from llmx.papers.inference_scaling.estimators import majority
from llmx.papers.inference_scaling.gathered import token_seconds
from llmx.papers.inference_scaling.load import drawn
from llmx.papers.inference_scaling.stage import ScalingStage
from llmx.stages.speed import SpeedStage
from llmx.store.files import read_json, write_lines

SPEED = StageSpec(name="speed", kind="decode_speed", over="recipe")
QUICK = {"sizes": [1, 4], "resamples": 100}


def block(arm, tokens, seconds, round_=0, batch=8):
    return {"round": round_, "arm": arm, "problems": 4, "tokens": tokens, "seconds": seconds,
            "rounds": tokens, "batch_size": batch}  # fmt: skip


def timed(folder, *blocks):
    (folder / "speed").mkdir(parents=True, exist_ok=True)
    write_lines(folder / "speed" / "blocks.jsonl", blocks)
    return {"speed": folder / "speed"}


def asked(arms, stages=(SPEED,), **kinds):
    found = given(arms, **kinds)
    needs = ("pool", "classes", *(one.name for one in stages))
    stage = found.stage.model_copy(update={"needs": needs})
    return replace(found, stage=stage, stages={one.name: one for one in stages})


def ran(folder, arms, blocks, cost=None, draws=4):
    inputs = inputs_of(folder / "in", arms, 12, draws)
    inputs |= timed(folder, *blocks) if blocks else {}
    about = asked(arms, [SPEED] if blocks else (), draws=draws, cost=cost, **QUICK)
    (folder / "out").mkdir()
    context = StageContext(about, ScalingStage().identity(about), inputs, folder / "out", Silent())
    ScalingStage().run(context)
    return folder / "out"


ARMS = {"worked": USUAL["worked"], "small": PlantedArm(0.4, 45)}
BLOCKS = [
    block("worked", 100, 2.0), block("small", 300, 1.0),
    block("worked", 300, 2.0, 1), block("small", 100, 1.0, 1),
]  # fmt: skip
EACH = {"worked": 4.0 / 400, "small": 2.0 / 400}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("timed"), ARMS, BLOCKS, cost="seconds")


def test_every_point_takes_its_tokens_by_the_rate_of_its_arm(out):
    points = read_json(out / "scaling.json")["points"]
    assert {(one["arm"], one["method"]) for one in points} >= {
        ("worked", "majority"), ("worked", "revise"), ("small", "stop_exact"),
    }  # fmt: skip
    for one in points:
        wanted = EACH[one["arm"]] * one["costs"]["completion"]
        assert one["costs"]["seconds"] == pytest.approx(wanted, rel=1e-6)


def test_arms_are_compared_by_seconds_where_the_axis_says_so(out):
    found = read_json(out / "scaling.json")
    assert found["cost"] == "seconds"
    assert "seconds" in found["points"][0]["frontier"]
    assert "Seconds a problem" in (out / "cost.svg").read_text()


def test_without_a_speed_stage_there_are_none(tmp_path):
    found = ran(tmp_path, {"small": ARMS["small"]}, [])
    assert all("seconds" not in one["costs"] for one in read_json(found / "scaling.json")["points"])


def test_an_arm_that_was_not_timed_has_none(tmp_path):
    found = ran(tmp_path, ARMS, [BLOCKS[1]])
    counted = {
        one["arm"] for one in read_json(found / "scaling.json")["points"]
        if "seconds" in one["costs"]
    }  # fmt: skip
    assert counted == {"small"}


def test_seeds_of_an_arm_share_its_rate(tmp_path):
    blocks = [block("a@seed=0", 100, 1.0), block("a@seed=1", 100, 3.0, 1)]
    assert token_seconds(timed(tmp_path, *blocks)) == {"a": pytest.approx(4.0 / 200)}


def test_seconds_of_two_kinds_are_not_put_together(tmp_path):
    blocks = [block("a", 100, 1.0), block("a", 100, 3.0, 1, batch=1)]
    with pytest.raises(DataError, match="1 and 8 rows at once") as refused:
        token_seconds(timed(tmp_path, *blocks))
    assert "one speed stage" in refused.value.hint


def test_the_seconds_of_a_vote_grow_with_its_tokens(tmp_path):
    inputs = inputs_of(tmp_path, {"a": PlantedArm(0.5)}, 4, 4)
    own = drawn(inputs["pool/a"] / "samples.jsonl", inputs["classes/a"] / "classes.jsonl")
    for point in majority(own, [1, 4], model=ModelCost(token_seconds=0.5)):
        assert point.costs["seconds"] == pytest.approx(0.5 * point.costs["completion"])


OF_ANOTHER_KIND = StageSpec(name="speed", kind="score")


@pytest.mark.parametrize("stages", [(), (OF_ANOTHER_KIND,)])
def test_an_axis_of_seconds_that_nobody_measures_is_refused_in_a_line(stages):
    with pytest.raises(ConfigError, match=r"frontier\.cost=seconds, and nothing") as refused:
        ScalingStage().identity(asked(USUAL, stages, cost="seconds"))
    assert "decode_speed" in refused.value.hint and "\n" not in refused.value.message
    ScalingStage().identity(asked(USUAL, stages))
    ScalingStage().identity(asked(USUAL, cost="seconds"))


def elsewhere(options):
    about = asked(USUAL, [SPEED.model_copy(update={"options": options})], cost="seconds")
    engine = EngineSpec(kind="openai", base_url="http://127.0.0.1:9/v1")
    arms = {name: arm.model_copy(update={"engine": engine}) for name, arm in about.arms.items()}
    return replace(about, arms=arms)


def test_a_speed_stage_that_skips_endpoints_measures_nothing_there():
    skipping = elsewhere({"elsewhere": "skip"})
    speed = replace(skipping, stage=skipping.stages["speed"])
    assert not SpeedStage().applies(speed)
    with pytest.raises(ConfigError, match=r"frontier\.cost=seconds"):
        ScalingStage().identity(skipping)
    here = asked(USUAL, [SPEED.model_copy(update={"options": {"elsewhere": "skip"}})])
    assert SpeedStage().applies(replace(here, stage=here.stages["speed"]))


def test_a_speed_stage_refuses_endpoints_unless_it_is_told_to_skip_them():
    about = elsewhere({})
    speed = replace(about, stage=about.stages["speed"])
    assert SpeedStage().applies(speed)
    with pytest.raises(ConfigError, match="cannot time arm") as refused:
        SpeedStage().identity(speed)
    assert "stages.speed=null" in refused.value.hint
