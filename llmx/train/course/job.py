"""One training: where it stands, what it was told, and the arguments of its trainer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.stage import StageContext
from llmx.train.course.checkpoints import FOLDER
from llmx.train.course.options import CourseOptions
from llmx.train.course.trackers import Tracked


@dataclass(frozen=True, kw_only=True)
class CourseJob:
    """A stage's context and options.

    Attributes:
        step: optimiser steps that an earlier try has done.
    """

    context: StageContext
    options: CourseOptions
    step: int = 0

    @property
    def settings(self) -> Mapping[str, Any]:
        """The checked settings."""
        return self.options.settings

    @property
    def out(self) -> Path:
        """Where the stage writes."""
        return self.context.out

    @property
    def where(self) -> str:
        """The settings' dotted name, for messages."""
        return f"stages.{self.context.given.stage.name}.settings"

    def tracked(self) -> Tracked:
        """Return what trackers are told of it."""
        # The folder is named by the fingerprint, which knows the inputs: arms differ in them alone.
        stage, settings = self.context.given.stage.name, dict(self.settings)
        name = f"{stage}-{self.out.name.partition('.')[0][:10]}"
        return Tracked("llmx", name, self.out, settings, self.step)


def arguments(
    job: CourseJob, make: Callable[..., Any], more: Mapping[str, Any] | None = None
) -> Any:
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
        raise ConfigError(f"{job.where}: {' '.join(str(error).split())}") from error
