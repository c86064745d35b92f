"""Reward `gsm`: 1 for the right number after ``####``, 0.1 for any number there, else 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.scoring.gsm import reference_answer, strict_answer

_FORMAT = 0.1


def gsm(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """Read the completion as the scorer `gsm` does.

    Returns:
        ``format`` (0.1 where a number stands after the last ``####``) and ``correct`` (0.9 more
        where it is the reference answer), so that the sum is 0, 0.1 or 1.

    Raises:
        ValueError: if the row's ``answer`` holds no number.
    """
    expected = reference_answer(str(row["answer"]))
    if expected is None:
        raise ValueError(f"the reference answer is not a number: {row['answer']!r}")
    found = strict_answer(completion)
    return {
        "format": _FORMAT if found is not None else 0.0,
        "correct": 1.0 - _FORMAT if found == expected else 0.0,
    }


gsm.version = 2  # type: ignore[attr-defined]  # of what it reads: GsmScorer.version
