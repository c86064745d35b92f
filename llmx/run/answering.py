"""Which model answers, where a stage names another than the arm's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llmx.core.errors import ConfigError
from llmx.core.spec import ArmSpec
from llmx.core.stage import StageInput
from llmx.engines.locate import model_identity


def answering(given: StageInput, inputs: Iterable[str] | None = None) -> ArmSpec:
    """Return the arm with the model of the stage's option ``model`` as its target.

    The option is a name, or several of which the first that the arm has counts: a stage that did
    nothing for the arm left none. Without `inputs` (before anything ran) it is the first.

    Raises:
        ConfigError: for an option that is no name, or if the arm has none of them.
    """
    names, arm = answering_names(given), given.arm
    if not names or arm.model is None:
        return arm
    there = names if inputs is None else [name for name in names if _has(name, set(inputs))]
    if not there:
        where = f"stages.{given.stage.name}.model"
        raise ConfigError(f"{where}: the arm has none of {', '.join(names)}", "add a model to it")
    return arm.model_copy(update={"model": arm.model.model_copy(update={"target": there[0]})})


def answering_names(given: StageInput) -> list[str]:
    """Return what the option names, nothing if it is not given."""
    named = given.options.model
    names = [named] if isinstance(named, str) else [*(named or ())]
    where = f"stages.{given.stage.name}.model"
    for name in names:
        kind, _, need = name.partition(":")
        if kind == "stage" and need not in given.stage.needs:
            raise ConfigError(f"{where}: '{name}' is no input of it", f"add {need} to its needs")
    return names


def otherwise(given: StageInput) -> dict[str, Any]:
    """Return what the names behind the first mean, for a stage's identity."""
    later = answering_names(given)[1:]
    return {"otherwise": [model_identity(name, None) for name in later]} if later else {}


def _has(name: str, inputs: set[str]) -> bool:
    kind, _, need = name.partition(":")
    return kind != "stage" or need in inputs
