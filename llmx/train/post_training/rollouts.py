"""``rollouts.jsonl``: every completion that a policy was trained on, once and in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from llmx.core.record import Frozen, as_json
from llmx.store.files import Appender

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
    """Appends rollouts; those that a kill cut off the checkpoints are drawn, and written, again."""

    def __init__(self, out: Path, step: int) -> None:
        """Open the file as it was after `step` optimiser steps."""
        self.path = out / FILE
        cut_back(self.path, step)
        self.appender = Appender(self.path)

    def add(self, rollouts: Iterable[Rollout]) -> None:
        """Append rollouts of one generation; they are on the disk on return."""
        self.appender.append(as_json(rollout) for rollout in rollouts)

    def close(self) -> None:
        """Close the file."""
        self.appender.__exit__()


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
