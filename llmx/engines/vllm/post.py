"""The events of several requests of a worker process, for the one who asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from queue import SimpleQueue
from typing import Any

from llmx.engines.vllm.process import Process


class Post:
    """Listens to some keys from its making until it is closed.

    Two callers may wait for one worker by turns: each gets its own answers and no other's.
    """

    def __init__(self, process: Process, keys: Iterable[str]) -> None:
        self.process, self.keys = process, tuple(keys)
        self._events: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        for key in self.keys:
            process.listen(key, self._events.put)

    def next(self) -> Mapping[str, Any]:
        """Wait for the next event of any of the keys, and return it.

        Raises:
            EngineError: if the worker has ended.
        """
        event = self._events.get()
        if event is None:
            raise self.process.ended()
        return event

    def close(self) -> None:
        """Listen no more."""
        for key in self.keys:
            self.process.silence(key)
