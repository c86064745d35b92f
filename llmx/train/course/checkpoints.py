"""Checkpoints that are whole, and going on from the newest.

The Trainer writes a checkpoint file by file, so a kill leaves a torn one. When it is done, a mark
is written into it, durably and last; only a marked checkpoint is gone on from.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from llmx.core.errors import StoreError
from llmx.engines.adapter import first_other, shapes, unlike
from llmx.store.files import read_json, sync, sync_tree, write_json

FOLDER = "checkpoints"
_MARK = "whole.json"
_DEPTH = "num_hidden_layers"


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint: after how many optimiser steps, of how many."""

    path: Path
    step: int
    steps: int

    @property
    def final(self) -> bool:
        """Whether nothing is left to train."""
        return self.step >= self.steps


def mark_whole(path: Path, step: int, steps: int) -> None:
    """Call a checkpoint whole, after it and the records before it have reached the disk."""
    sync_tree(path)
    for records in sorted(path.parent.parent.glob("*.jsonl")):
        sync(records)
    write_json(path / _MARK, {"step": step, "steps": steps})


def newest_whole(out: Path) -> Checkpoint | None:
    """Return the newest whole checkpoint of a training."""
    marks = {path: read_json(path) for path in (out / FOLDER).glob(f"checkpoint-*/{_MARK}")}
    whole = (Checkpoint(p.parent, int(m["step"]), int(m["steps"])) for p, m in marks.items())
    return max(whole, key=lambda one: one.step, default=None)


def drop_torn(out: Path) -> None:
    """Delete what a kill left half-written. No training of this folder may be running."""
    for path in (out / FOLDER).glob("checkpoint-*"):
        if not (path / _MARK).exists():
            shutil.rmtree(path)


def check_same_model(checkpoint: Checkpoint, base: Path | None) -> None:
    """Refuse a checkpoint of another model than the one that the stage starts from.

    A hub model that is not on this machine is not compared.

    Raises:
        StoreError: naming the first weight that is not alike, and the folder to move.
    """
    if base is None:
        return
    if (checkpoint.path / "adapter_config.json").exists():
        what = unlike(checkpoint.path, base)
    else:
        what = _unlike(checkpoint.path, base)
    if what:
        raise StoreError(
            f"{checkpoint.path} is a checkpoint of another model ({what})",
            f"move {checkpoint.path.parent.parent} away and run again",
        )


def _unlike(checkpoint: Path, base: Path) -> str | None:
    """Return what sets the models apart.

    Tied weights may be written once or twice and buffers not at all, so of the weights only names
    that both have are compared, and of the depth what the configurations say.
    """
    theirs_deep, ours_deep = _depth(checkpoint), _depth(base)
    if theirs_deep != ours_deep and None not in (theirs_deep, ours_deep):
        return f"{_DEPTH} is {theirs_deep}, not {ours_deep}"
    theirs, ours = shapes(checkpoint), shapes(base)
    both = theirs.keys() & ours.keys()
    if theirs and ours and not both:
        return "no weight"
    return first_other(both, theirs, ours)


def _depth(folder: Path) -> int | None:
    path = folder / "config.json"
    return read_json(path).get(_DEPTH) if path.exists() else None
