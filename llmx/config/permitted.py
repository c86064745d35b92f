"""What a file may set of settings that other programs read: a list of what is known to be harmless.

A recipe is safe to run because it names no program and loads no code. Settings of vLLM, TRL and
peft are many, and some import what they name, read files or open connections; so a file may set
those that are listed here, and whatever a later version adds is refused until somebody has looked.
The user himself may type any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

VLLM = frozenset({"vllm", "vllm_server"})
"""Kinds of engines whose options are vLLM's."""

VLLM_OPTIONS = frozenset({
    "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size",
    "prefill_context_parallel_size", "decode_context_parallel_size", "enable_expert_parallel",
    "max_model_len", "max_num_batched_tokens", "max_num_scheduled_tokens", "max_logprobs",
    "gpu_memory_utilization", "kv_cache_memory_bytes", "kv_cache_dtype", "cpu_offload_gb",
    "num_gpu_blocks_override", "block_size", "enable_prefix_caching", "enable_chunked_prefill",
    "disable_chunked_mm_input", "disable_hybrid_kv_cache_manager", "long_prefill_token_threshold",
    "disable_sliding_window", "disable_cascade_attn", "disable_custom_all_reduce",
    "disable_log_stats", "enforce_eager", "seed", "quantization", "scheduling_policy",
    "language_model_only", "skip_mm_profiling", "stream_interval", "use_tqdm_on_load",
    "ignore_eos", "cache_salt",
})  # fmt: skip
"""Numbers, switches and names out of lists of vLLM's own; the last two are llmx's."""

_SPECULATIVE = frozenset({
    "draft_sample_method", "draft_tensor_parallel_size", "disable_padded_drafter_batch",
})  # fmt: skip

TRAINING_TEXTS = frozenset({
    "lr_scheduler_type", "lr_scheduler_kwargs", "logging_strategy", "log_level",
    "train_sampling_strategy", "truncation_mode", "packing_strategy", "loss_type", "loss_weights",
    "f_divergence_type", "pad_to_multiple_of", "reward_weights", "reward_clip_range",
    "scale_rewards", "importance_sampling_level", "multi_objective_aggregation",
    "vllm_mode", "vllm_importance_sampling_mode", "chat_template_kwargs",
    "gradient_checkpointing_kwargs", "include_num_input_tokens_seen", "pad_token",
})  # fmt: skip
"""Settings of TRL with names, or lists or mappings of them; any number or switch is harmless."""
_OPTIMIZERS = frozenset({
    "adamw_torch", "adamw_torch_fused", "adafactor", "sgd", "adagrad", "rmsprop", "lion_32bit",
    "adamw_bnb_8bit", "adamw_8bit", "paged_adamw_32bit", "paged_adamw_8bit", "lion_8bit",
})  # fmt: skip
_LOADING = {  # of model_init_kwargs: name -> what its value has to look like
    "dtype": re.compile(r"auto|float32|float16|bfloat16"),
    "torch_dtype": re.compile(r"auto|float32|float16|bfloat16"),
    # Any other text may be a repository whose kernel is fetched and run.
    "attn_implementation": re.compile(r"eager|sdpa|flash_attention_[23]|flex_attention"),
    "use_cache": re.compile(r"True|False"),
    "low_cpu_mem_usage": re.compile(r"True|False"),
}

LORA = frozenset({
    "r", "alpha", "lora_alpha", "dropout", "lora_dropout", "target_modules", "exclude_modules",
    "fan_in_fan_out", "bias", "use_rslora", "use_dora", "lora_bias", "modules_to_save",
    "init_lora_weights", "layers_to_transform", "layers_pattern", "rank_pattern", "alpha_pattern",
    "layer_replication", "target_parameters", "ensure_weight_tying",
})  # fmt: skip
"""Fields of peft's LoraConfig; `megatron_core`, for one, names a module to import."""

_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,80}")  # no path, no address, no flag


@dataclass(frozen=True)
class RefusedValue:
    """Why a file may not set a value, and what the user can do."""

    reason: str
    hint: str


def engine_refusals(engine: Mapping[str, Any]) -> Iterator[tuple[str, RefusedValue]]:
    """Yield the settings of an engine that no file may set, as ``python`` or ``options.NAME``."""
    if engine.get("python") is not None:
        hint = "set $LLMX_VLLM_PYTHON, or type engine.python=PATH"
        yield "python", RefusedValue("a file names no program", hint)
    options = engine.get("options")
    if engine.get("kind") not in VLLM or not isinstance(options, Mapping):
        return
    for name, value in options.items():
        if not _of_vllm(str(name), value):
            reason = "not among the settings of vLLM that a file may set (docs/security.md)"
            yield f"options.{name}", RefusedValue(reason, f"type engine.options.{name}=…")


def _of_vllm(name: str, value: Any) -> bool:
    if name == "speculative_config":
        inner = value.items() if isinstance(value, Mapping) else [("", value)]
        return value is None or all(key in _SPECULATIVE and _plain(held) for key, held in inner)
    return name in VLLM_OPTIONS and _plain(value)


def _plain(value: Any) -> bool:
    """Whether a value is a number, a switch or a mere name."""
    if isinstance(value, str):
        return _NAME.fullmatch(value) is not None and not value.startswith("-")
    return value is None or isinstance(value, bool | int | float)


def stage_refusals(options: Mapping[str, Any]) -> Iterator[tuple[str, RefusedValue]]:
    """Yield the options of a stage that no file may set, as ``accelerate`` or ``lora.NAME``."""
    if options.get("accelerate") is not None:
        reason = "accelerate's own file says what it starts, and where"
        yield "accelerate", RefusedValue(reason, "write accelerate: null and type the path")
    reason = "not among the settings that a file may set (docs/security.md)"
    for section, fits in (("settings", _of_training), ("lora", _of_lora)):
        held = options.get(section)
        for name, value in held.items() if isinstance(held, Mapping) else ():
            if not fits(str(name), value):
                yield f"{section}.{name}", RefusedValue(reason, "type it on the command line")


def _of_training(name: str, value: Any) -> bool:
    if name == "optim":
        return value in _OPTIMIZERS
    if name == "model_init_kwargs":
        inner = value.items() if isinstance(value, Mapping) else [("", value)]
        return value is None or all(_loads(str(key), held) for key, held in inner)
    if value is None or isinstance(value, bool | int | float):
        return True
    parts = list(value.values()) if isinstance(value, Mapping) else value
    held = parts if isinstance(parts, list) else [parts]
    return name in TRAINING_TEXTS and all(map(_plain, held))


def _loads(name: str, value: Any) -> bool:
    return name in _LOADING and _LOADING[name].fullmatch(str(value)) is not None


def _of_lora(name: str, value: Any) -> bool:
    return name in LORA
