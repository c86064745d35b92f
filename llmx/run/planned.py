"""One row of a plan."""

from __future__ import annotations

from dataclasses import dataclass

from llmx.core.stage import Cost


@dataclass(frozen=True)
class PlannedStage:
    """A stage of one arm: what it costs, and whether it is done.

    Attributes:
        parts: into which it can be shared out; 1 = it is done by one process.
    """

    title: str
    kind: str
    fingerprint: str
    cached: bool
    timing: bool
    cost: Cost
    parts: int = 1
