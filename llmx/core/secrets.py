"""Which names hold secrets: what stands under them is never written where it would stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"(^|[._-])((api_?)?key|token|secret|password|passwd)$", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"://[^/\s]*@")


def is_secret_name(name: str) -> bool:
    """Whether a key, dotted or not, names a secret: ``engine.options.api_key``."""
    return _NAME.search(name) is not None


def holds_secret(value: Any) -> bool:
    """Whether something is set under a secret's name, or an address holds a password."""
    if isinstance(value, str):
        return _IN_ADDRESS.search(value) is not None
    if isinstance(value, Mapping):
        named = (is_secret_name(str(name)) and bool(held) for name, held in value.items())
        return any(named) or any(map(holds_secret, value.values()))
    return isinstance(value, list | tuple) and any(map(holds_secret, value))
