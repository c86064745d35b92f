"""Where something may be written or looked for: below its folder, whatever its name says."""

from __future__ import annotations

import os
from pathlib import Path

from llmx.core.errors import StoreError

_LONGEST = 255  # bytes of one name, on every file system in use


def inside(folder: Path, *names: str, links: bool = False) -> Path:
    """Return the path of `names` below `folder`: the one way from a given name to a path.

    Args:
        folder: where it lies; this may be a link itself.
        names: one or more; each may hold folders of its own (`model/config.json`).
        links: whether a link below `folder` may lead out of it, as in caches that consist of links.

    Raises:
        StoreError: if a name is empty, absolute, too long, holds NUL or `..`, or a link leads out.
    """
    place = folder
    for part in (part for name in names for part in _parts(folder, name)):
        place = place / part
        if not links and place.is_symlink():
            _check_link(folder, place)
    return place


def _parts(folder: Path, name: str) -> list[str]:
    parts = name.split("/")
    separated = os.altsep is not None and os.altsep in name
    if separated or any(part in ("", ".", "..") or not _spelled(part) for part in parts):
        raise StoreError(f"'{_brief(name)}' is no name below {folder}", "name a place inside it")
    return parts


def _spelled(part: str) -> bool:
    """Whether a file can have that name."""
    try:
        return "\0" not in part and len(part.encode()) <= _LONGEST
    except UnicodeEncodeError:  # half of a character
        return False


def _brief(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[:40]}…"


def _check_link(folder: Path, place: Path) -> None:
    if not place.resolve().is_relative_to(folder.resolve()):
        raise StoreError(f"{place} is a link that leads out of {folder}", "remove the link")
