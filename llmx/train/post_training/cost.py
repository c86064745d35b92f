"""What a training is planned to take: rows, seconds on a CPU, and memory by what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmx.core.errors import LlmxError
from llmx.core.stage import Cost, Memory, StageInput
from llmx.engines.size import ModelSize
from llmx.train.course.duration import on_cpu
from llmx.train.course.processes import Processes
from llmx.train.course.steps import steps_of, without_end
from llmx.train.post_training.base import size_of
from llmx.train.post_training.options import TrainingOptions, bases

if TYPE_CHECKING:
    from llmx.train.post_training.stage import PostTraining


def cost(
    stage: PostTraining,
    given: StageInput,
    options: TrainingOptions,
    processes: Processes,
    refused: LlmxError | None,
) -> Cost:
    """Return the plan of a training.

    Args:
        refused: why it cannot be done here, if it can't.
    """
    size = size_of(bases(options, given), given)
    known = () if size.parameters else ("memory is unknown until the model is here",)
    where = f"stages.{given.stage.name}.settings"
    steps = steps_of(options.settings, where)
    seconds = stage.duration(size, options, steps) if steps and size.parameters else None
    return Cost(
        samples=(steps or 0) * per_step(options.settings) * processes.count,
        seconds=seconds if on_cpu(given) else None,
        memory=_memory(stage, given, options, processes, size),
        device=given.arm.engine.device,
        notes=known,
        refusal=refused or without_end(given, steps, where),
    )


def per_step(settings: Mapping[str, Any]) -> int:
    """Return the rows, or completions, of one optimiser step of one process."""
    batch = int(settings.get("per_device_train_batch_size", 8))
    return batch * int(settings.get("gradient_accumulation_steps", 1))


def _memory(
    stage: PostTraining,
    given: StageInput,
    options: TrainingOptions,
    processes: Processes,
    size: ModelSize,
) -> Memory:
    """Return what one process takes, with what else runs in it; nothing for an unknown size."""
    if not size.parameters:
        return Memory()
    told = processes.told(options.settings)
    whole = stage.memory(size, options.model_copy(update={"settings": told}))
    own = processes.share(whole, told)
    return replace(own, cache=own.cache + stage.beside(options, given))
