"""Checkpoints that are whole, and going on from the newest.

The Trainer writes a checkpoint file by file, so a kill leaves a torn one. When it is done, a mark
is written into it, durably and last; only a marked checkpoint is gone on from.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core.errors import StoreError
from llmx.store.files import read_json, write_json
from llmx.train.post_training.rollouts import FILE as ROLLOUTS

FOLDER = "checkpoints"
_MARK = "whole.json"


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
    """Call a checkpoint whole, after it and the rollouts before it have reached the disk."""
    for file in [path.parent.parent / ROLLOUTS, *sorted(path.rglob("*"))]:
        if file.is_file():
            _sync(file)
    write_json(path / _MARK, {"step": step, "steps": steps})


def _sync(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
    theirs, ours = _weights(checkpoint.path), _weights(base)
    if (checkpoint.path / "adapter_config.json").exists():
        theirs, ours = _adapted(theirs), {name: shape[-1:] for name, shape in ours.items()}
    # Tied weights may be written once or twice, so only names that both have are compared.
    other = [name for name in sorted(theirs.keys() & ours.keys()) if theirs[name] != ours[name]]
    if other or (theirs and ours and not theirs.keys() & ours.keys()):
        what = f"{other[0]} is {theirs[other[0]]}, not {ours[other[0]]}" if other else "no weight"
        raise StoreError(
            f"{checkpoint.path} is a checkpoint of another model ({what})",
            f"move {checkpoint.path.parent.parent} away and run again",
        )


def _weights(folder: Path) -> dict[str, list[int]]:
    """Return the shapes that the headers of safetensors files give."""
    shapes: dict[str, list[int]] = {}
    for path in folder.glob("*.safetensors"):
        with path.open("rb") as handle:
            (length,) = struct.unpack("<Q", handle.read(8))
            header: dict[str, Any] = json.loads(handle.read(length))
        shapes.update({n: about["shape"] for n, about in header.items() if n != "__metadata__"})
    return shapes


def _adapted(adapter: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """Return the width of the input of each matrix that an adapter changes, by its own name."""
    return {
        name.removeprefix("base_model.model.").replace(".lora_A.", "."): shape[-1:]
        for name, shape in adapter.items()
        if ".lora_A." in name
    }
