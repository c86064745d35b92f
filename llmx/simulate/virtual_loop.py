"""An event loop whose clock jumps: waiting takes no time, and everything else is asyncio's own.

Methods take time from their event loop alone, so this loop is the injected clock: a day of virtual
time passes as fast as its events can be handled, and the same program gives the same times.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from llmx.core.errors import RunError

_T = TypeVar("_T")


class _Jump(selectors.SelectSelector):
    """Where a real selector would sleep, the clock is put forward."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        """Put the clock forward by `timeout` seconds.

        Raises:
            RunError: if nothing is due, ever: everybody waits for everybody.
        """
        if timeout is None:
            raise RunError("the simulation stands still: every task waits and no timer is set")
        self.loop.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at 0 seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        jump = _Jump()
        jump.loop = self
        super().__init__(jump)

    def time(self) -> float:
        """Return virtual seconds."""
        return self.now


def run_virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine on a virtual clock and return its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
