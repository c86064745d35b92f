"""What one training works with, gathered before a trainer is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmx.engines.pretrained import WEIGHTS, check_folder
from llmx.train.course.job import CourseJob, arguments
from llmx.train.post_training.base import Base
from llmx.train.post_training.options import TrainingOptions
from llmx.train.post_training.rows import TrainingRow


@dataclass(frozen=True, kw_only=True)
class Job(CourseJob):
    """A stage's context, options, model, tokenizer and rows."""

    kind: str
    options: TrainingOptions
    base: Base
    tokenizer: Any
    rows: Sequence[TrainingRow]


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


def adapter(job: Job) -> Any:
    """Return peft's configuration, or None where all weights are trained."""
    if job.options.lora is None:
        return None
    from peft import LoraConfig

    return LoraConfig(task_type="CAUSAL_LM", **job.options.lora)
