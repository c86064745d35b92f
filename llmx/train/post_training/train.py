"""The course of one training: audit, trainer, checkpoints, model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.audit import Check
from llmx.core.errors import DataError, RunError
from llmx.core.record import as_json
from llmx.core.stage import StageContext
from llmx.store.files import write_json
from llmx.store.page import write_marked
from llmx.train.course.checkpoints import check_same_model, newest_whole
from llmx.train.course.checks import refuse, table
from llmx.train.course.fit import course, explained, fit, last_checkpoint, ready
from llmx.train.order import follow, order_of
from llmx.train.post_training.audit import HINTS, Audited, audit
from llmx.train.post_training.base import decide_hub, find_base
from llmx.train.post_training.encoded import Encoded
from llmx.train.post_training.export import export
from llmx.train.post_training.job import Job
from llmx.train.post_training.options import bases
from llmx.train.post_training.rows import read_rows, tested

if TYPE_CHECKING:
    from llmx.train.post_training.stage import PostTraining

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
    lines = ["# Audit before training", "", *table(audited.checks)]
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

    def rest() -> None:
        job, texts, audited = prepare(stage, context)
        steps(stage, job, texts, audited)
        export(job, audited, last_checkpoint(job.out), stage.complete)

    course(context, stage.options(context.given).accelerate, rest)


def prepare(stage: PostTraining, context: StageContext) -> tuple[Job, list[Encoded], Audited]:
    """Load what is needed, and refuse what should not be trained on."""
    options = stage.options(context.given)
    folder, rows = read_rows(context, options.split)
    base = find_base(bases(options, context.given), context)
    decide_hub(base)
    ready(context)
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
    refuse(audited.checks, context.given.stage.name, context.out / AUDIT, HINTS)
    step = done.step if done is not None else 0
    job = Job(
        context=context,
        kind=stage.kind,
        options=options,
        base=base,
        tokenizer=tokenizer,
        rows=rows,
        step=step,
    )
    return job, texts, audited


def steps(stage: PostTraining, job: Job, texts: Sequence[Encoded], audited: Audited) -> None:
    """Train what is left."""

    def build() -> Any:
        with explained(job):
            trainer = stage.build(job, texts)
        _require_rows(job, trainer)
        order = order_of(trainer._get_train_sampler(), job.context.given.arm.seed)
        if order is not None:
            follow(trainer, order)
        _check_fed(stage, job, trainer, audited)
        return trainer

    fit(job, build, may_save=stage.may_save, saved=stage.saved)


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
