"""Writing files so that a kill at any moment loses nothing and leaves nothing half-written.

Whole files are written beside their destination, flushed to the disk and renamed over it. Records
are appended line by line; a torn last line, which a kill can leave, is dropped on reading.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from llmx.core import json_text
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


_BLOCK = 256  # lines that are written at once
_TAIL = 1 << 16  # bytes: where a torn last line is looked for, again and again


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Bring to the disk what other libraries wrote under a folder, and its names."""
    sync_below(folder)
    sync(folder)


def sync_below(folder: Path) -> None:
    """Bring to the disk what lies under a folder, but for the names in the folder itself.

    What :func:`write_bytes` wrote in this process is there already, and costs no second wait.
    """
    for path in sorted(folder.rglob("*")):
        if not path.is_symlink() and not _on_disk(path):
            sync(path)


_WRITTEN: dict[Path, tuple[int, ...]] = {}
_MOST_WRITTEN = 4096


def _on_disk(path: Path) -> bool:
    """Whether a file is still the one that this process wrote and brought to the disk."""
    written = _WRITTEN.pop(path, None)
    return written is not None and written == _state(path.stat())


def _state(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _remember(path: Path, stat: os.stat_result) -> None:
    if len(_WRITTEN) >= _MOST_WRITTEN:
        _WRITTEN.clear()
    _WRITTEN[path] = _state(stat)


_GUARDS: dict[Path, Callable[[], None]] = {}


def guard(folder: Path, check: Callable[[], None]) -> None:
    """Ask before every write under a folder whether it is still ours; `check` raises if not."""
    _GUARDS[folder] = check


def unguard(folder: Path) -> None:
    """Ask no more."""
    _GUARDS.pop(folder, None)


def is_guarded(folder: Path) -> bool:
    """Whether somebody else may take a folder over."""
    return folder in _GUARDS


def check_guards(path: Path) -> None:
    """Ask the guards of all folders that a path lies in.

    Raises:
        StoreError: if one of them has gone over to somebody else.
    """
    for folder, check in list(_GUARDS.items()):
        if path.is_relative_to(folder):
            check()


def renew(folder: Path) -> None:
    """Copy the records under a folder: who still has one of the files open writes into nothing."""
    for path in sorted(folder.rglob("*.jsonl")):
        scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        shutil.copyfile(path, scratch)
        sync(scratch)
        scratch.replace(path)


def write_text(path: Path, text: str) -> None:
    """Replace `path` by `text`; see :func:`write_bytes`."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content`; see :func:`write_parts`."""
    write_parts(path, (content,))


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Replace `path` by its parts, one after the other, atomically and durably.

    Raises:
        StoreError: if it cannot be written (read-only folder, full disk).
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    check_guards(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("wb") as handle:
            handle.writelines(parts)
            handle.flush()
            os.fsync(handle.fileno())
            stat = os.fstat(handle.fileno())
        scratch.replace(path)
        sync(path.parent)
        _remember(path, stat)
    except BaseException as error:
        with suppress(OSError):  # the folder itself may be what is wrong
            scratch.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(path, error) from error
        raise


_SCRATCH = re.compile(r"\..+\.[0-9]+\.tmp")


def sweep(folder: Path) -> int:
    """Delete what kills inside atomic writes left under a folder; return the bytes of it.

    Nobody else may be writing there.
    """
    freed = 0
    for place, _, names in os.walk(folder):
        for name in filter(_SCRATCH.fullmatch, names):
            with suppress(OSError):
                path = Path(place, name)
                freed += path.lstat().st_size
                path.unlink()
    return freed


def unwritable(path: Path, error: OSError) -> StoreError:
    """Return the error that says why `path` could not be written, and what helps."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "free some space; the same command resumes" if full else _ELSEWHERE
    return StoreError(f"cannot write {path}: {error.strerror or error}", hint)


_ELSEWHERE = "choose a folder with --runs DIR"


def dumps(value: Any) -> str:
    """Return JSON with a stable form: UTF-8, no NaN, keys in the order given."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def write_json(path: Path, value: Any) -> None:
    """Write one JSON document, indented, atomically."""
    write_text(path, json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read one JSON document.

    Raises:
        StoreError: if the file is missing or is not JSON.
    """
    try:
        return json_text.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StoreError(f"{path} is missing", "run the recipe again") from error
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write records, one JSON document a line, atomically; no more than a part is held at once."""
    write_parts(path, blocks(dumps(dict(row)) + "\n" for row in rows))


def blocks(lines: Iterable[str]) -> Iterator[bytes]:
    """Join lines to pieces of some size: a system call a line would take longer than the line."""
    left = iter(lines)
    while block := "".join(islice(left, _BLOCK)):
        yield block.encode()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read the complete records of a file; a torn last line is not a record.

    Raises:
        StoreError: if a line other than the last is not JSON.
    """
    try:
        return [json_text.parse(line) for line in whole_lines(path)]
    except ValueError as error:
        raise damaged(path, error) from error


def whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the complete lines of a file of records, blank ones left out; nothing without a file.

    A torn last line is not a record.
    """
    if not path.exists():
        return
    with path.open("rb") as handle:
        for line in handle:
            if line.endswith(b"\n") and line.strip():
                yield line


def damaged(path: Path, error: Exception) -> StoreError:
    """Return the error that says that a file does not hold what it should."""
    return StoreError(f"{path} is damaged: {error}", "delete it and run again")


def lines_before_damage(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """Return the records before the first line that is none, and whether that was all of the file.

    What a power cut leaves may have zeros inside: what stands before them is as good as ever.
    """
    content = path.read_bytes() if path.exists() else b""
    found: list[dict[str, Any]] = []
    *whole, torn = content.split(b"\n")
    for line in whole:
        row = _record(line)
        if row is None:
            return found, False
        found.append(row)
    return found, not torn


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        row = json_text.parse(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


class Appender:
    """Appends records; no kill loses what an `append` has written.

    Each is on the disk when it returns, or, where `every` is given, after that many seconds of
    further appends: only a machine that loses power can then lose what is younger. Opening cuts off
    a torn last line, so that the next record starts on a line of its own.
    """

    def __init__(self, path: Path, every: float = 0.0) -> None:
        self._path, self._every = path, every
        self._synced = time.monotonic()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = path.open("a+b")
            self._cut_torn_line()
        except OSError as error:
            raise unwritable(path, error) from error

    def _cut_torn_line(self) -> None:
        end = self._handle.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _TAIL)
            self._handle.seek(start)
            found = self._handle.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        self._handle.truncate(end)

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows, and wait until they are on the disk if it is time.

        Raises:
            StoreError: if they cannot be written; those of earlier calls are safe.
        """
        check_guards(self._path)
        try:
            self._handle.write("".join(dumps(dict(row)) + "\n" for row in rows).encode())
            self._handle.flush()
            if time.monotonic() - self._synced >= self._every:
                self._sync()
        except OSError as error:
            raise unwritable(self._path, error) from error

    def _sync(self) -> None:
        os.fsync(self._handle.fileno())
        self._synced = time.monotonic()

    def __enter__(self) -> Appender:
        return self

    def __exit__(self, *_: object) -> None:
        # What a full disk kept back was reported when it was written.
        with suppress(OSError), self._handle:
            if self._every:
                self._sync()
