"""What accelerate's file says of processes: how memory is divided, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import ConfigError
from llmx.core.stage import Memory
from llmx.train.course.accelerate_file import read_processes
from llmx.train.course.processes import START_ALL, Processes
from llmx.train.course.sharding import Sharding, fsdp, zero

WHOLE = Memory(weights=800, gradients=800, optimiser=1600, activations=50, cache=30)


@pytest.fixture
def written(tmp_path):
    """Write a configuration file, and read it."""

    def read(text):
        path = tmp_path / "processes.yaml"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return read_processes(str(path), "stages.sft.accelerate")

    return read


def parts(sharding, settings=None, **more):
    kind = "FSDP" if sharding.name.startswith("FSDP") else "DEEPSPEED"
    found = Processes(count=8, kind=kind, sharding=sharding, **more).share(WHOLE, settings or {})
    assert (found.activations, found.cache) == (WHOLE.activations, WHOLE.cache)
    return found.weights, found.gradients, found.optimiser


@pytest.mark.parametrize(
    ("sharding", "wanted"),
    [
        (fsdp({}), (100, 100, 200)),
        (fsdp({"fsdp_sharding_strategy": "FULL_SHARD"}), (100, 100, 200)),
        (fsdp({"sharding_strategy": 1}), (100, 100, 200)),
        (fsdp({"fsdp_sharding_strategy": "SHARD_GRAD_OP"}), (800, 100, 200)),
        (fsdp({"fsdp_sharding_strategy": 2}), (800, 100, 200)),
        (fsdp({"fsdp_sharding_strategy": "HYBRID_SHARD"}), (100, 100, 200)),
        (fsdp({"fsdp_sharding_strategy": "HYBRID_SHARD_ZERO2"}), (800, 100, 200)),
        (fsdp({"fsdp_sharding_strategy": "NO_SHARD"}), (800, 800, 1600)),
        (fsdp({"fsdp_version": 2}), (100, 100, 200)),
        (fsdp({"fsdp_version": 2, "fsdp_reshard_after_forward": False}), (800, 100, 200)),
        (fsdp({"fsdp_version": 2, "fsdp_reshard_after_forward": "true"}), (100, 100, 200)),
        (fsdp({"fsdp_offload_params": True}), (0, 0, 0)),
        (zero({"zero_stage": 0}), (800, 800, 1600)),
        (zero({"zero_stage": 1}), (800, 800, 200)),
        (zero({"zero_stage": 2}), (800, 100, 200)),
        (zero({}), (800, 100, 200)),  # accelerate's default is stage 2
        (zero({"zero_stage": 3}), (100, 100, 200)),
        (zero({"zero_stage": 2, "offload_optimizer_device": "cpu"}), (800, 100, 0)),
        (zero({"zero_stage": 3, "offload_param_device": "nvme"}), (0, 100, 200)),
        (zero({"zero_stage": 2, "offload_param_device": "cpu"}), (800, 100, 200)),
        (zero({"zero_stage": 3, "offload_optimizer_device": "none"}), (100, 100, 200)),
    ],
)
def test_what_is_divided_among_eight(sharding, wanted):
    assert parts(sharding) == wanted


def test_hybrid_sharding_divides_within_a_machine():
    assert parts(fsdp({"fsdp_sharding_strategy": "HYBRID_SHARD"}), machines=4) == (400, 400, 800)
    assert parts(fsdp({}), machines=4) == (100, 100, 200)


def test_deepspeed_in_mixed_precision_by_hand():
    """16 bytes a parameter as before, but twelve of them with the optimiser: 2, 2 and 12."""
    sharding = zero({"zero_stage": 1})
    mixed = Processes(count=8, kind="DEEPSPEED", sharding=sharding)
    found = mixed.share(WHOLE, {"bf16": True})
    assert (found.weights, found.gradients, found.optimiser) == (400, 400, 2400 // 8)
    assert found.cache == 15
    small = {"bf16": True, "model_init_kwargs": {"dtype": "bfloat16"}}
    assert mixed.share(WHOLE, small).weights == 800
    assert parts(fsdp({}), {"bf16": True}) == (100, 100, 200)


@given(st.integers(1, 64), st.integers(0, 3))
def test_more_processes_never_hold_more_each_and_hold_all_together(count, stage):
    def total(count):
        mine = Processes(count=count, kind="DEEPSPEED", sharding=zero({"zero_stage": stage}))
        return mine.share(WHOLE, {}).total

    assert total(count + 1) <= total(count) <= WHOLE.total <= count * total(count)


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ({"distributed_type": "NO"}, 1),
        ({"distributed_type": "NO", "num_processes": 4}, 1),
        ({"distributed_type": "MULTI_GPU", "num_processes": 4}, 4),
        ({"distributed_type": "MULTI_CPU", "num_processes": 4}, 1),
        ({"distributed_type": "MULTI_CPU", "num_processes": 4,
          "mpirun_config": {"mpirun_hostfile": "h"}}, 4),
        ({"distributed_type": "FSDP", "num_processes": 2, "fsdp_config": None}, 2),
    ],
)  # fmt: skip
def test_how_many_start(written, said, count):
    assert written(said).count == count


def test_a_file_as_accelerate_writes_it(written):
    found = written(
        "compute_environment: LOCAL_MACHINE\ndebug: false\ndistributed_type: DEEPSPEED\n"
        "deepspeed_config:\n  gradient_accumulation_steps: 4\n  zero3_init_flag: true\n"
        "  offload_optimizer_device: none\n  zero3_save_16bit_model: true\n  zero_stage: 3\n"
        "mixed_precision: bf16\nnum_machines: 1\nnum_processes: 8\nuse_cpu: false\n"
    )
    assert found.identity() == {
        "num_processes": 8,
        "mixed_precision": "bf16",
        "gradient_accumulation_steps": 4,
        "distributed_type": "DEEPSPEED",
        "sharding": "ZeRO-3",
    }
    assert not found.plain and found.refusal("x") is None
    assert found.told({"bf16": False}) == {"bf16": True}


def test_precision_of_the_settings_counts_more():
    mixed = Processes(precision="fp16")
    assert mixed.told({"bf16": True}) == {"bf16": True}
    assert mixed.told({}) == {"fp16": True}
    assert Processes().told({"bf16": False}) == {"bf16": False}


@pytest.mark.parametrize("no", ["no", '"no"', "null"])
def test_no_precision_is_none_however_it_is_quoted(written, no):
    found = written(f"distributed_type: 'NO'\nmixed_precision: {no}\n")
    assert found.plain and found.precision == "no"


def test_deepspeed_s_own_file_is_read(written, tmp_path):
    file = tmp_path / "ds.json"
    told = {"zero_optimization": {"stage": 3, "offload_optimizer": {"device": "cpu"}}}
    file.write_text(json.dumps({**told, "gradient_accumulation_steps": "auto"}))
    config = {"deepspeed_config_file": str(file), "zero3_save_16bit_model": False}
    said = {"distributed_type": "DEEPSPEED", "num_processes": 4, "deepspeed_config": config}
    found = written(said)
    assert (found.sharding.name, found.accumulation) == ("ZeRO-3", 1)
    assert found.sharding.away == {"optimiser"}
    assert "zero3_save_16bit_model: true" in found.refusal("x").hint
    told["zero_optimization"]["stage3_gather_16bit_weights_on_model_save"] = True
    file.write_text(json.dumps(told))
    assert written(said).refusal("x") is None
    file.write_text("{}")
    assert written(said).sharding.name == "ZeRO-0"
    file.unlink()
    with pytest.raises(ConfigError, match=r"processes\.yaml cannot be read: .*ds\.json"):
        written(said)


FSDP = {"distributed_type": "FSDP", "num_processes": 2}
ZERO = {"distributed_type": "DEEPSPEED", "num_processes": 16}


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ({**FSDP, "fsdp_config": {"fsdp_state_dict_type": "SHARDED_STATE_DICT"}},
         "FSDP1 FULL_SHARD as set there saves no whole", "fsdp_state_dict_type: FULL_STATE_DICT"),
        ({**FSDP, "fsdp_config": {"fsdp_state_dict_type": "LOCAL_STATE_DICT"}},
         "saves no whole weights", "FULL_STATE_DICT"),
        ({**FSDP, "fsdp_config": {"fsdp_version": 2}}, "FSDP2", "FULL_STATE_DICT"),
        ({**ZERO, "deepspeed_config": {"zero_stage": 3}}, "ZeRO-3 as set there saves no whole",
         "zero3_save_16bit_model: true"),
        ({**FSDP, "num_machines": 2}, "names 2 machines, and only this one", "num_machines: 1"),
        ({"distributed_type": "MULTI_GPU", "num_processes": 16, "num_machines": 2},
         "names 2 machines", "deepspeed_multinode_launcher: pdsh"),
        ({**ZERO, "num_machines": 2,
          "deepspeed_config": {"deepspeed_multinode_launcher": "standard"}}, "2 machines", "pdsh"),
        ({**ZERO, "num_machines": 2,
          "deepspeed_config": {"deepspeed_multinode_launcher": "nossh"}}, "2 machines", "pdsh"),
    ],
)  # fmt: skip
def test_what_would_end_badly_is_refused(written, said, message, hint):
    refused = written(said).refusal("stages.sft.accelerate")
    assert isinstance(refused, ConfigError) and message in refused.message
    assert refused.message.startswith("stages.sft.accelerate") and hint in refused.hint


@pytest.mark.parametrize(
    "said",
    [
        FSDP,
        {**FSDP, "fsdp_config": {"fsdp_state_dict_type": "FULL_STATE_DICT", "fsdp_version": 2}},
        {**ZERO, "deepspeed_config": {"zero_stage": 2}},
        {**ZERO, "deepspeed_config": {"zero_stage": 3, "zero3_save_16bit_model": True}},
        {**ZERO, "num_machines": 2},
        *({**ZERO, "num_machines": 2, "deepspeed_config": {"deepspeed_multinode_launcher": name}}
          for name in START_ALL),
    ],
)  # fmt: skip
def test_what_works_is_not(written, said):
    assert written(said).refusal("x") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b", "holds no settings of accelerate"),
        ("", "holds no settings of accelerate"),
        ("a: [", "is no YAML"),
        ("distributed_type: MULTI_GPU", "cannot be read: MULTI_GPU needs num_processes"),
        ("distributed_type: FSDP\nnum_processes: two", "cannot be read: invalid literal"),
        ("distributed_type: FSDP\nnum_processes: 2\nfsdp_config: [1]", "cannot be read"),
    ],
)
def test_a_file_that_says_nothing(written, text, message):
    with pytest.raises(ConfigError, match=message) as error:
        written(text)
    assert error.value.message.startswith("stages.sft.accelerate: ")
    assert "\n" not in error.value.message


def test_a_file_that_is_not_there():
    with pytest.raises(ConfigError, match=r"stages\.a\.accelerate: no\.yaml is no file"):
        read_processes("no.yaml", "stages.a.accelerate")
    assert read_processes(None) == Processes() and Processes().plain
    assert Processes().share(WHOLE, {"bf16": True}) == WHOLE and Sharding().name == "none"


@pytest.mark.slow
def test_names_and_defaults_are_those_of_accelerate(tmp_path):
    from accelerate.commands.launch import launch_command_parser
    from accelerate.utils import constants, str_to_bool

    from llmx.train.course import sharding

    assert list(sharding._STRATEGIES) == constants.FSDP_SHARDING_STRATEGY
    assert set(START_ALL) == set(constants.DEEPSPEED_MULTINODE_LAUNCHERS) - {"standard", "nossh"}
    default = launch_command_parser().parse_args(["x"])
    assert fsdp({}) == fsdp({
        "fsdp_version": default.fsdp_version, "fsdp_offload_params": default.fsdp_offload_params,
        "fsdp_sharding_strategy": default.fsdp_sharding_strategy,
        "fsdp_reshard_after_forward": default.fsdp_reshard_after_forward,
        "fsdp_state_dict_type": default.fsdp_state_dict_type,
    })  # fmt: skip
    for word in ("yes", "TRUE", "1", "off", "f", "0"):
        assert sharding.yes(word) == str_to_bool(word, to_bool=True)
