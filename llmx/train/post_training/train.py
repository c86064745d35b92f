"""The course of one training: audit, trainer, checkpoints, model."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.audit import Check
from llmx.core.errors import ConfigError, DataError, RunError
from llmx.core.record import as_json
from llmx.core.stage import StageContext
from llmx.store.files import write_json
from llmx.store.page import write_marked
from llmx.train.malloc import keep_freed_memory
from llmx.train.order import follow, order_of
from llmx.train.post_training.audit import Audited, audit, refuse
from llmx.train.post_training.base import decide_hub, find_base
from llmx.train.post_training.checkpoints import FOLDER, check_same_model, drop_torn, newest_whole
from llmx.train.post_training.encoded import Encoded
from llmx.train.post_training.export import export, exported
from llmx.train.post_training.job import Job
from llmx.train.post_training.launch import LOCK, TOLD, launch
from llmx.train.post_training.options import bases
from llmx.train.post_training.rows import read_rows, tested
from llmx.train.post_training.trackers import Tracked, chosen, tracking
from llmx.train.post_training.watch import watch

if TYPE_CHECKING:
    from llmx.train.post_training.stage import PostTraining

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


AUDIT = "audit.md"


def write_audit(audited: Audited, tokenizer: Any, out: Path) -> None:
    """Write ``audit.json``, and ``audit.md`` for a person to read."""
    shown = [_shown(text, tokenizer) for text in audited.shown]
    write_json(
        out / "audit.json",
        {
            "passed": audited.passed,
            "rows": audited.rows,
            "tokens": dict(audited.tokens),
            "checks": [as_json(check) for check in audited.checks],
            "shown": shown,
        },
    )
    write_marked(out / AUDIT, _markdown(audited, shown))


def _shown(text: Encoded, tokenizer: Any) -> dict[str, Any]:
    trained = [token for token, loss in zip(text.ids, text.mask, strict=True) if loss]
    return {
        "row": text.row.name,
        "part": text.part,
        "token_ids": list(text.ids),
        "mask": list(text.mask),
        "text": tokenizer.decode(text.ids),
        "with_loss": tokenizer.decode(trained),
    }


def _markdown(audited: Audited, shown: Sequence[Mapping[str, Any]]) -> str:
    lines = ["# Audit before training", "", "| check | found | of | |", "| --- | --- | --- | --- |"]
    for check in audited.checks:
        state = {True: "ok", False: check.level, None: "not checked"}[check.passed]
        lines.append(f"| {check.check} ({check.detail}) | {check.found} | {check.of} | {state} |")
    for one in shown:
        lines += ["", f"## {one['row']}, {one['part']}", "", "```", one["text"], "```", ""]
        lines += ["With loss:", "", "```", one["with_loss"], "```", ""]
        pairs = zip(one["token_ids"], one["mask"], strict=True)
        lines.append("Token ids (in brackets: with loss): " + _ids(list(pairs)))
    return "\n".join(lines) + "\n"


def _ids(pairs: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"[{token}]" if loss else str(token) for token, loss in pairs)


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
