"""The options of a divergence log: which draft, which measures, of which distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from llmx.core.errors import ConfigError, nearest
from llmx.core.spec import Divergence
from llmx.core.stage import StageInput

_DRAFTS = ("greedy", "sampled")
_ON = ("raw", "warped")


def choices(given: StageInput) -> dict[str, Any]:
    """Return how blocks are drafted and what is logged of them, defaults filled in.

    Raises:
        ConfigError: for a value that means nothing.
    """
    options = given.stage.options
    draft = options.get("draft", "greedy")
    _known(given, "draft", [draft], _DRAFTS)
    found = {
        "divergences": _list(given, "divergences", list(get_args(Divergence))),
        "on": _list(given, "on", list(_ON)),
        "top_k": _list(given, "top_k", [0, 50]),
    }
    _known(given, "divergences", found["divergences"], get_args(Divergence))
    _known(given, "on", found["on"], _ON)
    for top_k in found["top_k"]:
        if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 0:
            where = f"stages.{given.stage.name}.top_k"
            raise ConfigError(f"{where} holds {top_k!r}", "write whole numbers, 0 = all tokens")
    return {"draft": draft, **found}


def _list(given: StageInput, name: str, default: list[Any]) -> list[Any]:
    found = given.stage.options.get(name, default)
    if not isinstance(found, list) or not found:
        where = f"stages.{given.stage.name}.{name}"
        raise ConfigError(f"{where} is {found!r}", f"write a list such as {default}")
    return found


def _known(given: StageInput, name: str, values: Sequence[Any], known: Sequence[str]) -> None:
    for value in values:
        if value not in known:
            where = f"stages.{given.stage.name}.{name}"
            raise ConfigError(f"{where} holds {value!r}", nearest(str(value), known))
