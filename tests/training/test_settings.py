"""Settings are TRL's: its names and types, the nearest name for any other; nothing is imported."""

import dataclasses
import subprocess
import sys

import pytest

from llmx.core.errors import ConfigError
from llmx.core.spec import ArmSpec, ModelSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.train.course.fields import WITHOUT_TRL, defaults, fields, setting
from llmx.train.course.settings import (
    ACCIDENTS,
    DEFAULTS,
    RESERVED,
    check_lora,
    check_settings,
)
from llmx.train.post_training.base import bases_identity

KINDS = ("sft", "dpo", "grpo", "rloo")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_source_has_the_fields_of_the_dataclass(kind):
    import trl

    config = getattr(trl, f"{kind.upper()}Config")
    assert set(fields(kind)) == {field.name for field in dataclasses.fields(config)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_source_has_the_defaults_of_the_dataclass(kind):
    """But for those that are computed, or made anew for each configuration."""
    import trl

    config = getattr(trl, f"{kind.upper()}Config")
    written = {field.name: field.default for field in dataclasses.fields(config)}
    read = defaults(kind)
    assert {name: written[name] for name in read} == dict(read)
    computed = {name for name in written if written[name] is not dataclasses.MISSING} - set(read)
    assert computed <= {"optim", "logging_strategy", "save_strategy", "eval_strategy"}


@pytest.mark.parametrize("kind", KINDS)
def test_without_trl_the_defaults_are_those_of_the_tested_version(kind, monkeypatch):
    told = {name: defaults(kind)[name] for name in WITHOUT_TRL[kind]}
    monkeypatch.setattr("llmx.train.course.fields.installed", lambda package: False)
    assert defaults(kind) == told


def test_a_setting_is_as_given_or_trl_s():
    assert setting("rloo", {}, "num_generations") == defaults("rloo")["num_generations"]
    assert setting("rloo", {"num_generations": None}, "num_generations") == setting(
        "rloo", {}, "num_generations"
    )
    assert setting("grpo", {"beta": 0.0}, "beta") == 0.0
    assert setting("grpo", {"num_generations": 3}, "num_generations") == 3


@pytest.mark.slow
def test_the_source_has_the_fields_of_lora():
    import peft

    assert set(fields("lora")) == {field.name for field in dataclasses.fields(peft.LoraConfig)}


def test_a_plan_imports_no_trainer():
    code = (
        "import sys; from llmx.core.registry import lookup\n"
        "from llmx.core.spec import ArmSpec, ModelSpec, StageSpec\n"
        "from llmx.core.stage import StageInput\n"
        "stage = StageSpec(name='s', kind='sft', options={'settings': {'max_steps': 3}})\n"
        "arm = ArmSpec(model=ModelSpec(target='zoo:gsm_draft'))\n"
        "given = StageInput(stage, {'main': arm}); kind = lookup('stage', 'sft')()\n"
        "kind.identity(given); print(kind.plan(given).memory.total)\n"
        "heavy = {'torch', 'trl', 'transformers', 'datasets', 'peft', 'tokenizers', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_names_of_ours_are_names_of_theirs():
    known = set().union(*(fields(kind) for kind in KINDS))
    old = {"logging_dir", "no_cuda"}  # of earlier versions; still refused with the way
    assert set(RESERVED) - known <= old
    assert known >= ACCIDENTS
    assert known >= DEFAULTS.keys()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rat": 1e-5}, "unknown setting 'learning_rat' .did you mean learning_rate"),
        ({"max_lenght": 5}, "unknown setting 'max_lenght' .did you mean max_length"),
        ({"learning_rate": "fast"}, "learning_rate='fast' must be float"),
        ({"max_steps": 2.5}, "max_steps=2.5 must be int"),
        ({"bf16": 1}, "bf16=1 must be bool"),
        ({"max_steps": True}, "max_steps=True must be int"),
        ({"max_steps": None}, "max_steps=None must be int"),
        ({"max_grad_norm": float("inf")}, "max_grad_norm=inf must be finite"),
        ({"model_init_kwargs": '{"token": "x"}'}, "model_init_kwargs must be a mapping"),
        ({"logging_nan_inf_filter": True}, "logging_nan_inf_filter cannot be set"),
        ({"seed": 3}, "seed cannot be set .set seed=… of the arm"),
        ({"report_to": "wandb"}, "report_to cannot be set .name trackers"),
        ({"hub_token": "x"}, "hub_token cannot be set"),
        ({"train_sampling_strategy": "group_by_length"}, "killed training would not end at"),
        ({"save_total_limit": 1}, "save_total_limit is too small .2 or more"),
        ({"sync_ref_model": True}, "sync_ref_model cannot be set"),
        ({"model_init_kwargs": {"token": "x"}}, "model_init_kwargs.token cannot be set"),
    ],
)
def test_what_cannot_be_is_one_line_with_the_way(settings, message):
    kind = "sft" if "max_lenght" in settings else "grpo"
    with pytest.raises(ConfigError, match=message):
        check_settings(kind, settings, "stages.x.settings")


def test_a_reserved_name_is_never_the_hint():
    with pytest.raises(ConfigError) as caught:
        check_settings("sft", {"seeed": 1}, "stages.x.settings")
    assert "did you mean seed" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [{"learning_rate": 1}, {"max_length": None}, {"warmup_steps": 3}, {"optim": "sgd"},
     {"lr_scheduler_kwargs": {"num_cycles": 1}}, {"max_grad_norm": 0.5}],
)  # fmt: skip
def test_what_can_be_passes_through(settings):
    found = check_settings("sft", settings, "s")
    assert found == {**DEFAULTS, **settings}


def test_lora_has_short_names():
    given = {"r": 4, "alpha": 8, "dropout": 0.1, "target_modules": ["q_proj"]}
    found = check_lora(given, "s")
    assert found == {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": ["q_proj"]}
    with pytest.raises(ConfigError, match=r"unknown setting 'rank_patern' .did you mean"):
        check_lora({"rank_patern": {}}, "s")
    assert check_lora(None, "s") is None


@pytest.mark.parametrize(
    ("target", "name", "pinned"),
    [
        ("org/model", "org/model", "abc"),
        ("stage:grpo", "org/model", "abc"),  # the hub's model that a stage's output stands on
        ("stage:grpo", "stage:sft", None),
        ("org/other", "org/model", None),
        ("stage:grpo", "zoo:gsm_draft", None),
    ],
)
def test_the_revision_of_a_hub_model(target, name, pinned):
    model = ModelSpec(target=target, target_revision="abc")
    given = StageInput(StageSpec(name="sft", kind="sft"), {"a": ArmSpec(model=model)})
    (found,) = bases_identity([name], given)
    assert found.get("revision") == pinned
