"""What changes a weight is in a stage's identity; what does not is not, so that arms share it."""

import json
from dataclasses import replace

import pytest
from tiny import DRAWN, FAST

from llmx.core.errors import ConfigError
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, DataSpec, ModelSpec, ShapeSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.store.fingerprint import fingerprint
from llmx.train.post_training.options import SftOptions, bases, read_options, trains


def identity(job):
    return fingerprint(lookup("stage", job.kind)().identity(job.given()))


@pytest.mark.parametrize(
    "settings",
    [{"learning_rate": 1e-3}, {"max_steps": 9}, {"bf16": True}, {"packing": True},
     {"logging_steps": 5}],
)  # fmt: skip
def test_what_changes_a_weight_or_the_curve_is_in_it(work, settings):
    assert identity(work("sft", {**FAST, **settings})) != identity(work("sft", FAST))


@pytest.mark.parametrize(
    "settings", [{"save_steps": 7}, {"save_total_limit": 3}, {"dataloader_num_workers": 1}]
)
def test_accidents_are_not(work, settings):
    assert identity(work("sft", {**FAST, **settings})) == identity(work("sft", FAST))


def test_seed_adapter_rewards_and_model_are_in_it(work, tmp_path, model):
    job = work("grpo", DRAWN)
    other = tmp_path / "other"
    other.mkdir()
    for path in model.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    same = identity(replace(job, model=other))
    (other / "config.json").write_text("{}")
    changed = [
        replace(job, seed=2), replace(job, options={"lora": {"r": 4}}),
        replace(job, options={"rewards": ["gsm"]}), replace(job, model=other),
    ]  # fmt: skip
    assert same == identity(job)  # the folder's name means nothing, its content does
    assert len({identity(job), *map(identity, changed)}) == 1 + len(changed)


def test_trackers_are_accidents(work):
    job = work("sft", FAST)
    assert identity(replace(job, options={"trackers": ["wandb"]})) == identity(job)


@pytest.fixture
def launched(work, tmp_path):
    """Return the identity of a training with a configuration file for accelerate."""

    def made(**said):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text(json.dumps({"distributed_type": "MULTI_GPU", **said}))
        return identity(replace(work("sft", FAST), options={"accelerate": str(path)}))

    return made


def test_one_plain_process_is_what_there_is_without_a_file(work, launched):
    for said in ({}, {"mixed_precision": "no"}, {"gpu_ids": "all", "main_process_port": 29500}):
        assert launched(num_processes=1, **said) == identity(work("sft", FAST))


def test_processes_that_make_other_steps_are_another_training(work, launched):
    """Two processes see twice the rows in a step: they must not find one process's output."""
    zero = {"distributed_type": "DEEPSPEED", "num_processes": 2}
    found = [
        identity(work("sft", FAST)),
        launched(num_processes=2),
        launched(num_processes=4),
        launched(num_processes=2, mixed_precision="bf16"),
        launched(num_processes=1, mixed_precision="bf16"),
        launched(num_processes=2, distributed_type="FSDP"),
        launched(**zero, deepspeed_config={"zero_stage": 1}),
        launched(**zero, deepspeed_config={"zero_stage": 2}),
        launched(**zero, deepspeed_config={"zero_stage": 2, "gradient_accumulation_steps": 8}),
    ]
    assert len(set(found)) == len(found)
    assert launched(num_processes=2) == launched(num_processes=2, main_process_port=29501)


def given(options, needs=(), names=("main",), **arm):
    stage = StageSpec(name="s", kind="sft", needs=needs, options=options)
    return StageInput(stage, {name: ArmSpec(**arm) for name in names})


def test_the_model_to_start_from():
    zoo = ModelSpec(target="zoo:gsm_draft")

    def named(options, needs=(), model=zoo):
        about = given(options, needs, model=model)
        return bases(read_options(SftOptions, about), about)

    assert named({}) == ("zoo:gsm_draft",)
    assert named({"base": "stage:warm"}, ("warm",)) == ("stage:warm",)
    both = ["stage:warm", "zoo:gsm_draft"]
    assert named({"base": both}, ("warm",)) == tuple(both)
    with pytest.raises(ConfigError, match="starts from 'stage:warm', which is no input"):
        named({"base": "stage:warm"})
    with pytest.raises(ConfigError, match="no model to start from"):
        named({}, model=None)


def test_arms_that_train():
    def does(names, options):
        about = given(options, names=names, model=ModelSpec(target="zoo:gsm_draft"))
        return trains(read_options(SftOptions, about), about)

    assert does(["cold"], {})
    assert not does(["cold"], {"arms": ["k0", "k1"]})
    assert does(["k1"], {"arms": ["k0", "k1"]})
    assert does(["k1@gamma=3"], {"arms": ["k0", "k1"]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"setings": {}}, "unknown option 'setings' of stages.s .kind sft. .did you mean settings"),
        ({"trackers": ["wandbb"]}, "unknown tracker 'wandbb' .did you mean wandb"),
        ({"settings": 3}, "stages.s.settings is 3 .write names and values"),
    ],
)
def test_wrong_options_are_one_line(options, message):
    with pytest.raises(ConfigError, match=message):
        read_options(SftOptions, given(options))


def test_a_policy_needs_a_reward_that_exists(work):
    stage = lookup("stage", "grpo")()
    with pytest.raises(ConfigError, match="needs a reward"):
        stage.identity(work("grpo", DRAWN, options={"rewards": []}).given())
    with pytest.raises(ConfigError, match=r"unknown reward 'gsn' .did you mean gsm"):
        stage.identity(work("grpo", DRAWN, options={"rewards": ["gsn"]}).given())


def test_the_wording_around_a_question_is_in_it(work):
    job = work("sft", FAST)
    about = job.given()
    stage = lookup("stage", "sft")()

    def with_data(**settings):
        arm = about.arm.model_copy(update={"data": DataSpec(kind="gsm_symbolic", **settings)})
        return fingerprint(stage.identity(StageInput(about.stage, {"main": arm})))

    assert with_data() == with_data(test=5)
    assert with_data() != with_data(instruction="Think.")


def test_a_shape_stands_for_a_model_that_is_still_to_come():
    shape = ShapeSpec(layers=2, hidden=64, intermediate=96)
    about = given({"base": "stage:train"}, ("train",), shape=shape)
    memory = lookup("stage", "sft")().plan(about).memory
    assert memory.gradients == 4 * 2 * (4 * 64**2 + 3 * 64 * 96)


def test_one_stage_trains_one_arm():
    about = given({}, names=("a", "b"), model=ModelSpec(target="zoo:gsm_draft"))
    with pytest.raises(ConfigError, match=r"stages\.s trains one arm and is given 2"):
        read_options(SftOptions, about)
