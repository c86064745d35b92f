"""The package `alpaca_eval`: where it is, and the judge's prompt that it ships.

It imports its whole command line (pandas, scikit-learn, datasets), which takes seconds; so the
functions here that need no more than a file of it do not import it.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llmx.core.errors import DataError, LlmxError
from llmx.core.install import pip_install, with_extra
from llmx.core.record import Message

TEMPLATE = "evaluators_configs/alpaca_eval_clf_gpt4_turbo/alpaca_eval_clf.txt"
"""Named by the package's own configuration of the judge `weighted_alpaca_eval_gpt4_turbo`."""


def missing() -> LlmxError | None:
    """Return the error that says how to get the package, None if it is there."""
    if find_spec("alpaca_eval") is not None:
        return None
    return DataError("AlpacaEval needs the package 'alpaca_eval'", with_extra("judge"))


def installed() -> str:
    """Return the version of the package, empty without it."""
    try:
        return version("alpaca_eval")
    except PackageNotFoundError:
        return ""


@lru_cache(maxsize=1)
def template() -> str:
    """Return the judge's prompt, with ``{instruction}``, ``{output_1}`` and ``{output_2}``.

    Raises:
        DataError: without the package, or if it has no such file.
    """
    if (error := missing()) is not None:
        raise error
    found = find_spec("alpaca_eval")
    folders = list(found.submodule_search_locations or ()) if found else []
    for folder in folders:
        path = Path(folder) / TEMPLATE
        if path.exists():
            return path.read_text(encoding="utf-8")
    raise DataError(
        f"alpaca_eval {installed()} has no {TEMPLATE}", pip_install("alpaca_eval==0.6.6")
    )


def part(name: str) -> Any:
    """Import and return a module of the package: ``metrics.glm_winrate``.

    Raises:
        DataError: if it, or something that it imports, is not there.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pkg_resources, which it still imports
        try:
            return import_module(f"alpaca_eval.{name}")
        except ImportError as error:
            raise DataError(
                f"the package alpaca_eval does not load: {error}", with_extra("judge")
            ) from error


def chat(prompt: str) -> tuple[Message, ...]:
    """Return a prompt in the package's chat form as turns, by the package's own reader."""
    return tuple(Message.model_validate(turn) for turn in part("utils").prompt_to_chatml(prompt))
