"""JSON of strangers: model folders, datasets, endpoints, stored runs.

A text that no program of good will writes is an error like any other: nested without end, a number
of thousands of digits, half of a character.
"""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 64
"""Levels of lists and mappings inside one another that are read."""


def parse(raw: str | bytes) -> Any:
    """Return what a JSON document says.

    Raises:
        ValueError: in one line, if it is not JSON, or nothing that can be worked with.
    """
    try:
        found = json.loads(raw)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise _readable(error) from error
    if _brackets(raw) > DEEPEST:
        _refuse_deep(found)
    if _may_hold_halves(raw):
        _refuse_halves(found)
    return found


def _too_deep() -> ValueError:
    return ValueError(f"lists and mappings are nested more than {DEEPEST} deep")


def _readable(error: ValueError) -> ValueError:
    """Return an error that speaks of the text; Python's own, of long numbers, names a switch."""
    return ValueError("a number has too many digits") if "digits" in str(error) else error


def _brackets(raw: str | bytes) -> int:
    """Return how many levels there are at most: most texts need no second look."""
    if isinstance(raw, str):
        return raw.count("[") + raw.count("{")
    return raw.count(b"[") + raw.count(b"{")


def _may_hold_halves(raw: str | bytes) -> bool:
    """Whether an escape as `\\ud83d` is there, which is a character only beside another."""
    if isinstance(raw, str):
        return "\\ud" in raw or "\\uD" in raw
    return b"\\ud" in raw or b"\\uD" in raw


def _refuse_halves(found: Any) -> None:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half of a character") from error


def _refuse_deep(found: Any) -> None:
    level = [found]
    for _ in range(DEEPEST + 1):
        level = [item for held in level for item in _inside(held)]
        if not level:
            return
    raise _too_deep()


def _inside(held: Any) -> list[Any]:
    items = held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
    return [item for item in items if isinstance(item, list | dict)]
