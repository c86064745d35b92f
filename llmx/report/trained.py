"""What verdicts read of a ``training_report.json``; the rest stays where it is."""

from __future__ import annotations

from pydantic import ConfigDict

from llmx.core.arms import seed_of
from llmx.core.record import Frozen
from llmx.report.results import Span


class TrainedSeed(Frozen):
    """How steady one training was; see :class:`llmx.report.training.model.Seed`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    drop: float
    jitter: float | None
    collapsed: bool

    @property
    def seed(self) -> str:
        """Which seed it was: trainings of two arms are paired by it."""
        return seed_of(self.name)


class TrainedOutputs(Frozen):
    """What outputs are like; see :class:`llmx.report.training.model.Outputs`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    whole: Span | None = None


class TrainedArm(Frozen):
    """The trainings of one arm."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    arm: str
    steady: tuple[TrainedSeed, ...] = ()
    after: TrainedOutputs | None = None
    gain: Span | None = None
    gain_p: float | None = None


class Trained(Frozen):
    """The trainings of a run."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    arms: tuple[TrainedArm, ...] = ()
    predicts: Span | None = None
    predicts_reliability: tuple[float, float] | None = None
    predicts_arms: tuple[str, ...] = ()
    predicts_seeds: int = 0
    broken: tuple[str, ...] = ()

    def whole(self, name: str) -> Span | None:
        """Return the share of an arm's outputs after training that are whole traces."""
        found = (arm.after.whole for arm in self.arms if arm.arm == name and arm.after is not None)
        return next(found, None)

    def seeds(self, name: str) -> dict[str, TrainedSeed]:
        """Return seed → its training, of an arm without its seed."""
        return {one.seed: one for arm in self.arms if arm.arm == name for one in arm.steady}
