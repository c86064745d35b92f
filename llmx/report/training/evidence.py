"""What trainings left behind, by arm and seed: curves, rollouts, and outputs before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmx.core.names import families, seed_of
from llmx.report.gather import ArmFiles
from llmx.report.training.trained_on import TrainedOn

Curve = tuple[Mapping[str, float], ...]
"""Points of a ``training.json``: step and numbers."""


@dataclass(frozen=True)
class TraceReading:
    """One output read as a trace: how often it goes back, and whether it is one that holds."""

    returns: int
    whole: bool


@dataclass(frozen=True)
class RolloutMeans:
    """The rollouts of one step of reinforcement learning, as means.

    Attributes:
        step: of the curve: the first optimiser step that learns from them.
        groups: completions of one prompt each; a group is what advantages are relative to.
        correct, form: share of rollouts with that component of the reward above 0; None where no
            reward names it.
        returns: backtracks a rollout; None for data without traces.
        form_only: share of groups whose rewards differ although no answer is right: all that they
            teach is the form.
        silent: share of groups whose rewards are all equal: they teach nothing.
    """

    step: int
    groups: int
    correct: float | None
    form: float | None
    returns: float | None
    form_only: float | None
    silent: float


@dataclass(frozen=True)
class Half:
    """Outputs of one arm at one time: before or after reinforcement learning."""

    files: ArmFiles = field(default_factory=ArmFiles)
    traced: Mapping[str, TraceReading] = field(default_factory=dict)


@dataclass(frozen=True)
class SeedRun:
    """One arm under one seed.

    Attributes:
        warm: curve of the supervised stage, or of a preference stage without one; empty = none.
        preference: curve of the preference stage behind a supervised one.
        rl: curve of reinforcement learning.
        drawn: its rollouts by step.
        shown: some of its rollouts, whole.
        trained_on: what the audits before its trainings counted.
    """

    name: str
    warm: Curve = ()
    preference: Curve = ()
    rl: Curve = ()
    drawn: tuple[RolloutMeans, ...] = ()
    shown: tuple[Mapping[str, Any], ...] = ()
    before: Half = field(default_factory=Half)
    after: Half = field(default_factory=Half)
    trained_on: tuple[TrainedOn, ...] = ()

    @property
    def seed(self) -> str:
        """What it is paired by; see :func:`llmx.core.names.seed_of`."""
        return seed_of(self.name)


Arms = Mapping[str, tuple[SeedRun, ...]]
"""Arm without its seed → its runs, one a seed."""


def by_family(runs: Mapping[str, SeedRun]) -> dict[str, tuple[SeedRun, ...]]:
    """Return the runs of each arm, in the given order."""
    return {name: tuple(runs[one] for one in of) for name, of in families(runs).items()}
