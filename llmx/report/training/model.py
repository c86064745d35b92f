"""A report on trainings as data: every rendering and every verdict reads this and nothing else."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from llmx.core.figure import Span
from llmx.core.record import Frozen
from llmx.report.training.series import Series
from llmx.report.training.trained_on import TrainedOn

FILE = "training_report.json"


class Outputs(Frozen):
    """What an arm's answers to the test problems are like, at one time; 95 % intervals."""

    problems: int
    accuracy: Span
    form: Span = Field(description="share that keeps the asked form")
    cut: Span = Field(description="share that was cut at the cap")
    tokens: Span
    backtracks: Span | None = Field(default=None, description="returns an output")
    whole: Span | None = Field(
        default=None, description="share that is a trace whose every step holds, to the answer"
    )


class Seed(Frozen):
    """How steady one training was. Rewards are means of a step's rollouts.

    Attributes:
        drop: last value of the smoothed reward minus its greatest, at most 0.
        jitter: variance of the differences between neighbouring steps, not smoothed.
        collapsed: the smoothed reward ends below the set share of its greatest value.
    """

    name: str
    steps: int
    first: float
    last: float
    best: float
    drop: float
    jitter: float | None
    collapsed: bool


class Learned(Frozen):
    """One arm."""

    arm: str
    seeds: int
    before: Outputs | None = None
    after: Outputs | None = None
    gain: Span | None = Field(default=None, description="accuracy after minus before, paired")
    gain_p: float | None = Field(
        default=None, description="p value of a gain of 0, two-sided; counts seeds, not arms"
    )
    more_backtracks: Span | None = Field(default=None, description="the same of backtracks")
    against: str | None = Field(default=None, description="the arm that it is compared with")
    versus: Span | None = Field(default=None, description="accuracy after, minus that arm's")
    versus_before: Span | None = Field(default=None, description="the same before")
    form_only: float | None = Field(
        default=None, description="share of all groups that only their form tells apart"
    )
    silent: float | None = Field(default=None, description="share of groups of equal rewards")
    steady: tuple[Seed, ...] = ()
    trained_on: tuple[TrainedOn, ...] = ()


class ShownRollout(Frozen):
    """One rollout to read."""

    arm: str
    step: int
    row: str
    prompt: str
    completion: str
    tokens: int
    truncated: bool
    rewards: dict[str, float]
    reward: float
    advantage: float


class TrainingReport(Frozen):
    """The content of a ``training_report.json``."""

    schema_version: Literal[1] = 1
    title: str
    reference: str | None
    window: int = Field(description="width of the moving average, points of a curve")
    collapse: float = Field(description="a training run that ends below this share of its best")
    arms: tuple[Learned, ...]
    curves: dict[str, tuple[Series, ...]]
    predicts: Span | None = Field(
        default=None,
        description="correlation over arms of the accuracies before and after, freed of the noise"
        " of problems, and of seeds where there are several (Spearman 1904)",
    )
    predicts_reliability: tuple[float, float] | None = Field(
        default=None,
        description="share of the variance over arms that is no noise, before and after",
    )
    predicts_arms: tuple[str, ...] = ()
    predicts_seeds: int = 0
    broken: tuple[str, ...] = Field(
        default=(), description="arms that were broken on purpose: no correlation is over them"
    )
    unavailable: tuple[str, ...] = Field(
        default=(), description="a sentence for each arm that is unavailable"
    )

    def arm(self, name: str) -> Learned | None:
        """Return an arm, by its name without the seed."""
        return next((one for one in self.arms if one.arm == name), None)
