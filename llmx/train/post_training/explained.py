"""What TRL and its libraries raise for settings that a person wrote, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from llmx.core.errors import ConfigError, RunError
from llmx.train.post_training.job import Job

_FULL = ("out of memory", "can't allocate memory")
_SMALLER = "lower the batch of one step (accumulate instead), train a lora, or take a smaller model"


@contextmanager
def explained(job: Job) -> Iterator[None]:
    """Turn what a trainer's making raises into a ConfigError that names the settings."""
    try:
        yield
    except (ValueError, TypeError, ImportError) as error:
        raise ConfigError(f"{_where(job)}: {' '.join(str(error).split())}") from error


@contextmanager
def fits_memory(job: Job) -> Iterator[None]:
    """Turn a full memory into a RunError, and a package that a setting wants into a ConfigError."""
    try:
        yield
    except ImportError as error:  # optimisers are made when the training begins
        raise ConfigError(f"{_where(job)}: {' '.join(str(error).split())}") from error
    except RuntimeError as error:
        if not any(sign in str(error) for sign in _FULL):
            raise
        stage = job.context.given.stage.name
        raise RunError(
            f"stage '{stage}' does not fit the memory of its device", _SMALLER
        ) from error


def _where(job: Job) -> str:
    return f"stages.{job.context.given.stage.name}.settings"
