"""Paths that a person writes with `~`."""

from __future__ import annotations

from pathlib import Path


def at_home(path: Path | str) -> Path:
    """Return a path with `~` and `~USER` replaced; as it is where nobody has such a home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
