"""What a program does with the inputs of its tests, and nothing of what they expect."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

_CALLED = "candidate"
"""What HumanEval's tests call the function under test."""
GONE = "gone"
"""Behaviour of a program whose process has ended."""


def calls_of(tests: str, entry: str) -> list[str]:
    """Return the calls of a function whose arguments tests write out, each once, in their order.

    Args:
        entry: name of the function; tests may call it ``candidate`` too.
    """
    calls = [one for one in ast.walk(ast.parse(tests)) if isinstance(one, ast.Call)]
    asked = [one for one in calls if isinstance(one.func, ast.Name)
             and one.func.id in (entry, _CALLED) and _written_out(one)]  # fmt: skip
    asked.sort(key=lambda one: (one.lineno, one.col_offset))
    return list(dict.fromkeys(ast.unparse(one) for one in asked))


def _written_out(call: ast.Call) -> bool:
    try:
        for one in (*call.args, *(keyword.value for keyword in call.keywords)):
            ast.literal_eval(one)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return all(keyword.arg is not None for keyword in call.keywords)


def behaviour_key(seen: Sequence[Any]) -> str:
    """Return a text that two lists of what calls gave share where Python finds them equal.

    Args:
        seen: of each call a packed value in a list, the name of what was raised, or ``gone``.
    """
    text = json.dumps([one if isinstance(one, str) else [_normal(one[0])] for one in seen])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _normal(packed: Any) -> Any:
    """Return a packed value in the form of all that equals it: 1, 1.0 and True are one."""
    if packed is None:
        return None
    if isinstance(packed, bool):
        return ["n", hex(packed)]
    mark, held = packed
    if mark in ("i", "f"):
        return ["n", _number(float.fromhex(held) if mark == "f" else int(held, 16))]
    if mark in ("l", "t"):
        return [mark, [_normal(one) for one in held]]
    if mark in ("S", "F"):
        return ["S", sorted(map(json.dumps, (_normal(one) for one in held)))]
    if mark == "d":
        return ["d", sorted(_pairs(held))]
    return [mark, held]


def _pairs(held: Any) -> Iterator[str]:
    for key, value in held:
        yield json.dumps([_normal(key), _normal(value)])


def _number(value: int | float) -> str:
    if isinstance(value, float) and not value.is_integer():
        return value.hex()
    return hex(int(value))  # decimal digits would be refused beyond some thousands
