"""Whether a plan fits the memory of this machine, and by how much it does not."""

from __future__ import annotations

from collections.abc import Iterable

from llmx.core.errors import RunError
from llmx.core.stage import Memory
from llmx.run.planned import PlannedStage
from llmx.store.machine import device_memory

_DECODING = (
    "lower engine.batch_size or sampler.max_tokens, set engine.dtype=bfloat16, or take a smaller"
    " model"
)
_TRAINING = (
    "lower the batch of one step (accumulate instead), train a lora, or take a smaller model"
)


def refusal(stages: Iterable[PlannedStage]) -> RunError | None:
    """Return the error for the stage that is furthest from fitting; None where all fit.

    Stages that are done need nothing. A device whose memory is unknown refuses nothing.
    """
    over = [(excess, stage) for stage in stages if (excess := _excess(stage)) > 0]
    if not over:
        return None
    excess, stage = max(over, key=lambda pair: pair[0])
    need, has = stage.cost.memory, device_memory(stage.cost.device) or 0
    return RunError(
        f"'{stage.title}' needs {gigabytes(need.total)} ({parts(need)});"
        f" {_place(stage.cost.device)} has {gigabytes(has)}: {gigabytes(excess)} too little",
        _TRAINING if need.optimiser else _DECODING,
    )


def _excess(stage: PlannedStage) -> int:
    has = device_memory(stage.cost.device)
    return 0 if stage.cached or has is None else stage.cost.memory.total - has


def fitting(workers: int, stages: Iterable[PlannedStage]) -> int:
    """Return how many of `workers` processes fit side by side, at least one."""
    for stage in stages:
        has, need = device_memory(stage.cost.device), stage.cost.memory.total
        if need and has and not stage.cached:
            workers = min(workers, has // need)
    return max(1, workers)


def parts(memory: Memory) -> str:
    """Return ``weights 141.2 GB, cache 12.0 GB``: what is not zero."""
    named = {
        "weights": memory.weights,
        "cache": memory.cache,
        "activations": memory.activations,
        "gradients": memory.gradients,
        "optimiser": memory.optimiser,
    }
    return ", ".join(f"{name} {gigabytes(size)}" for name, size in named.items() if size)


def gigabytes(size: int) -> str:
    """Return bytes in GB, or in MB below one."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _place(device: str) -> str:
    return "this machine" if device in ("cpu", "auto") else f"device {device}"
