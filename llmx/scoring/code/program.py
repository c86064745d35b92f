"""Which part of an answer is the program."""

from __future__ import annotations

import re

_FENCE = re.compile(
    r"^[ \t]*```[ \t]*(?P<tongue>[A-Za-z0-9_+-]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*```|\Z)",
    re.MULTILINE | re.DOTALL,
)
_PYTHON = {"", "py", "python", "python3"}


def program_of(text: str, entry: str = "") -> str | None:
    """Return the program of an answer; None where there is none.

    It is the first block of Python between fences that defines `entry`, or else the first one. An
    answer without fences is a program as a whole. A block that the end of the answer cuts off
    counts, as it may be whole.

    Args:
        entry: name of the function that the tests call; empty if it is not known.
    """
    found = list(_FENCE.finditer(text))
    blocks = [one["code"] for one in found if one["tongue"].lower() in _PYTHON]
    defines = re.compile(rf"^(?:async\s+)?(?:def|class)\s+{re.escape(entry)}\b", re.MULTILINE)
    wanted = next((one for one in blocks if entry and defines.search(one)), None)
    program = wanted or next(iter(blocks), "" if found else text)
    return program if program.strip() else None
