"""Programs of a model are run nowhere: the kind is known, and refuses in one line."""

import pytest

from llmx.core.errors import ConfigError
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, DataSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.stages.score import ScoreStage


def given(scorer: str) -> StageInput:
    stage = StageSpec(name="score", kind="score", options={"scorer": scorer})
    return StageInput(stage, {"a": ArmSpec(data=DataSpec(kind="humaneval", revision="abc"))})


def test_nothing_is_scored(tmp_path):
    with pytest.raises(ConfigError, match="in a sandbox only"):
        lookup("scorer", "code")().score(None, None)


def test_the_plan_of_a_score_stage_says_so():
    refusal = ScoreStage().plan(given("code")).refusal
    assert refusal is not None and refusal.exit_code == 2
    assert "sandbox" in refusal.message and "\n" not in str(refusal)
    assert ScoreStage().plan(given("choice")).refusal is None
