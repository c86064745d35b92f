"""From llmx's specifications to the arguments of vLLM's engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.engines.pair import ready_folder, target_folder
from llmx.engines.vllm_plugin.known import followed, follows

# Settings whose values follow from the recipe.
_OURS = {
    "model": "model.target",
    "revision": "model.target_revision",
    "dtype": "engine.dtype",
    "max_num_seqs": "engine.batch_size",
    "additional_config": "sampler",
    "worker_extension_cls": "sampler",
    "async_scheduling": "sampler",
    "logprobs_mode": "engine.logprobs",
    "trust_remote_code": "--trust-remote-code",
}
# Of the machine, not of the result.
ACCIDENTS = {"gpu_memory_utilization", "kv_cache_memory_bytes", "disable_log_stats"}


def check(sampler: SamplerSpec, spec: EngineSpec) -> None:
    """Refuse a sampler that vLLM's loop cannot follow.

    Raises:
        ConfigError: naming the setting, and what to do.
    """
    if not follows(sampler.algorithm):
        text = f"engine '{spec.kind}' has no rule for sampler.algorithm={sampler.algorithm}"
        raise ConfigError(text, "engine=hf, or one of " + ", ".join(followed()))
    if sampler.stop_below and sampler.algorithm not in ("target", "draft"):
        text = f"engine '{spec.kind}' drafts whole blocks: no sampler.stop_below"
        raise ConfigError(text, "sampler.stop_below=0, or engine=hf")


def engine_arguments(
    model: ModelSpec, spec: EngineSpec, sampler: SamplerSpec, stages: Mapping[str, Path]
) -> dict[str, Any]:
    """Return arguments for vLLM's ``AsyncEngineArgs``, as plain values.

    What a request can say itself (threshold, divergence, temperature …) is not among them, so that
    all arms of one pair and one gamma share an engine.

    Raises:
        ConfigError: for an option that the recipe decides elsewhere.
    """
    for name in spec.options:
        if name in _OURS:
            raise ConfigError(f"engine.options.{name} follows from the recipe", _OURS[name])
    options = dict(spec.options)
    speculative = options.pop("speculative_config", None) or {}
    alone = sampler.algorithm in ("target", "draft")
    answers, revision = _target(model, stages), model.target_revision
    if sampler.algorithm == "draft":
        name, revision = _draft(model)
        answers = _place(name, revision, stages)
    found = {
        "model": answers,
        "revision": revision,
        "tokenizer": _target(model, stages),
        "tokenizer_revision": model.target_revision,
        "dtype": spec.dtype,
        "max_num_seqs": spec.batch_size,
        "enable_prefix_caching": True,
        "disable_log_stats": True,
        "async_scheduling": False,
        "trust_remote_code": spec.trust_remote_code,
        "load_format": "safetensors",  # otherwise vLLM takes pickled weights where it finds them
        "worker_extension_cls": "llmx.engines.vllm_plugin.extension.WorkerExtension",
        "additional_config": {"llmx": {}},
        **options,
    }
    if not alone:
        found["speculative_config"] = _speculative(model, sampler, stages, options) | speculative
    return {key: value for key, value in found.items() if value is not None}


def _speculative(
    model: ModelSpec, sampler: SamplerSpec, stages: Mapping[str, Path], options: Mapping[str, Any]
) -> dict[str, Any]:
    name, revision = _draft(model)
    found = {
        "method": "draft_model",
        "model": _place(name, revision, stages),
        "num_speculative_tokens": sampler.gamma,
        # Only then do requests without a rule of llmx's stay lossless at a temperature.
        "draft_sample_method": "probabilistic",
        "draft_tensor_parallel_size": options.get("tensor_parallel_size", 1),
    }
    return found | ({"revision": revision} if revision else {})


def _draft(model: ModelSpec) -> tuple[str, str | None]:
    if model.draft is None:
        raise ConfigError("this sampler needs a draft model", "set model.draft")
    return model.draft, model.draft_revision


def _target(model: ModelSpec, stages: Mapping[str, Path]) -> str:
    return str(target_folder(model, stages) or model.target)


def _place(name: str, revision: str | None, stages: Mapping[str, Path]) -> str:
    return str(ready_folder(name, revision, stages) or name)
