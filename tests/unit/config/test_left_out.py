"""A scale chooses its arms, and a stage can be left out."""

import pytest

from llmx.config.compose import compose
from llmx.core.errors import ConfigError

RECIPE = """defaults:
  - override /model: zoo_gsm
  - override /data: gsm_symbolic
description: left out
stages:
  corpus: {kind: corpus, over: recipe}
  generate: {kind: decode, needs: [corpus], problems: 3}
  score: {kind: score, needs: [generate, corpus], scorer: gsm}
arms:
  one: [sampler=target]
  two: [sampler=draft]
  three: [sampler=speculative]
scales:
  smoke: ["arms=[two,one]", stages.corpus=null]
"""


@pytest.fixture
def composed(tmp_path):
    (tmp_path / "group").mkdir()
    (tmp_path / "group/left_out.yaml").write_text(RECIPE)
    return lambda *given: compose("left_out", list(given), extra_paths=[tmp_path])


def test_a_scale_chooses_arms_and_the_command_stands_above(composed):
    assert list(composed().arms) == ["one", "two", "three"]
    assert list(composed("scale=smoke").arms) == ["two", "one"]
    assert list(composed("scale=smoke", "arms=[three]").arms) == ["three"]


def test_a_stage_is_left_out_of_the_needs_of_others(composed):
    stages = {stage.name: stage.needs for stage in composed("scale=smoke").stages}
    assert stages == {"generate": (), "score": ("generate",)}
    assert [stage.name for stage in composed().stages] == ["corpus", "generate", "score"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["stages.generate=3"], "a stage has no value"),
        (["stages.generat=null"], "generate"),
        (["scale=smoke", "stages.corpus.over=arm"], "no stage has stages.corpus.over"),
    ],
)
def test_what_cannot_be_is_one_line(composed, given, said):
    with pytest.raises(ConfigError) as found:
        composed(*given)
    assert said in str(found.value)


def test_an_arm_of_a_scale_must_exist(tmp_path):
    (tmp_path / "group").mkdir()
    text = RECIPE.replace("[two,one]", "[twoo]")
    (tmp_path / "group/left_out.yaml").write_text(text)
    with pytest.raises(ConfigError, match="there is no arm 'twoo'"):
        compose("left_out", ["scale=smoke"], extra_paths=[tmp_path])
