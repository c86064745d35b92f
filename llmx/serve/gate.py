"""Checks before every route, whatever it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from llmx.serve.body import drained
from llmx.serve.refusal import Refusal


class Gate:
    """Passes on what a check lets through; the rest is refused in the shape of all errors."""

    def __init__(
        self,
        app: ASGIApp,
        check: Callable[[Scope], None],
        refused: Callable[[Request, Refusal], Awaitable[Response]],
    ) -> None:
        self.app, self.check, self.refused = app, check, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request; the life of the server passes."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        try:
            self.check(scope)
        except Refusal as error:
            request = Request(scope, receive)
            answer = await self.refused(request, await drained(request, error))
            return await answer(scope, receive, send)
        await self.app(scope, receive, send)
