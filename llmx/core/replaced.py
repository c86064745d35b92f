"""One value inside nested mappings, changed in a copy. Needs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def replaced(value: Any, names: Sequence[str], to: Any) -> Any:
    """Return a copy of `value` with what stands below it at the path `names` set to `to`."""
    if not names:
        return to
    held = dict(value) if isinstance(value, Mapping) else {}
    return {**held, names[0]: replaced(held.get(names[0]), names[1:], to)}
