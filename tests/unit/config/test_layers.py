"""Precedence: groups < recipe < scale < arm, the command line above all that no arm sets."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.config.compose import compose
from llmx.core.errors import ConfigError
from llmx.core.record import as_json
from llmx.core.spec import RunSpec

Write = Callable[..., Path]


def value(spec: RunSpec, arm: str, key: str) -> object:
    found: object = as_json(spec.arms[arm])
    for part in key.split("."):
        assert isinstance(found, dict)
        found = found[part]
    return found


# Each row sets the same key in one more layer; the last layer that sets it must win.
LAYERS = [
    ("group", "", "", "", [], 160),
    ("recipe", "sampler: {max_tokens: 11}", "", "", [], 11),
    ("scale", "sampler: {max_tokens: 11}", "sampler.max_tokens=12", "", [], 12),
    (
        "command line",
        "sampler: {max_tokens: 11}",
        "sampler.max_tokens=12",
        "",
        ["sampler.max_tokens=13"],
        13,
    ),
    (
        "arm",
        "sampler: {max_tokens: 11}",
        "sampler.max_tokens=12",
        "sampler.max_tokens=14",
        [],
        14,
    ),
    (
        "arm from the command line",
        "sampler: {max_tokens: 11}",
        "sampler.max_tokens=12",
        "sampler.max_tokens=14",
        ["arms.sd.sampler.max_tokens=15"],
        15,
    ),
]


@pytest.mark.parametrize(
    ("inline", "scale", "arm", "overrides", "wins"),
    [row[1:] for row in LAYERS],
    ids=[row[0] for row in LAYERS],
)
def test_each_layer_stands_above_the_one_before(
    write: Write, inline: str, scale: str, arm: str, overrides: list[str], wins: int
) -> None:
    text = f"""\
defaults:
  - override /model: zoo_gsm
stages: {{generate: {{kind: decode}}}}
arms: {{sd: [{", ".join(filter(None, ["sampler=speculative", arm]))}]}}
scales: {{laptop: [{scale}]}}
{inline}
"""
    spec = compose(str(write(text)), overrides)
    assert value(spec, "sd", "sampler.max_tokens") == wins


def test_a_scale_chooses_groups_and_keeps_the_recipes_values(small: str) -> None:
    laptop, paper = compose(small), compose(small, scale="paper")
    assert value(laptop, "sd", "model.target") == "zoo:gsm_target"
    assert value(paper, "sd", "model.target") == "meta-llama/Llama-3.1-70B-Instruct"
    assert value(laptop, "sd", "sampler.max_tokens") == 99
    assert value(paper, "sd", "sampler.max_tokens") == 512
    assert (laptop.scale, paper.scale) == ("laptop", "paper")
    assert {arm.scale.name for arm in paper.arms.values()} == {"paper"}


def test_the_scale_group_and_the_recipes_own_list_both_count(small: str) -> None:
    scale = compose(small).arms["sd"].scale
    assert (scale.budget_seconds, scale.speed_problems) == (150.0, 7)


def test_the_command_line_stands_above_the_scale(small: str) -> None:
    spec = compose(small, ["model=zoo_gsm", "engine.dtype=float16"], scale="paper")
    assert value(spec, "sd", "model.target") == "zoo:gsm_target"
    assert value(spec, "sd", "engine.dtype") == "float16"


def test_a_key_of_some_arms_applies_to_those_and_says_so(small: str) -> None:
    spec = compose(small, ["sampler.gamma=3"])
    assert [value(spec, arm, "sampler.gamma") for arm in ("target", "sd", "fsd")] == [5, 3, 3]
    assert len(spec.notes) == 1
    assert "sampler.gamma=3 applies to sd, fsd; not to target" in spec.notes[0]


def test_a_key_that_an_arm_sets_names_the_way_and_the_way_works(small: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compose(small, ["sampler.draft_share=0.5"])
    assert caught.value.hint == "write arms.fsd.sampler.draft_share=0.5"
    spec = compose(small, [caught.value.hint.removeprefix("write ")])
    assert value(spec, "fsd", "sampler.draft_share") == 0.5


def test_a_group_that_an_arm_chooses_is_a_key_that_it_sets(small: str) -> None:
    with pytest.raises(ConfigError, match="sampler is set by arm target, sd, fsd"):
        compose(small, ["sampler=greedy"])
    spec = compose(small, ["arms.target.sampler=greedy"])
    assert value(spec, "target", "sampler.temperature") == 0.0


def test_one_arm_alone_frees_the_keys_of_the_others(small: str) -> None:
    with pytest.raises(ConfigError, match=r"no arm here has sampler\.draft_share"):
        compose(small, ["arms=[target,sd]", "sampler.draft_share=0.5"])


def test_arms_are_selected_in_the_order_asked(small: str) -> None:
    assert list(compose(small, ["arms=[fsd,sd]"]).arms) == ["fsd", "sd"]
    assert list(compose(small, arms=["sd"]).arms) == ["sd"]


def test_leaving_the_reference_out_is_said(small: str) -> None:
    spec = compose(small, ["arms=[target,fsd]"])
    assert spec.reference is None
    assert any("reference arm sd" in note for note in spec.notes)


def test_equal_arms_are_refused(write: Write) -> None:
    text = "stages: {g: {kind: decode}}\narms: {a: [sampler=target], b: [sampler=target]}\n"
    with pytest.raises(ConfigError, match="arms a and b resolve to the same settings"):
        compose(str(write(text)))


def test_stage_options_are_set_from_the_command_line(small: str) -> None:
    stages = {stage.name: stage for stage in compose(small, ["stages.speed.problems=4"]).stages}
    assert stages["speed"].options == {"problems": 4}
    assert stages["speed"].over == "recipe"
    assert stages["generate"].needs == ("calibrate",)
    assert stages["calibrate"].options == {"split": "calibration"}


def test_deviations_are_those_of_the_scale(small: str) -> None:
    assert compose(small).deviations == ("textbook formula", "smaller models")
    assert compose(small, scale="paper").deviations == ("textbook formula",)


def test_keys_that_no_choice_writes_out_are_open_to_all(small: str) -> None:
    spec = compose(small, ["engine.batch_size=3", "seed=7"])
    assert {arm.engine.batch_size for arm in spec.arms.values()} == {3}
    assert {arm.seed for arm in spec.arms.values()} == {7}


def test_a_recipe_may_write_a_whole_section_itself(write: Write) -> None:
    text = "stages: {g: {kind: train}}\nmodel: {target: ./x}\ntrainer: {steps: 5}\n"
    arm = compose(str(write(text))).arms["main"]
    assert arm.model is not None and arm.model.target == "./x"
    assert arm.trainer is not None and arm.trainer.steps == 5


def test_values_may_refer_to_others(small: str) -> None:
    assert value(compose(small, ["data.seed=${seed}", "seed=4"]), "sd", "data.seed") == 4


def test_the_spec_survives_json(small: str) -> None:
    spec = compose(small, ["sampler.gamma=3,5"], scale="smoke")
    assert RunSpec.model_validate_json(spec.model_dump_json()) == spec


def test_the_command_is_kept(small: str) -> None:
    spec = compose(small, ["seed=3", "arms=[sd]"], scale="smoke")
    again = compose(small, spec.overrides)
    assert again == spec


def test_an_engine_that_nobody_brings_can_be_planned_and_says_so(small: str) -> None:
    group = Path(small).parent.parent / "_groups" / "engine"
    group.mkdir(parents=True)
    (group / "elsewhere.yaml").write_text("kind: elsewhere\n")
    spec = compose(small, ["engine=elsewhere"])
    assert [note for note in spec.notes if "'elsewhere' is not installed" in note]


def test_options_of_an_engine_are_set_and_swept_by_their_own_names(small: str) -> None:
    words = ["engine=vllm", "arms=[sd]", "engine.options.block_size=16,32"]
    spec = compose(small, [*words, "engine.options.swap=1"])
    found = {name: dict(arm.engine.options) for name, arm in spec.arms.items()}
    assert found == {
        "sd@block_size=16": {"block_size": 16, "swap": 1},
        "sd@block_size=32": {"block_size": 32, "swap": 1},
    }


def test_an_option_needs_an_engine_that_has_options(small: str) -> None:
    with pytest.raises(
        ConfigError, match=r"engine=openai\|vllm\|vllm_bf16\|vllm_server would have it"
    ):
        compose(small, ["engine.options.block_size=16"])


@pytest.mark.parametrize("typed", [[], ["data=countdown3"]], ids=["its choice", "typed choice"])
def test_a_recipe_sets_the_options_that_it_writes_and_keeps_the_others(
    write: Write, typed: list[str]
) -> None:
    """Else one option of a recipe would throw away all that its choice says."""
    text = """\
defaults: [override /model: zoo_gsm, override /data: countdown3]
data: {test: 8, options: {sft: 4096, content: correct, validation: 5}}
stages: {generate: {kind: decode}}
arms: {sd: [sampler=target], other: [sampler=target, data.options.wording=plain]}
"""
    spec = compose(str(write(text)), [*typed, "data.options.sft=77"])
    told = value(spec, "sd", "data.options")
    assert isinstance(told, dict)
    assert (told["sft"], told["content"], told["validation"]) == (77, "correct", 5)
    assert (told["wording"], told["generator"]["max_value"]) == ("terse", 20)
    assert value(spec, "other", "data.options.wording") == "plain"
    assert value(spec, "other", "data.options.content") == "correct"
