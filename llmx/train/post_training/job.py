"""What one training works with, gathered before a trainer is built."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.stage import StageContext
from llmx.engines.pretrained import WEIGHTS, check_folder
from llmx.train.post_training.base import Base
from llmx.train.post_training.checkpoints import FOLDER
from llmx.train.post_training.options import TrainingOptions
from llmx.train.post_training.rows import TrainingRow


@dataclass(frozen=True)
class Job:
    """A stage's context, options, model, tokenizer and rows.

    Attributes:
        step: optimiser steps that an earlier try has done.
    """

    context: StageContext
    kind: str
    options: TrainingOptions
    base: Base
    tokenizer: Any
    rows: Sequence[TrainingRow]
    step: int = 0

    @property
    def settings(self) -> Mapping[str, Any]:
        """The checked settings."""
        return self.options.settings

    @property
    def out(self) -> Path:
        """Where the stage writes."""
        return self.context.out


def configuration(job: Job) -> Any:
    """Return TRL's configuration for the job.

    Raises:
        ConfigError: if TRL refuses the settings together, or there are GPUs to choose among.
    """
    import trl

    check_folder(job.base.place, job.base.revision)
    of_hub = {"revision": job.base.revision} if job.base.revision is not None else {}
    loading = {**of_hub, **(job.settings.get("model_init_kwargs") or {})}
    loading = {**loading, **WEIGHTS, "trust_remote_code": False}
    make = getattr(trl, f"{job.kind.upper()}Config")
    return arguments(job, make, {"model_init_kwargs": loading})


def arguments(job: Job, make: Callable[..., Any], more: Mapping[str, Any] | None = None) -> Any:
    """Return the trainer's arguments: the stage's own, the checked settings, and `more`.

    Args:
        make: the class of the arguments, one of transformers' ``TrainingArguments``.

    Raises:
        ConfigError: if it refuses the settings together, or there are GPUs to choose among.
    """
    import torch

    wanted = job.context.given.arm.engine.device
    if wanted != "cpu" and torch.cuda.device_count() > 1 and "RANK" not in os.environ:
        raise ConfigError(
            "one process sees several GPUs", "accelerate: PATH, or CUDA_VISIBLE_DEVICES=0"
        )
    fixed = {
        "output_dir": str(job.out / FOLDER),
        "seed": job.context.given.arm.seed,
        "save_strategy": "steps",
        "save_total_limit": 2,
        "report_to": [],
        "disable_tqdm": True,
        "logging_nan_inf_filter": False,  # a loss that is no number would be logged as 0
        "use_cpu": wanted == "cpu" or not torch.cuda.is_available(),
    }
    settings = {**job.settings, **(more or {})}
    settings.setdefault("dataloader_pin_memory", not fixed["use_cpu"])
    try:
        return make(**{**fixed, **settings})
    except (ValueError, TypeError) as error:
        where = f"stages.{job.context.given.stage.name}.settings"
        raise ConfigError(f"{where}: {' '.join(str(error).split())}") from error


def adapter(job: Job) -> Any:
    """Return peft's configuration, or None where all weights are trained."""
    if job.options.lora is None:
        return None
    from peft import LoraConfig

    return LoraConfig(task_type="CAUSAL_LM", **job.options.lora)
