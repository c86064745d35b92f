"""The events of one request of a worker process, on the event loop of who waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from llmx.core.errors import EngineError
from llmx.engines.vllm.process import Process


class Line:
    """Listens to one key from its making until it is closed."""

    def __init__(self, process: Process, key: str) -> None:
        self.process, self.key = process, key
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()
        process.listen(key, self._heard)

    async def next(self) -> Mapping[str, Any]:
        """Return the next event.

        Raises:
            EngineError: if vLLM refused the request, gave it up, or has ended.
        """
        event = await self._events.get()
        if event is None:
            raise self.process.ended()
        if event["event"] == "error":
            raise self.process.explain(event)
        if event.get("finish") not in (None, "stop", "length"):
            raise EngineError(f"vLLM gave a request up: {event['finish']}")
        return event

    def close(self) -> None:
        """Listen no more."""
        self.process.silence(self.key)

    def _heard(self, event: Mapping[str, Any] | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)
