"""Lines of JSON between two processes, on descriptors that no library prints to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

_GRACE = 30.0  # seconds that an engine may take to end before its process does anyway


class Channel:
    """Takes over the standard input and output; what others print goes to the standard error.

    Attributes:
        blocked: while True the loop cannot follow orders (an engine loads), and the end of the
            input ends the process at once.
    """

    def __init__(self) -> None:
        self.blocked = False
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def send(self, event: str, **content: Any) -> None:
        """Send one event; silent where nobody listens any more."""
        with suppress(BrokenPipeError, ValueError):
            self._out.write(json.dumps({"event": event, **content}) + "\n")
            self._out.flush()

    async def orders(self) -> AsyncIterator[dict[str, Any]]:
        """Yield orders until the other side closes or ends."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def read() -> None:
            while line := self._in.readline():
                loop.call_soon_threadsafe(queue.put_nowait, line)
            if self.blocked:
                end_all()
            threading.Timer(_GRACE, end_all).start()
            loop.call_soon_threadsafe(queue.put_nowait, b"")

        threading.Thread(target=read, daemon=True).start()
        while line := await queue.get():
            yield json.loads(line)


def end_all() -> None:
    """End this process and, at once, all that it started: some are deaf while they start."""
    if os.getpgrp() == os.getpid():  # llmx starts it as the leader of a group of its own
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
