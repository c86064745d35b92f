"""JSON of strangers: model folders, datasets, endpoints, clients of a server, stored runs.

A text that no program of good will writes is an error like any other: nested without end, a number
of thousands of digits, half of a character, bytes that are no UTF-8.
"""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 64
"""Levels of lists and mappings inside one another that are read."""


def parse(
    raw: str | bytes | bytearray, *, strict: bool = False, mend: bool = False, exact: bool = False
) -> Any:
    """Return what a JSON document says.

    Args:
        strict: refuse ``NaN`` and ``Infinity``, which Python writes and JSON does not know.
        exact: be strict, and refuse a key that stands twice and a number that no float holds: of
            both Python makes something else.
        mend: put U+FFFD in the place of half of a character, which is an error otherwise.

    Raises:
        ValueError: in one line, if it is not JSON, or nothing that can be worked with.
    """
    # Not json's own decoding of bytes: it lets halves of characters pass, and takes UTF-16.
    text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
    try:
        found = json.loads(text, **_EXACT) if exact else json.loads(text, **_STRICT[strict])
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise _readable(error) from error
    if text.count("[") + text.count("{") > DEEPEST:  # most texts need no second look
        _refuse_deep(found)
    if "\\ud" in text or "\\uD" in text:  # an escape that is a character only beside another
        found = _mended(found) if mend else _whole(found)
    return found


def _too_deep() -> ValueError:
    return ValueError(f"lists and mappings are nested more than {DEEPEST} deep")


def _readable(error: ValueError) -> ValueError:
    """Return an error that speaks of the text; Python's own, of long numbers, names a switch."""
    return ValueError("a number has too many digits") if "digits" in str(error) else error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _finite(digits: str) -> float:
    found = float(digits)
    if found in (float("inf"), float("-inf")):
        raise ValueError("a number is larger than any that is known")
    return found


def _whole_number(digits: str) -> int:
    _finite(digits)
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


_STRICT: dict[bool, dict[str, Any]] = {False: {}, True: {"parse_constant": _refuse_constant}}
_EXACT: dict[str, Any] = {
    **_STRICT[True],
    "parse_float": _finite,
    "parse_int": _whole_number,
    "object_pairs_hook": _unique,
}


def _whole(found: Any) -> Any:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half of a character") from error
    return found


def _mended(found: Any) -> Any:
    return json.loads(re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(found, ensure_ascii=False)))


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
