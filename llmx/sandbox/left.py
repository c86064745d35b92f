"""What a command leaves in its scratch folder, read as a stranger's: no link is followed."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from llmx.core.errors import SandboxError
from llmx.core.names import on_one_line
from llmx.sandbox.arguments import SCRATCH

_OPENAT2 = 437  # of every machine
_BENEATH, _NO_LINKS, _NO_MAGIC, _NO_XDEV = 0x08, 0x04, 0x02, 0x01
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_RESOLVED = _BENEATH | _NO_LINKS | _NO_MAGIC | _NO_XDEV
_LIBC = ctypes.CDLL(None, use_errno=True)


class OpenHow(ctypes.Structure):
    """``struct open_how`` of openat2(2)."""

    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


class Scratch:
    """The folder that a cage writes, held open: it can be read although the cage is gone."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def names(self) -> int:
        """Return how many names it holds, itself left out: a size bounds no names."""
        found = os.statvfs(self._fd)
        return found.f_files - found.f_ffree - 1

    def read(self, name: str, most: int) -> bytes:
        """Return a file, at most `most` bytes.

        Raises:
            SandboxError: if it is missing, longer, or anything but a regular file that is reached
                without a link.
        """
        handle = _opened(self._fd, name)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _unreadable(name, "is no regular file")
            found = _all_of(handle, most + 1)
        finally:
            os.close(handle)
        if len(found) > most:
            raise _unreadable(name, f"is longer than {most} bytes")
        return found

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)


def opened_scratch(first: int, size: int) -> Scratch | None:
    """Return the scratch folder of the cage with this first process; None if it is not made yet.

    The process has the host's own folders until bubblewrap has changed them. So what is found is
    taken only if it is a file system of its own, of the size that was asked for.
    """
    root = Path(f"/proc/{first}/root")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(OSError):
        fd = os.open(f"{root}{SCRATCH}", flags)
        found, above, host = os.statvfs(fd), root.stat(), Path("/").stat()
        moved = (above.st_dev, above.st_ino) != (host.st_dev, host.st_ino)
        own = moved and os.fstat(fd).st_dev != above.st_dev
        if own and 0 <= found.f_blocks * found.f_bsize - size < 1 << 16:
            return Scratch(fd)
        os.close(fd)
    return None


def _opened(folder: int, name: str) -> int:
    how = OpenHow(_FLAGS, 0, _RESOLVED)
    try:
        path = os.fsencode(name)
    except UnicodeEncodeError as error:
        raise _unreadable(name, "is no name of a file") from error
    if b"\0" in path:
        raise _unreadable(name, "is no name of a file")
    found: int = _LIBC.syscall(_OPENAT2, folder, path, ctypes.byref(how), ctypes.sizeof(how))
    if found < 0:
        number = ctypes.get_errno()
        linked = number in (errno.ELOOP, errno.EXDEV)
        said = f"cannot be opened ({os.strerror(number)})"
        why = "is reached by a link, or lies outside" if linked else said
        raise _unreadable(name, why)
    return found


def _all_of(handle: int, most: int) -> bytes:
    parts, left = list[bytes](), most
    while left and (block := os.read(handle, min(left, 1 << 20))):
        parts.append(block)
        left -= len(block)
    return b"".join(parts)


def _unreadable(name: str, why: str) -> SandboxError:
    shown = on_one_line(name[:100])
    return SandboxError(f"the sandbox left no '{shown}' that can be read: it {why}")
