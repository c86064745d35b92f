"""A disk that ends the process, or takes nothing more, from its n-th call on.

What a process tells the disk goes through a few names of the standard library. Each is counted. At
the chosen one the process is killed (before or after it), or it and all later ones fail as on a
full or a read-only disk. A write that fails on a full disk leaves half of its bytes.
"""

import errno
import io
import os
import signal
from collections.abc import Callable
from typing import Any

MOVES = ("fsync", "rename", "replace", "link")
WRITES = (*MOVES, "mkdir", "open", "write")
KINDS = ("before", "after", "ENOSPC", "EROFS")


class Disk:
    """Counts calls and acts at one; `at` None counts alone."""

    def __init__(self, kind: str, at: int | None) -> None:
        self.kind, self.at, self.calls = kind, at, 0

    def step(self, name: str) -> bool:
        """Count a call; True if it fails."""
        if name not in (MOVES if self.kind in ("before", "after") else WRITES):
            return False
        self.calls += 1
        if self.at is None or self.calls < self.at:
            return False
        if self.kind in ("ENOSPC", "EROFS"):
            return True
        if self.kind == "before" and self.calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    def past(self) -> None:
        """A call is over."""
        if self.kind == "after" and self.calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def error(self, path: Any = None) -> OSError:
        """Return what the system would say."""
        code = getattr(errno, self.kind)
        return OSError(code, os.strerror(code), path)

    def install(self) -> None:
        """Stand between this process and its disk, for good."""
        for name in (*MOVES, "mkdir"):
            setattr(os, name, self._counted(name, getattr(os, name)))
        opened = self._opened(io.open)
        io.open = opened
        __builtins__["open"] = opened

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **more: Any) -> Any:
            if self.step(name):
                raise self.error(None if isinstance(given[0], int) else os.fspath(given[0]))
            done = real(*given, **more)
            self.past()
            return done

        return call

    def _opened(self, real: Callable[..., Any]) -> Callable[..., Any]:
        disk = self

        class Handle(io.FileIO):
            def write(self, content: Any) -> int:
                if disk.step("write"):
                    if disk.kind == "ENOSPC":
                        super().write(bytes(content)[: len(content) // 2])
                    raise disk.error()
                return super().write(content)

        def call(file: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
            if isinstance(file, int) or not set(mode) & set("wax+"):
                return real(file, mode, *more, **named)
            if disk.step("open"):
                raise disk.error(str(file))
            raw = Handle(file, mode.replace("t", "").replace("b", ""))
            handle: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
            return handle if "b" in mode else io.TextIOWrapper(handle, encoding="utf-8")

        return call
