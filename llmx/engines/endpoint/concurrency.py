"""Requests in flight: so many at once, within a budget, each answer handed on as it comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from llmx.core.errors import LlmxError
from llmx.core.record import Record
from llmx.core.speech import Request
from llmx.engines.endpoint.budget import Budget

Answer = Callable[[Request], Awaitable[Record]]
Tell = Callable[[int, Record], None]


class RequestPool:
    """Workers on one list of requests.

    After the first error nothing more is sent; what is in flight is paid for, so it is waited for
    and handed on before the error is raised.
    """

    def __init__(
        self, requests: Sequence[Request], answer: Answer, budget: Budget, tell: Tell
    ) -> None:
        self.waiting = deque(enumerate(requests))
        self.answer, self.budget, self.tell = answer, budget, tell
        self.error: LlmxError | None = None
        self.moved = asyncio.Condition()

    async def work(self, at_once: int) -> None:
        """Answer all requests.

        Raises:
            LlmxError: the first that a request met, or that the budget is used up.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(self.waiting))):
                group.create_task(self._worker())
        if self.error is not None:
            raise self.error

    async def _worker(self) -> None:
        while (found := await self._next()) is not None:
            place, request = found
            record = None
            try:
                record = await self.answer(request)
            except LlmxError as error:
                self.error = self.error or error
            async with self.moved:
                self.budget.settle(request, record)
                self.moved.notify_all()
            if record is not None:
                self.tell(place, record)

    async def _next(self) -> tuple[int, Request] | None:
        """Take a request that the budget admits; None if there is no more to do."""
        async with self.moved:
            while self.waiting and self.error is None:
                if self.budget.admits(self.waiting[0][1]):
                    place, request = self.waiting.popleft()
                    self.budget.start(request)
                    return place, request
                if self.budget.idle:
                    self.error = self.budget.used_up(len(self.waiting))
                    self.moved.notify_all()
                    return None
                await self.moved.wait()
        return None
