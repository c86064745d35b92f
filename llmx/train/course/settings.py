"""The `settings` of a training stage: TRL's own names, checked before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from math import isfinite
from types import MappingProxyType
from typing import Any

from llmx.core.errors import ConfigError
from llmx.train.course.fields import Source, fields, fields_of, installed

_STAGE = "the stage decides it"
_RESUME = "a killed training would not end at the same weights"
# Settings that would break what a stage promises, and what to write instead.
RESERVED: dict[str, str] = {
    **dict.fromkeys(("output_dir", "run_name", "logging_dir", "disable_tqdm"), _STAGE),
    **dict.fromkeys(("do_train", "do_eval", "do_predict"), _STAGE),
    **dict.fromkeys(("seed", "data_seed"), "set seed=… of the arm"),
    **dict.fromkeys(("use_cpu", "no_cuda"), "set engine.device=cpu"),
    **dict.fromkeys(("save_strategy", "save_only_model", "resume_from_checkpoint"), _RESUME),
    **dict.fromkeys(("ignore_data_skip", "auto_find_batch_size", "sync_ref_model"), _RESUME),
    **dict.fromkeys(("load_best_model_at_end", "eval_strategy", "eval_on_start"), "use stages"
                    " decode and score"),
    "logging_nan_inf_filter": "a training run that diverges says so",
    **dict.fromkeys(("report_to", "project", "trackio_space_id"), "name trackers: […]"),
    **dict.fromkeys(("deepspeed", "fsdp", "fsdp_config", "parallelism_config",
                     "accelerator_config"), "write it to a file and give accelerate: PATH"),
    **dict.fromkeys(("log_completions", "log_completions_hub_repo"), "rollouts.jsonl has them"),
    **dict.fromkeys(("push_to_hub", "hub_model_id", "hub_token", "hub_strategy"), "publish model/"
                    " by hand"),
    **dict.fromkeys(("dataset_text_field", "dataset_kwargs", "assistant_only_loss",
                     "chat_template_path", "eos_token"), "the stage encodes the rows"),
    "trust_remote_code": "code of strangers is not run",
}  # fmt: skip
_ORDERS = ("random", "sequential")  # the others draw from a generator that is not saved in time
_LOADING = {
    "token": "log in with `hf auth login`: settings are written to disk",
    "trust_remote_code": "code of strangers is not run",
    "revision": "set model.target_revision",
}
# Change the speed of a training, not what it means: they are not in its fingerprint.
ACCIDENTS = frozenset({
    "save_steps", "save_total_limit", "dataloader_num_workers", "dataloader_pin_memory",
    "dataloader_persistent_workers", "dataloader_prefetch_factor", "dataset_num_proc",
    "torch_empty_cache_steps", "log_level", "log_level_replica", "skip_memory_metrics",
    "vllm_server_base_url", "vllm_server_host", "vllm_server_port", "vllm_server_timeout",
    "vllm_group_port", "vllm_gpu_memory_utilization", "vllm_enable_sleep_mode",
})  # fmt: skip
DEFAULTS: dict[str, Any] = {"bf16": False, "logging_steps": 1, "save_steps": 50}
"""Where a stage's default is not TRL's: fp32 on every device, every step in the curve, a
checkpoint often."""
_LORA_NAMES = {"alpha": "lora_alpha", "dropout": "lora_dropout"}
_TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,)}


def check_settings(
    kind: str,
    settings: Mapping[str, Any],
    where: str,
    sources: Sequence[Source] = (),
    reserved: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the settings with this project's defaults.

    Args:
        kind: ``sft``, ``dpo``, ``grpo`` or ``rloo``.
        where: the option's dotted name, for messages.
        sources: the configuration's classes, of another kind.
        reserved: more names that the stage decides, and what to write instead.

    Raises:
        ConfigError: for a name that TRL does not know (with the nearest it does), one that a
            stage decides, or a value of another type. Names are not checked without TRL.
    """
    held = {**RESERVED, **reserved}
    for name in sorted(settings.keys() & held.keys()):
        raise ConfigError(f"{where}.{name} cannot be set", held[name])
    loading = settings.get("model_init_kwargs") or {}
    if not isinstance(loading, Mapping):
        raise ConfigError(f"{where}.model_init_kwargs must be a mapping", "write it as YAML")
    for name in sorted(loading.keys() & _LOADING.keys()):
        raise ConfigError(f"{where}.model_init_kwargs.{name} cannot be set", _LOADING[name])
    order = settings.get("train_sampling_strategy", "random")
    if order not in _ORDERS:
        hint = f"{_RESUME} under {order}; known: {', '.join(_ORDERS)}"
        raise ConfigError(f"{where}.train_sampling_strategy={order!r} cannot be", hint)
    if settings.get("save_total_limit", 2) in (0, 1):
        raise ConfigError(f"{where}.save_total_limit is too small", f"2 or more, or {_RESUME}")
    package = sources[-1][0] if sources else "trl"
    if installed(package):
        _check(settings, fields_of(sources) if sources else fields(kind), where, held)
    return {**DEFAULTS, **settings}


def check_lora(lora: Mapping[str, Any] | None, where: str) -> dict[str, Any] | None:
    """Return the fields of peft's LoraConfig; ``alpha`` and ``dropout`` are short for its names.

    Raises:
        ConfigError: for a name or value that does not fit. Names are not checked without peft.
    """
    if lora is None:
        return None
    named = {_LORA_NAMES.get(name, name): value for name, value in lora.items()}
    if "task_type" in named:
        raise ConfigError(f"{where}.task_type cannot be set", _STAGE)
    if installed("peft"):
        _check(named, fields("lora"), where, ())
    return named


def _check(
    given: Mapping[str, Any], known: Mapping[str, str], where: str, hidden: Collection[str]
) -> None:
    for name, value in given.items():
        if name not in known:
            close = get_close_matches(name, [n for n in known if n not in hidden], n=2, cutoff=0.5)
            hint = f"did you mean {' or '.join(close)}?" if close else "see docs/training.md"
            raise ConfigError(f"{where}: unknown setting '{name}'", hint)
        if isinstance(value, float) and not isfinite(value):
            raise ConfigError(f"{where}.{name}={value!r} must be finite")
        if not _fits(value, known[name]):
            raise ConfigError(f"{where}.{name}={value!r} must be {known[name]}")


def _fits(value: Any, annotation: str) -> bool:
    """Check numbers and truth values; any other annotation is left to TRL itself."""
    parts = [part.strip() for part in annotation.split("|")]
    optional = annotation.startswith("Optional[")
    if value is None:
        return optional or "None" in parts
    wanted = [part for part in parts if part != "None"]
    if optional or not set(wanted) <= set(_TYPES):
        return True
    if isinstance(value, bool):
        return "bool" in wanted
    return any(isinstance(value, _TYPES[part]) for part in wanted if part != "bool")
