"""The routes: chat completions, models, health, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from llmx.core.errors import LlmxError
from llmx.serve.access import Access
from llmx.serve.answerer import Answerer
from llmx.serve.body import GONE, drained, read_body
from llmx.serve.chat import parse_chat
from llmx.serve.limits import Limits
from llmx.serve.metrics import Metrics
from llmx.serve.refusal import Refusal, failed
from llmx.serve.reply import Answer, streamed

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


class Service:
    """One ensemble behind HTTP.

    Args:
        most: answers at once; further requests get 429.
        access: who may ask.
        limits: what one request may hold; the server reads its times and connections here.
    """

    def __init__(
        self,
        answerer: Answerer,
        most: int = 256,
        access: Access | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.answerer, self.most = answerer, most
        self.access, self.limits = access or Access(), limits or Limits()
        self.metrics = Metrics()
        self.open = 0
        self.draining = False

    def app(self) -> Starlette:
        """Return the application."""
        routes = [
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
            Route("/v1/models", self.models),
            Route("/v1/models/{name:path}", self.model),
            Route("/health", self.health),
            Route("/metrics", self.page),
        ]
        handlers: dict[Any, Callable[..., Awaitable[Response]]] = {
            Refusal: self.refused,
            HTTPException: self.unknown,
            Exception: self.broken,
        }
        return Starlette(
            routes=routes,
            middleware=self._gates(),
            exception_handlers=handlers,
            lifespan=self.lifespan,
        )

    def _gates(self) -> list[Middleware]:
        """Return the checks, outermost first; a browser's preflight brings no key."""
        cors = Middleware(
            CORSMiddleware,
            allow_origins=sorted(self.access.origins),
            allow_methods=("GET", "POST"),
            allow_headers=("*",),
            expose_headers=("Retry-After",),
        )
        return [
            Middleware(Gate, check=self.access.check_address, refused=self.refused),
            *([cors] if self.access.origins else ()),
            Middleware(Gate, check=self.access.check_key, refused=self.refused),
        ]

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Free the models at the end."""
        yield
        await self.answerer.close()

    async def chat(self, request: Request) -> Response:
        """Answer, streamed or whole."""
        body = await read_body(request)
        # In a thread: a megabyte of small lists takes a while to look at.
        chat = await asyncio.to_thread(parse_chat, body, self.limits)
        self._check_name(chat.model)
        self._admit()
        answer = Answer(chat, chat.model, self.answerer.answer(chat))
        handed_over = False
        try:
            pieces = self.metrics.timed(answer.pieces(), lambda: answer.tokens)
            first = await unless_left(request, _first(pieces))
            if chat.stream:
                handed_over = True
                return Stream(self._counted(answer, streamed(answer, first, pieces)))
            text = first + await unless_left(request, _rest(pieces))
            self.metrics.requests.labels("answered").inc()
            return JSONResponse(answer.whole(text))
        except LlmxError as error:
            raise failed(error) from error
        finally:
            if not handed_over:
                await self._release(answer)

    async def _counted(
        self, answer: Answer, events: AsyncIterator[str]
    ) -> AsyncGenerator[str, None]:
        """Pass a stream on; however it ends, everything upstream is freed and it is counted."""
        outcome = "left"
        try:
            async for event in events:
                outcome = "failed" if event.startswith('data: {"error"') else outcome
                yield event
                # To a client that is gone a send returns at once: let the loop notice that.
                await asyncio.sleep(0)
            outcome = "answered" if outcome == "left" else outcome
        finally:
            self.metrics.requests.labels(outcome).inc()
            await self._release(answer)

    def _admit(self) -> None:
        if self.draining:
            raise Refusal(503, "the server is about to stop")
        if self.open >= self.most:
            raise Refusal(429, f"{self.most} answers are under way; try again later")
        self.open += 1
        self.metrics.open.inc()

    async def _release(self, answer: Answer) -> None:
        self.open -= 1
        self.metrics.open.dec()
        await answer.events.aclose()

    async def models(self, _: Request) -> Response:
        """List the one model."""
        return JSONResponse({"object": "list", "data": [self._card()]})

    async def model(self, request: Request) -> Response:
        """Return the one model by its name."""
        self._check_name(request.path_params["name"])
        return JSONResponse(self._card())

    def _card(self) -> dict[str, Any]:
        return {"id": self.answerer.name, "object": "model", "created": 0, "owned_by": "llmx"}

    def _check_name(self, name: str) -> None:
        if name != self.answerer.name:
            text = f"there is no model '{name}' here; it is '{self.answerer.name}'"
            raise Refusal(404, text, param="model", code="model_not_found")

    async def health(self, _: Request) -> Response:
        """Say whether new requests are taken."""
        status = 503 if self.draining else 200
        return JSONResponse({"status": "draining" if self.draining else "ok"}, status)

    async def page(self, _: Request) -> Response:
        """Return the metrics."""
        return Response(self.metrics.page(), media_type="text/plain; version=0.0.4")

    async def refused(self, _: Request, error: Refusal) -> Response:
        """Answer in OpenAI's error shape."""
        self.metrics.requests.labels(f"refused {error.status}").inc()
        return JSONResponse(error.body(), error.status, headers=error.headers())

    async def unknown(self, request: Request, error: HTTPException) -> Response:
        """Say in the same shape that a path or method does not exist."""
        text = f"{request.method} {request.url.path}: {error.detail}"
        refusal = await drained(request, Refusal(error.status_code, text))
        return await self.refused(request, refusal)

    async def broken(self, request: Request, _: Exception) -> Response:
        """Say in the same shape that a fault of ours broke the answer; the log has it."""
        return await self.refused(request, Refusal(500, "a fault of the server; see its log"))


async def _first(pieces: AsyncIterator[str]) -> str:
    """Return the first piece; an answer without any is empty."""
    async for piece in pieces:
        return piece
    return ""


async def _rest(pieces: AsyncIterator[str]) -> str:
    return "".join([piece async for piece in pieces])
