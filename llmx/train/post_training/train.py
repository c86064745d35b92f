"""The course of one training: audit, trainer, checkpoints, model."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

from llmx.core.audit import Check
from llmx.core.errors import DataError, RunError
from llmx.core.stage import StageContext
from llmx.train.heap import keep_freed_memory
from llmx.train.order import follow, order_of
from llmx.train.post_training.audit import Audited, audit, refuse
from llmx.train.post_training.audit_page import AUDIT, write_audit
from llmx.train.post_training.base import decide_hub, find_base
from llmx.train.post_training.checkpoints import (
    FOLDER,
    check_same_model,
    drop_torn,
    newest_whole,
)
from llmx.train.post_training.encoded import Encoded
from llmx.train.post_training.explained import explained, fits_memory
from llmx.train.post_training.export import export, exported
from llmx.train.post_training.job import Job
from llmx.train.post_training.launch import LOCK, TOLD, launch
from llmx.train.post_training.options import bases
from llmx.train.post_training.rows import read_rows, tested
from llmx.train.post_training.stage import PostTraining
from llmx.train.post_training.trackers import Tracked, chosen, tracking
from llmx.train.post_training.watch import watch


def train(stage: PostTraining, context: StageContext) -> None:
    """Audit, train from the newest whole checkpoint, and leave the model."""
    if not exported(context.out):
        drop_torn(context.out)
        configuration = stage.options(context.given).accelerate
        if configuration is not None:
            launch(context, configuration)
        job, texts, audited = prepare(stage, context)
        fit(stage, job, texts, audited)
        finish(stage, job, audited)
    for name in (LOCK, TOLD):
        (context.out / name).unlink(missing_ok=True)
    shutil.rmtree(context.out / FOLDER, ignore_errors=True)


def prepare(stage: PostTraining, context: StageContext) -> tuple[Job, list[Encoded], Audited]:
    """Load what is needed, and refuse what should not be trained on."""
    options = stage.options(context.given)
    folder, rows = read_rows(context, options.split)
    base = find_base(bases(options, context.given), context)
    decide_hub(base)
    import torch

    torch.set_num_threads(context.given.arm.engine.threads)
    keep_freed_memory()
    _hush()
    done = newest_whole(context.out)
    if done is not None:
        check_same_model(done, base.folder)
    context.progress.note("encoding the rows")
    tokenizer = stage.tokenizer(base)
    texts = stage.texts(tokenizer, rows, options)
    limit = stage.limit(options, stage.positions(base))
    audited = audit(rows, texts, limit, tokenizer, tested(folder))
    if done is None or not done.final:  # else the audit is there, with what the trainer fed
        write_audit(audited, tokenizer, context.out)
    refuse(audited, context.given.stage.name, context.out / AUDIT)
    step = done.step if done is not None else 0
    return Job(context, stage.kind, options, base, tokenizer, rows, step), texts, audited


def fit(stage: PostTraining, job: Job, texts: Sequence[Encoded], audited: Audited) -> None:
    """Train what is left.

    Where nothing is left no trainer is built: it would take one step too many.
    """
    from transformers.trainer_callback import PrinterCallback

    done = newest_whole(job.out)
    if done is not None and done.final:
        return
    with explained(job):
        trainer = stage.build(job, texts)
    trainer.remove_callback(PrinterCallback)
    _require_rows(job, trainer)
    order = order_of(trainer._get_train_sampler(), job.context.given.arm.seed)
    if order is not None:
        follow(trainer, order)
    _check_fed(stage, job, trainer, audited)
    first = trainer.accelerator.is_main_process
    names = chosen(job.options.trackers) if first else ()
    with tracking(names, _tracked(job)) as trackers, fits_memory(job):
        may_save, folder = partial(stage.may_save, trainer), job.out / FOLDER
        saved = partial(stage.saved, trainer)
        trainer.add_callback(watch(job.context.progress, trackers, folder, may_save, saved))
        trainer.train(resume_from_checkpoint=str(done.path) if done is not None else None)


def _require_rows(job: Job, trainer: Any) -> None:
    """Refuse rows that do not fill one step: the Trainer would stop before it has begun."""
    sampler = trainer._get_train_sampler()
    if sampler is None or len(sampler):
        return
    stage, count = job.context.given.stage.name, len(job.rows)
    raise DataError(
        f"{count} row{'s' * (count != 1)} for stage '{stage}': fewer than one step takes",
        "more rows, or a smaller batch (settings.generation_batch_size where a model writes)",
    )


def _hush() -> None:
    """Hide bars and warnings that are for TRL's authors: the run has a line of its own."""
    from datasets import disable_progress_bars
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bars()
    disable_progress_bar()
    set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|trl|peft)\.")


def _tracked(job: Job) -> Tracked:
    # The folder is named by the fingerprint, which knows the inputs: arms differ in them alone.
    stage, settings = job.context.given.stage.name, dict(job.settings)
    name = f"{stage}-{job.out.name.partition('.')[0][:10]}"
    return Tracked("llmx", name, job.out, settings, job.step)


def _check_fed(stage: PostTraining, job: Job, trainer: Any, audited: Audited) -> None:
    """Compare what the audit shows with what the trainer really feeds, and note it."""
    fed = stage.fed(trainer, len(audited.shown))
    shown = [(text.ids, text.mask) for text in audited.shown]
    same = None if fed is None else fed == shown
    detail = "the trainer's first texts are those shown"
    check = Check(check="fed as shown", level="fail", passed=same, of=len(shown), detail=detail)
    write_audit(audited.with_check(check), job.tokenizer, job.out)
    if same is False:
        text = "the trainer feeds other tokens than the audit shows"
        raise RunError(text, f"{job.out / AUDIT} shows them")


def finish(stage: PostTraining, job: Job, audited: Audited) -> None:
    """Leave the model, its card and ``training.json``.

    Raises:
        RunError: if the training has not come to its last step.
    """
    last = newest_whole(job.out)
    if last is None or not last.final:
        raise RunError("the training ended before its last checkpoint", "run it again")
    export(job, audited, last, stage.complete)
