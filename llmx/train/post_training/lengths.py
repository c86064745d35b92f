"""How long the texts of supervised trainings are: TRL's ``max_length`` and ``truncation_mode``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.engines.size import ModelSize
from llmx.train.course.fields import defaults
from llmx.train.post_training.audit import Limit


def limit_of(kind: str, settings: Mapping[str, Any], context: int | None) -> Limit:
    """Return where TRL cuts, which does not ask how many positions the model knows."""
    mode = str(settings.get("truncation_mode", defaults(kind).get("truncation_mode", "keep_start")))
    return Limit(_longest(kind, settings), mode, known=context)


def length_of(kind: str, settings: Mapping[str, Any], size: ModelSize) -> int:
    """Return the tokens of the longest text that a training can meet."""
    longest = _longest(kind, settings)
    known = [length for length in (longest, size.context) if length]
    return min(known) if known else int(defaults(kind)["max_length"])


def _longest(kind: str, settings: Mapping[str, Any]) -> int | None:
    """Return ``max_length``; None, where it is written, cuts nothing."""
    found = settings.get("max_length", defaults(kind)["max_length"])
    return None if found is None else int(found)
