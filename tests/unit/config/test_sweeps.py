"""Commas multiply the arms; lists and quoted commas do not."""

from collections.abc import Callable
from math import prod
from pathlib import Path

import pytest
from counts import count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmx.config.compose import compose
from llmx.core.errors import ConfigError


def test_points_are_named_after_what_differs(small: str) -> None:
    spec = compose(small, ["sampler.gamma=3,5"])
    assert list(spec.arms) == ["target", "sd@gamma=3", "sd@gamma=5", "fsd@gamma=3", "fsd@gamma=5"]
    assert spec.points["sd@gamma=5"] == {"sampler.gamma": 5}
    assert spec.points["target"] == {}
    assert spec.arm_overrides["sd@gamma=5"] == ("sampler=speculative", "sampler.gamma=5")


def test_each_point_is_compared_with_the_reference_of_its_own_point(small: str) -> None:
    spec = compose(small, ["sampler.gamma=3,5"])
    assert spec.reference == "sd@gamma=3"
    assert spec.references["fsd@gamma=5"] == "sd@gamma=5"
    assert spec.references["target"] == "sd@gamma=3"


def test_models_side_by_side_are_held_against_the_first(small: str) -> None:
    words = ["model.target=zoo:gsm_target,zoo:gsm_draft", "seed=0,1", "arms=[target]"]
    swept = {"target@target=zoo_gsm_draft@seed=1", "target@target=zoo_gsm_target@seed=1"}
    spec = compose(small, words)
    assert swept <= set(spec.arms)
    assert spec.references == {}  # the recipe's reference is another arm, and left out
    alone = compose(small, ["model.target=zoo:gsm_target,zoo:gsm_draft", "seed=0,1", "arms=[sd]"])
    assert alone.reference == "sd@target=zoo_gsm_target@seed=0"
    for seed in (0, 1):
        first = f"sd@target=zoo_gsm_target@seed={seed}"
        for model in ("target", "draft"):
            assert alone.references[f"sd@target=zoo_gsm_{model}@seed={seed}"] == first
    both = compose(small, ["model.target=zoo:gsm_target,zoo:gsm_draft", "arms=[target,sd]"])
    assert both.references["sd@target=zoo_gsm_draft"] == "sd@target=zoo_gsm_draft"
    seeds = compose(small, ["seed=0,1", "arms=[sd]"])
    assert all(arm == other for arm, other in seeds.references.items())


OWN = """\
defaults:
  - override /model: zoo_gsm
  - override /data: gsm_symbolic
name: own
stages:
  generate: {kind: decode, over: arm}
arms:
  sd: [sampler=speculative]
  fsd: [sampler=fuzzy, sampler.threshold=0.1]
  sd_t0: [sampler=speculative, sampler.temperature=0]
  fsd_t0: [sampler=fuzzy, sampler.threshold=0.1, sampler.temperature=0]
reference: sd
references: {sd_t0: sd_t0, fsd_t0: sd_t0}
"""


def test_an_arm_may_have_a_reference_of_its_own(write: Callable[..., Path]) -> None:
    own = str(write(OWN, "own.yaml"))
    spec = compose(own)
    assert spec.reference == "sd"
    assert spec.references == {"sd": "sd", "fsd": "sd", "sd_t0": "sd_t0", "fsd_t0": "sd_t0"}
    swept = compose(own, ["sampler.gamma=3,5"])
    assert swept.references["fsd_t0@gamma=5"] == "sd_t0@gamma=5"
    assert swept.references["fsd@gamma=5"] == "sd@gamma=5"


def test_an_arm_whose_own_reference_is_left_out_is_compared_with_none(
    write: Callable[..., Path],
) -> None:
    spec = compose(str(write(OWN, "own.yaml")), ["arms=[sd,fsd,fsd_t0]"])
    assert spec.references == {"sd": "sd", "fsd": "sd", "fsd_t0": "fsd_t0"}
    assert [note for note in spec.notes if "left out" in note] == [
        "the reference arm sd_t0 is left out: no paired differences"
    ]
    spec = compose(str(write(OWN, "own.yaml")), ["arms=[fsd,sd_t0,fsd_t0]"])
    assert spec.reference is None
    assert spec.references == {"fsd": "fsd", "sd_t0": "sd_t0", "fsd_t0": "sd_t0"}


@settings(max_examples=count(15, 150), suppress_health_check=list(HealthCheck))
@given(
    gammas=st.lists(st.integers(1, 64), min_size=1, max_size=3, unique=True),
    seeds=st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True),
)
def test_sweeps_multiply_and_every_point_holds_its_values(
    small: str, gammas: list[int], seeds: list[int]
) -> None:
    words = [f"sampler.gamma={','.join(map(str, gammas))}", f"seed={','.join(map(str, seeds))}"]
    spec = compose(small, ["arms=[sd,fsd]", *words])
    assert len(spec.arms) == 2 * prod((len(gammas), len(seeds)))
    seen = {(arm.sampler.gamma, arm.seed) for arm in spec.arms.values() if arm.sampler}
    assert seen == {(gamma, seed) for gamma in gammas for seed in seeds}


@pytest.mark.parametrize(
    ("word", "arms"),
    [
        ("sampler.stop=[a,b]", ["sd"]),
        ("sampler.stop=['a,b']", ["sd"]),
        ("sampler.gamma=choice(2,3)", ["sd@gamma=2", "sd@gamma=3"]),
        ("sampler.gamma=range(2,4)", ["sd@gamma=2", "sd@gamma=3"]),
        ("sampler.top_p=0.5,1.0", ["sd@top_p=0.5", "sd@top_p=1.0"]),
        ("model=zoo_gsm,llama31_8b_70b", ["sd@model=zoo_gsm", "sd@model=llama31_8b_70b"]),
        ("model.target=a/b,c", ["sd@target=a_b", "sd@target=c"]),
        ("arms.sd.sampler.gamma=2,3", ["sd@gamma=2", "sd@gamma=3"]),
    ],
)
def test_what_sweeps_and_what_does_not(small: str, word: str, arms: list[str]) -> None:
    assert list(compose(small, ["arms=[sd]", word]).arms) == arms


def test_keys_of_one_last_name_are_told_apart(small: str) -> None:
    spec = compose(small, ["arms=[sd]", "seed=1,2", "data.seed=3,4"])
    assert "sd@seed=1@data.seed=3" in spec.arms


@pytest.mark.parametrize("word", ["scale=smoke,desk", "stages.speed.problems=1,2", "seed=1,1"])
def test_what_cannot_be_swept_is_refused(small: str, word: str) -> None:
    with pytest.raises(ConfigError):
        compose(small, [word])


def test_the_command_line_replaces_what_a_scale_sweeps() -> None:
    three = compose("fsd_gsm8k", scale="desk").arms
    one = compose("fsd_gsm8k", ["seed=7"], scale="desk").arms
    assert {arm.seed for arm in three.values()} == {0, 1, 2} and len(three) == 3 * len(one)
    assert {arm.seed for arm in one.values()} == {7} and not any("@" in name for name in one)
