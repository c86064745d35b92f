"""Whether the client is still there: what is asked for it ends when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from llmx.serve.body import GONE
from llmx.serve.refusal import Refusal

_NO_CACHE = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class Stream(StreamingResponse):
    """Server-sent events whose generator is closed when the client is gone, not when it is found
    by the garbage collector."""

    def __init__(self, events: AsyncGenerator[str, None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers=_NO_CACHE)
        self.events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; whatever ends that, close them."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.events.aclose()


async def unless_left(request: Request, work: Awaitable[str]) -> str:
    """Return what the work returns, or stop it when the client is gone.

    Raises:
        Refusal: to nobody, when it is.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Refusal(GONE, "the client left")
        return task.result()
    finally:
        gone.cancel()
        task.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
