"""The options that a recipe writes at a training stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from llmx.core.errors import ConfigError, nearest
from llmx.core.record import Frozen
from llmx.core.stage import StageInput
from llmx.train.post_training.settings import check_lora, check_settings
from llmx.train.post_training.trackers import TRACKERS


class Options(Frozen):
    """What stages `sft`, `dpo`, `grpo` and `rloo` take beside `kind`, `over` and `needs`."""

    settings: dict[str, Any] = Field(default={}, description="TRL's configuration, by its names")
    lora: dict[str, Any] | None = Field(default=None, description="peft's LoraConfig; None = all")
    base: str | tuple[str, ...] | None = Field(
        default=None,
        description="model to start from; of several the first that the arm has; None = "
        "model.target",
    )
    split: str = Field(default="train", description="rows are read from SPLIT.jsonl of a need")
    rewards: tuple[str, ...] = Field(default=(), description="registered rewards; their sum counts")
    trackers: tuple[str, ...] | None = Field(
        default=None, description="None = tensorboard, where it is installed"
    )
    accelerate: str | None = Field(default=None, description="configuration file of accelerate")
    arms: tuple[str, ...] | None = Field(default=None, description="arms that train; None = all")


def read_options(kind: str, given: StageInput) -> Options:
    """Return the checked options of a stage.

    Raises:
        ConfigError: for an unknown option, setting or name, or a value that cannot be.
    """
    where = f"stages.{given.stage.name}"
    if len(given.arms) != 1:
        hint = "write over: arm; arms that mean the same share one training"
        raise ConfigError(f"{where} trains one arm and is given {len(given.arms)}", hint)
    options = _parse(given.stage.options, where)
    settings = check_settings(kind, options.settings, f"{where}.settings")
    lora = check_lora(options.lora, f"{where}.lora")
    for tracker in options.trackers or ():
        if tracker not in TRACKERS:
            hint = nearest(tracker, TRACKERS, "trackers")
            raise ConfigError(f"{where}.trackers: unknown tracker '{tracker}'", hint)
    return options.model_copy(update={"settings": settings, "lora": lora})


def _parse(raw: Mapping[str, Any], where: str) -> Options:
    unknown = sorted(raw.keys() - Options.model_fields.keys())
    if unknown:
        hint = nearest(unknown[0], Options.model_fields, "options")
        raise ConfigError(f"{where}: unknown option '{unknown[0]}'", hint)
    try:
        return Options.model_validate(dict(raw))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        message = first["msg"].replace("Input should be", "must be")
        raise ConfigError(f"{where}.{key} {message}") from error


def bases(options: Options, given: StageInput) -> tuple[str, ...]:
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


def trains(options: Options, given: StageInput) -> bool:
    """Whether the arm is one of those that train (points of a sweep go by their arm's name)."""
    if options.arms is None:
        return True
    return any(name.partition("@")[0] in options.arms for name in given.arms)
