"""The steps of a training, from the newest whole checkpoint to the last one."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmx.core.errors import ConfigError, RunError
from llmx.core.stage import StageContext
from llmx.train.course.checkpoints import FOLDER, Checkpoint, drop_torn, newest_whole
from llmx.train.course.job import CourseJob
from llmx.train.course.launch import LOCK, TOLD, launch
from llmx.train.course.trackers import chosen, tracking
from llmx.train.course.watch import watch
from llmx.train.malloc import keep_freed_memory

ABOUT = "training.json"
_FULL = ("out of memory", "can't allocate memory")
_SMALLER = "lower the batch of one step (accumulate instead), train a lora, or take a smaller model"


def course(context: StageContext, accelerate: str | None, rest: Callable[[], None]) -> None:
    """Do the steps in processes of accelerate's if it is named, then the rest, and tidy up.

    Nothing is done twice: ``training.json`` is the last file that `rest` leaves.
    """
    if not exported(context.out):
        drop_torn(context.out)
        if accelerate is not None:
            launch(context, accelerate)
        rest()
    for name in (LOCK, TOLD):
        (context.out / name).unlink(missing_ok=True)
    shutil.rmtree(context.out / FOLDER, ignore_errors=True)


def exported(out: Path) -> bool:
    """Whether an earlier try has left everything, so that the checkpoints may go."""
    return (out / ABOUT).exists()


def ready(context: StageContext) -> None:
    """Set what a training of this process needs of its libraries."""
    import torch

    torch.set_num_threads(context.given.arm.engine.threads)
    keep_freed_memory()
    _hush()


def fit(
    job: CourseJob,
    build: Callable[[], Any],
    *,
    smaller: str = _SMALLER,
    may_save: Callable[[Any], bool] = lambda trainer: True,
    saved: Callable[[Any, Path], None] = lambda trainer, folder: None,
) -> None:
    """Train what is left.

    Where nothing is left no trainer is built: it would take one step too many.

    Args:
        build: makes the trainer, ready to train.
        smaller: what helps where the memory is full.
        may_save: whether a checkpoint of this moment holds all that the training is made of.
        saved: adds to a checkpoint, by its folder, before it counts as whole.
    """
    from transformers.trainer_callback import PrinterCallback

    done = newest_whole(job.out)
    if done is not None and done.final:
        return
    trainer = build()
    trainer.remove_callback(PrinterCallback)
    first = trainer.accelerator.is_main_process
    names = chosen(job.options.trackers) if first else ()
    with tracking(names, job.tracked()) as trackers, fits_memory(job, smaller):
        watching = watch(
            job.context.progress,
            trackers,
            job.out / FOLDER,
            lambda: may_save(trainer),
            lambda folder: saved(trainer, folder),
        )
        trainer.add_callback(watching)
        trainer.train(resume_from_checkpoint=str(done.path) if done is not None else None)


def last_checkpoint(out: Path) -> Checkpoint:
    """Return the last checkpoint.

    Raises:
        RunError: if the training has not come to its last step.
    """
    last = newest_whole(out)
    if last is None or not last.final:
        raise RunError("the training ended before its last checkpoint", "run it again")
    return last


@contextmanager
def explained(job: CourseJob) -> Iterator[None]:
    """Turn what a trainer's making raises into a ConfigError that names the settings."""
    try:
        yield
    except (ValueError, TypeError, ImportError) as error:
        raise ConfigError(f"{job.where}: {' '.join(str(error).split())}") from error


@contextmanager
def fits_memory(job: CourseJob, smaller: str = _SMALLER) -> Iterator[None]:
    """Turn a full memory into a RunError, and a package that a setting wants into a ConfigError."""
    try:
        yield
    except ImportError as error:  # optimisers are made when the training begins
        raise ConfigError(f"{job.where}: {' '.join(str(error).split())}") from error
    except RuntimeError as error:
        if not any(sign in str(error) for sign in _FULL):
            raise
        stage = job.context.given.stage.name
        text = f"stage '{stage}' does not fit the memory of its device"
        raise RunError(text, smaller) from error


def _hush() -> None:
    """Hide bars and warnings that are for TRL's authors: the run has a line of its own."""
    from datasets import disable_progress_bars
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bars()
    disable_progress_bar()
    set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|trl|peft)\.")
