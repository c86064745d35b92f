"""What a command writes, read with a cap, against a clock: no answer is waited for in between."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from llmx.core.sandbox import OVER_OUTPUT, Why

TICK = 0.05
"""Seconds between two looks at what no limit of the kernel bounds."""
_CHUNK = 1 << 16
_DRAINED = 32  # reads: more than a pipe holds
_REPORT = 1 << 20  # bytes of a report that are kept


@dataclass
class KeptStream:
    """One stream of a command.

    Attributes:
        keep: bytes that are kept of it.
        seen: bytes that came.
        ended: whether nobody can write to it any more.
    """

    fd: int
    keep: int
    kept: bytearray = field(default_factory=bytearray)
    seen: int = 0
    ended: bool = False

    def take(self, block: bytes) -> None:
        """Keep what there is room for."""
        self.seen += len(block)
        self.kept += block[: max(0, self.keep - len(self.kept))]

    @property
    def cut(self) -> int:
        """Bytes that came and were not kept."""
        return self.seen - len(self.kept)


class Pump:
    """Reads the streams of a command and writes its input, until it ends or a limit does it.

    Args:
        keep: bytes that are kept of each stream.
        look: asked every :data:`TICK` seconds, returns which limit is passed; empty = none.
    """

    def __init__(self, keep: int, deadline: float, look: Callable[[], Why]) -> None:
        self.keep, self.deadline, self._look = keep, deadline, look
        self._selector = selectors.DefaultSelector()
        self._streams: list[KeptStream] = []
        self._next = time.monotonic() + TICK

    def read(self, fd: int, keep: int | None = None) -> KeptStream:
        """Add a stream to read."""
        os.set_blocking(fd, False)
        stream = KeptStream(fd, self.keep if keep is None else keep)
        self._streams.append(stream)
        self._selector.register(fd, selectors.EVENT_READ, stream)
        return stream

    def report(self, fd: int) -> KeptStream:
        """Add a stream that is kept whole, and counts as no output."""
        os.set_blocking(fd, False)
        stream = KeptStream(fd, _REPORT)
        self._selector.register(fd, selectors.EVENT_READ, stream)
        return stream

    def write(self, fd: int, content: bytes) -> None:
        """Add an input, closed when it is written or nobody reads it."""
        if not content:
            os.close(fd)
            return
        os.set_blocking(fd, False)
        self._selector.register(fd, selectors.EVENT_WRITE, memoryview(content))

    def run(self, ended: Callable[[], bool]) -> Why:
        """Read and write until `ended`; return which limit was passed, empty where none was."""
        while not ended():
            if why := self._passed():
                return why
            for key, _ in self._selector.select(self._pause()):
                self._served(key)
        return ""

    def drain(self) -> None:
        """Take what is still in the pipes; somebody may go on writing, and is not waited for."""
        for key in list(self._selector.get_map().values()):
            for _ in range(_DRAINED):
                if not isinstance(key.data, KeptStream) or not self._served(key):
                    break

    def close(self) -> None:
        """Forget all streams; who opened them closes them."""
        self._selector.close()

    def _pause(self) -> float:
        now = time.monotonic()
        return max(0.0, min(self.deadline - now, self._next - now))

    def _passed(self) -> Why:
        now = time.monotonic()
        if sum(one.seen for one in self._streams) > OVER_OUTPUT * self.keep:
            return "output"
        if now >= self.deadline:
            return "seconds"
        if now >= self._next:
            self._next = now + TICK
            return self._look()
        return ""

    def _served(self, key: selectors.SelectorKey) -> bool:
        """Read or write once; whether there may be more."""
        if isinstance(key.data, KeptStream):
            return self._read(key.fd, key.data)
        return self._written(key.fd, key.data)

    def _read(self, fd: int, stream: KeptStream) -> bool:
        try:
            block = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        if not block:
            self._selector.unregister(fd)
            stream.ended = True
            return False
        stream.take(block)
        return True

    def _written(self, fd: int, left: memoryview) -> bool:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            return False
        except OSError:  # nobody reads it
            left = left[:0]
        self._selector.unregister(fd)
        if left:
            self._selector.register(fd, selectors.EVENT_WRITE, left)
        else:
            os.close(fd)
        return bool(left)
