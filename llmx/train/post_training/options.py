"""The options that a recipe writes at a training stage."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError
from llmx.core.options import ArmName, InputModels, RewardName
from llmx.core.stage import StageInput
from llmx.train.course.options import CourseOptions


class TrainingOptions(CourseOptions):
    """What stages `sft`, `dpo`, `grpo` and `rloo` take beside `kind`, `over` and `needs`."""

    base: InputModels | None = Field(
        default=None,
        description="model to start from; of several the first that the arm has; null = "
        "`model.target`",
    )
    split: str = Field(default="train", description="rows are read from SPLIT.jsonl of a need")
    rewards: tuple[RewardName, ...] = Field(
        default=(), description="of `grpo` and `rloo`: registered rewards; their sum counts"
    )
    arms: tuple[ArmName, ...] | None = Field(
        default=None, description="arms that train; null = all"
    )


class SftOptions(TrainingOptions):
    """Of supervised training."""

    trl: ClassVar[str] = "sft"


class DpoOptions(TrainingOptions):
    """Of training on preferences."""

    trl: ClassVar[str] = "dpo"


class GrpoOptions(TrainingOptions):
    """Of training by rewards, with advantages of a group."""

    trl: ClassVar[str] = "grpo"


class RlooOptions(TrainingOptions):
    """Of training by rewards, with the others as a baseline."""

    trl: ClassVar[str] = "rloo"


def read_options(model: type[TrainingOptions], given: StageInput) -> TrainingOptions:
    """Return the checked options of a stage.

    Raises:
        ConfigError: for an unknown option, setting or name, or a value that cannot be.
    """
    where = f"stages.{given.stage.name}"
    if len(given.arms) != 1:
        hint = "write over: arm; arms that mean the same share one training"
        raise ConfigError(f"{where} trains one arm and is given {len(given.arms)}", hint)
    return given.read(model)


def bases(options: TrainingOptions, given: StageInput) -> tuple[str, ...]:
    """Return the names of the models to start from, in order of preference.

    Raises:
        ConfigError: if none is named, or one is the output of a stage that is not needed.
    """
    where, target = f"stages.{given.stage.name}", given.arm.model and given.arm.model.target
    named = options.base if options.base is not None else target
    names = (named,) if isinstance(named, str) else tuple(named or ())
    if not names:
        raise ConfigError(f"{where} has no model to start from", f"{where}.base=… or model=…")
    for name in names:
        kind, _, need = name.partition(":")
        if kind == "stage" and need not in given.stage.needs:
            raise ConfigError(
                f"{where} starts from '{name}', which is no input of it",
                f"add {need} to its needs, or name another model as {where}.base",
            )
    return names


def trains(options: TrainingOptions, given: StageInput) -> bool:
    """Whether the arm is one of those that train (points of a sweep go by their arm's name)."""
    if options.arms is None:
        return True
    return any(name.partition("@")[0] in options.arms for name in given.arms)
