"""A coroutine in a thread of its own, so that plain code can take what it gives one by one."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_END = object()


class Background(Generic[T]):
    """Runs ``work(tell)`` and yields what it tells; an error of the work is raised here.

    Whoever stops taking (an error, Ctrl-C, a closed generator) cancels the work.
    """

    def __init__(self, work: Callable[[Callable[[T], None]], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self._told: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None

    def __iter__(self) -> Iterator[T]:
        self._task = self._loop.create_task(self._work(self._told.put))
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            while (found := self._told.get()) is not _END:
                yield found
            if self._error is not None:
                raise self._error
        finally:
            if thread.is_alive():
                self._loop.call_soon_threadsafe(self._task.cancel)
                thread.join()
            self._loop.close()

    def _run(self) -> None:
        assert self._task is not None
        try:
            self._loop.run_until_complete(self._task)
        except BaseException as error:  # handed to whoever takes
            self._error = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._told.put(_END)
