"""Versions of installed packages, without parsing all that a package says of itself."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution

_VERSION = re.compile(r"^Version:[ \t]*(\S+)[ \t]*$", re.MULTILINE)


@lru_cache(maxsize=128)
def version_of(package: str) -> str | None:
    """Return the version of a package, None where it is not installed; looked up once a process."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return None
    head, _, _ = (found.read_text("METADATA") or "").partition("\n\n")
    line = _VERSION.search(head)
    return line[1] if line else found.version
