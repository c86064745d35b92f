"""How long the recipes that ship take, and what they need: data, since planning takes a second.

``recipes/_estimates.json`` has a row for each, made of its plan at scale laptop in one process,
by the rates of a machine that was not measured. A test holds it against the plans.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmx.config.index import RecipeEntry
from llmx.config.places import builtin
from llmx.core import json_text

FILE = "_estimates.json"


@dataclass(frozen=True)
class RecipeEstimate:
    """What is known of a recipe at scale laptop.

    Attributes:
        seconds: for all stages in one process; None where a stage has no estimate.
        needs: ``offline``, ``hub`` or ``endpoint``; empty where that is not known.
    """

    seconds: float | None = None
    needs: str = ""


def estimate_of(entry: RecipeEntry) -> RecipeEstimate:
    """Return what ships about a recipe that ships; nothing is known of any other."""
    row = _held().get(f"{entry.group}/{entry.name}")
    own = Path(entry.path).is_relative_to(builtin())
    return (
        RecipeEstimate(row["seconds"], row["needs"])
        if row is not None and own
        else RecipeEstimate()
    )


@lru_cache(maxsize=1)
def _held() -> dict[str, Any]:
    try:
        found = json_text.parse((builtin() / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
