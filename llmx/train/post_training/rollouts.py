"""``rollouts.jsonl``: every completion that a policy was trained on, once and in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from llmx.core.record import Frozen, as_json
from llmx.store.files import dumps

FILE = "rollouts.jsonl"


class Rollout(Frozen):
    """One completion and what came of it."""

    step: int = Field(description="optimiser steps that were done when it was drawn")
    row: str = Field(description="the row of the data, by number and id")
    prompt: str = Field(description="text that was sent, chat template included")
    completion: str = Field(description="text that came back, without special tokens")
    tokens: int = Field(description="length of the completion, its end included")
    truncated: bool = Field(description="the cap came before an end")
    rewards: dict[str, float] = Field(description="component -> value")
    reward: float = Field(description="what was maximised: the weighted sum of all rewards")
    advantage: float


class RolloutBook:
    """Appends rollouts; those that a kill cut off the checkpoints are drawn, and written, again.

    So they need to be on the disk no sooner than the checkpoint after them, which sees to it, and
    a generation waits for no disk.
    """

    def __init__(self, out: Path, step: int) -> None:
        """Open the file as it was after `step` optimiser steps."""
        path = out / FILE
        cut_back(path, step)
        self.handle = path.open("ab")

    def add(self, rollouts: Iterable[Rollout]) -> None:
        """Append the rollouts of one generation."""
        lines = (dumps(as_json(rollout)) + "\n" for rollout in rollouts)
        self.handle.write("".join(lines).encode())
        self.handle.flush()


def cut_back(path: Path, step: int) -> None:
    """Cut off the rollouts that were drawn at `step` or later, and a torn last line.

    Steps only grow in the file, so the first line that is too new ends what is kept.
    """
    if not path.exists():
        return
    kept = 0
    with path.open("rb") as handle:
        for line in handle:
            if not line.endswith(b"\n") or _step(line) >= step:
                break
            kept += len(line)
    with path.open("r+b") as handle:
        handle.truncate(kept)


def _step(line: bytes) -> int:
    found: Mapping[str, Any] = json.loads(line)
    return int(found["step"])
