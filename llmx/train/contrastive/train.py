"""The course of a contrastive training: its steps, and what it leaves."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmx.core.record import as_json
from llmx.engines.embed.place import embedder_hash
from llmx.store.files import read_json, sync_tree, write_json, write_lines
from llmx.store.page import write_marked
from llmx.train.contrastive.job import ContrastiveJob
from llmx.train.contrastive.points import EVALUATIONS, TrainingClock
from llmx.train.contrastive.students import loaded
from llmx.train.contrastive.trainer import make_trainer
from llmx.train.course.card import framed, require_finite
from llmx.train.course.checkpoints import Checkpoint, newest_whole
from llmx.train.course.checks import refuse, table
from llmx.train.course.fit import ABOUT, fit, last_checkpoint
from llmx.train.course.watch import curve

CURVE, AUDIT = "curve.jsonl", "audit.md"
_SMALLER = "mini_batch: N encodes a batch in parts; a smaller student takes less"
_HINTS = {
    "overlap": "draw the splits apart: training on what is tested on measures nothing",
    "without": "give every row a query and a target",
}
# What a checkpoint holds beside the model.
_STATE = ("*.pt", "*.pth", "*.bin", "trainer_state.json", "whole.json", "clock.json")


def steps(job: ContrastiveJob) -> None:
    """Do what is left of the steps: the share of one process, where there are several.

    Raises:
        DataError: for rows that should not be trained on; ``audit.md`` says more.
    """
    passed = not any(one.level == "fail" and one.passed is False for one in job.checks)
    told = {"passed": passed, "rows": len(job.pairs), "checks": [as_json(c) for c in job.checks]}
    write_json(job.out / "audit.json", told)
    lines = ["# Audit before training", "", *table(job.checks), ""]
    write_marked(job.out / AUDIT, "\n".join(lines))
    refuse(job.checks, job.context.given.stage.name, job.out / AUDIT, _HINTS)
    done = newest_whole(job.out)
    clock = TrainingClock(done.path if done is not None else None)
    fit(
        job,
        lambda: make_trainer(job, clock),
        smaller=_SMALLER,
        saved=lambda trainer, folder: clock.save(folder),
    )


def leave(job: ContrastiveJob) -> None:
    """Write ``model/`` with its card, ``curve.jsonl`` and ``training.json``, which is the last.

    Raises:
        RunError: if the training is not at its end, or ended at weights that are not finite.
    """
    last, model = last_checkpoint(job.out), job.out / "model"
    shutil.rmtree(model, ignore_errors=True)
    if job.options.lora is None:
        shutil.copytree(last.path, model, ignore=shutil.ignore_patterns(*_STATE))
    else:
        _merge(job, last.path, model)
    require_finite(model, last.step)
    state = read_json(last.path / "trainer_state.json")
    rows = [_point(row) for row in curve(state["log_history"])]
    write_lines(job.out / CURVE, rows)
    if not (job.out / EVALUATIONS).exists():
        write_lines(job.out / EVALUATIONS, [])
    about = _about(job, last, state, rows[-1] if rows else {})
    write_marked(model / "README.md", _card(about))
    sync_tree(job.out)
    write_json(job.out / ABOUT, about)


def _point(row: Mapping[str, float]) -> dict[str, Any]:
    whole = {name: int(row[name]) for name in ("step", "samples", "texts")}
    names = ("epoch", "seconds", "loss", "in_batch_accuracy", "learning_rate")
    return {**whole, **{name: row[name] for name in names if name in row}}


def _merge(job: ContrastiveJob, checkpoint: Path, to: Path) -> None:
    """Add the adapter to the encoder that it was trained on."""
    from llmx.engines.pretrained import with_adapter

    assert job.folder is not None
    model = loaded(job.folder, job.options.pixels)
    shutil.copytree(checkpoint, job.out / "adapter", dirs_exist_ok=True, ignore=_all_but_adapter)
    model[0].auto_model = with_adapter(model[0].auto_model, checkpoint).merge_and_unload()
    model.save_pretrained(str(to), create_model_card=False)


def _all_but_adapter(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith("adapter_")]


def _about(
    job: ContrastiveJob, last: Checkpoint, state: Mapping[str, Any], end: Mapping[str, Any]
) -> dict[str, Any]:
    clock, options = TrainingClock(last.path), job.options
    parent = None if job.folder is None else embedder_hash(job.folder)
    own = ["model", "dimension", "temperature", "mini_batch", "mask", "leaked_ranks", "margin"]
    own += ["annotated"] if options.annotated else []
    loss = {name: getattr(options, name) for name in (*own, "query_prompt", "target_prompt")}
    return {
        "kind": "contrastive",
        "student": options.student,
        "steps": last.step,
        "epochs": state["epoch"],
        **job.at(last.step, clock.seconds),
        "rows": len(job.pairs),
        "batch": job.plan.size,
        "negatives": job.negatives,
        "texts_per_step": job.texts,
        "peak_bytes": clock.peak,
        "loss": end.get("loss"),
        "in_batch_accuracy": end.get("in_batch_accuracy"),
        "seed": job.seed,
        "settings": dict(job.settings),
        "lora": options.lora,
        "options": loss,
        "plan": job.plan.digest(),
        "parent": parent,
        "result": embedder_hash(job.out / "model"),
    }


def _card(about: Mapping[str, Any]) -> str:
    options = about["options"]
    start = options["model"] if about["parent"] is None else f"`{options['model']}`"
    lines = [
        f"{about['steps']} steps of {about['batch']} pairs, from {start} (student:"
        f" {about['student']}), temperature {options['temperature']:g}, seed {about['seed']},"
        f" {about['negatives']} hard negatives a row.",
        f"Plan of the batches: {about['plan']}. Weights: {about['result']}.",
    ]
    title = "Trained by contrast within planned batches"
    return framed("sentence-transformers", title, lines, about["settings"])
