"""Requests in flight: so many at once, within a budget, each answer handed on as it comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from llmx.core.errors import LlmxError, RequestError
from llmx.core.record import Record
from llmx.core.speech import Request
from llmx.engines.endpoint.budget import Budget
from llmx.engines.engine import Talk

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


class TalkPool:
    """Workers that each lead a conversation to its end, and then take the next one.

    After the first error nothing more is sent; what is in flight is waited for and told.

    Args:
        threads: in which conversations are led, so that what they do between two requests holds
            up no other.
    """

    def __init__(
        self,
        talks: Sequence[Talk],
        answer: Answer,
        budget: Budget,
        tell: Callable[[int], None],
        threads: ThreadPoolExecutor,
    ) -> None:
        self.waiting, self.open = deque(enumerate(talks)), len(talks)
        self.answer, self.budget, self.tell, self.threads = answer, budget, tell, threads
        self.error: LlmxError | None = None
        self.moved = asyncio.Condition()

    async def work(self, at_once: int) -> None:
        """Lead all conversations.

        Raises:
            LlmxError: the first that one met, or that the budget is used up.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(self.waiting))):
                group.create_task(self._worker())
        if self.error is not None:
            raise self.error

    async def _worker(self) -> None:
        while self.waiting and self.error is None:
            place, talk = self.waiting.popleft()
            try:
                whole = await self._lead(talk)
            except LlmxError as error:
                await self._fail(error)
                continue
            if whole:
                self.open -= 1
                self.tell(place)

    async def _lead(self, talk: Talk) -> bool:
        """Go from request to request; return whether the conversation came to its end."""
        request = await self._next(talk, None)
        while request is not None:
            if not await self._admitted(request):
                return False
            request = await self._next(talk, await self._answered(request))
        return True

    async def _next(self, talk: Talk, told: Record | RequestError | None) -> Request | None:
        return await asyncio.get_running_loop().run_in_executor(self.threads, talk, told)

    async def _answered(self, request: Request) -> Record | RequestError:
        record = None
        try:
            record = await self.answer(request)
            return record
        except RequestError as error:
            return error
        except LlmxError as error:
            self.error = self.error or error  # before others are let in
            raise
        finally:
            async with self.moved:
                self.budget.settle(request, record)
                self.moved.notify_all()

    async def _admitted(self, request: Request) -> bool:
        """Wait until the budget admits a request; False if nothing more is sent."""
        async with self.moved:
            while self.error is None:
                if self.budget.admits(request):
                    self.budget.start(request)
                    return True
                if self.budget.idle:
                    self.error = self.budget.used_up(self.open)
                    self.moved.notify_all()
                    break
                await self.moved.wait()
        return False

    async def _fail(self, error: LlmxError) -> None:
        async with self.moved:
            self.error = self.error or error
            self.moved.notify_all()
