"""How many optimiser steps a training takes, as far as its settings say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.stage import StageInput
from llmx.train.course.duration import on_cpu

_EPOCHS = -1  # TRL's value for "as num_train_epochs says", which is also its default


def steps_of(settings: Mapping[str, Any], where: str) -> int | None:
    """Return ``max_steps``; None where epochs decide, and so the number of rows.

    Args:
        where: the settings' dotted name, for messages.

    Raises:
        ConfigError: for a number that TRL would read as "three epochs".
    """
    steps = int(settings.get("max_steps", _EPOCHS))
    if steps == _EPOCHS:
        return None
    if steps < 1:
        raise ConfigError(
            f"{where}.max_steps={steps} is no number of steps",
            "1 or more; -1 trains as many epochs as num_train_epochs says",
        )
    return steps


def without_end(given: StageInput, steps: int | None, where: str) -> ConfigError | None:
    """Return the error of a training that could take any time, where the scale allows only some."""
    limit = given.arm.scale.limit_minutes
    if limit is None or steps is not None or not on_cpu(given):
        return None
    return ConfigError(
        f"{where} trains by epochs, whose time is not known; the scale allows {limit:g} minutes",
        f"set {where}.max_steps=…, or scale.limit_minutes=null",
    )
