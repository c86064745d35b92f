"""The user's cache folder: small files that are safe to delete, and done without where need be.

Nothing here raises. A folder that is missing, full, read-only or no folder at all costs time only.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def at_home(path: Path | str) -> Path:
    """Return a path with `~` and `~USER` replaced; as it is where nobody has such a home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def folder() -> Path:
    """Return ``$LLMX_CACHE``, or ``llmx`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.

    Raises:
        RuntimeError: if nothing says where the home of the user is.
    """
    own = os.environ.get("LLMX_CACHE")
    if own:
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llmx"


def load(name: str) -> bytes | None:
    """Return a file's content; None where it cannot be had."""
    try:
        return (folder() / name).read_bytes()
    except (OSError, RuntimeError):
        return None


def save(name: str, content: bytes) -> None:
    """Keep a file if that is possible, so that a kill leaves the old one or the new one."""
    with suppress(OSError, RuntimeError):
        path = folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            _write_to_disk(scratch, content)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)


def _write_to_disk(path: Path, content: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def keep_newest(pattern: str, most: int) -> None:
    """Delete the oldest of the files that match, so that no more than `most` are left."""
    with suppress(OSError, RuntimeError):
        found = sorted(folder().glob(pattern), key=lambda path: path.stat().st_mtime_ns)
        for path in found[:-most]:
            path.unlink(missing_ok=True)
