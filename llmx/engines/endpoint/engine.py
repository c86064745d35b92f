"""Engine `openai`: chat completions of any endpoint that speaks OpenAI's protocol."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from llmx.core.errors import EngineError
from llmx.core.record import Record
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.speech import Capability, Request
from llmx.engines.endpoint.address import Address, find_address
from llmx.engines.endpoint.ask import body, check, check_options, served_name
from llmx.engines.endpoint.budget import Budget
from llmx.engines.endpoint.reply import Reply, record
from llmx.engines.engine import Talk, in_order

if TYPE_CHECKING:
    from llmx.engines.endpoint.concurrency import Answer

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


_Placed = tuple[int, Record]


class OpenAIEngine:
    """`engine=openai engine.base_url=https://HOST/v1 model.target=NAME`."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {"text", "chat", "logprobs", "tools", "schema"}
    )

    check = staticmethod(check)

    def __init__(
        self, model: ModelSpec | None, spec: EngineSpec, stages: Mapping[str, Path] | None = None
    ) -> None:
        self.model = required(model)
        self.spec = spec
        self.stages = stages or {}
        self.counts: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.cost = 0.0
        check_options(spec.options)

    @classmethod
    def identity(cls, model: ModelSpec | None, spec: EngineSpec) -> Mapping[str, object]:
        """Where, which model, and what it is told; an endpoint's weights cannot be looked at."""
        model = required(model)
        no_adapter(model, spec)
        return {
            "engine": "openai",
            "base_url": (spec.base_url or "").rstrip("/"),
            "model": served_name(model, spec),
            "dialect": spec.dialect,
            "logprobs": spec.logprobs,
            "options": dict(spec.options),
            **spec.kept_cost(),
        }

    def generate(self, requests: Sequence[Request]) -> Iterator[Record]:
        """Yield records in the order of the requests, each as soon as those before it are there."""
        yield from in_order(self.placed(requests))

    def arrivals(
        self, requests: Sequence[Request], kept: Sequence[Record] = ()
    ) -> Iterator[Record]:
        """Yield records as they come."""
        for _, found in self.placed(requests, kept):
            yield found

    def placed(self, requests: Sequence[Request], kept: Sequence[Record] = ()) -> Iterator[_Placed]:
        """Yield each record with the place of its request.

        Raises:
            ConfigError: for a sampler that an endpoint cannot follow.
            EngineError: if the endpoint refuses, or the budget is used up; every answer that was
                on its way has been yielded by then.
        """
        for sampler in {request.sampler for request in requests}:
            self.check(sampler, self.spec)
        if requests:
            budget = Budget.after(self.spec, kept)
            address = self.address()
            work = partial(self._ask, address, requests, budget)
            yield from Background[_Placed](work)

    def converse(self, talks: Sequence[Talk], kept: Sequence[Record] = ()) -> Iterator[int]:
        """Lead conversations, so many at once as requests may be in flight.

        Raises:
            EngineError: if the endpoint refuses, or the budget is used up; every answer that was
                on its way has been told by then.
        """
        if talks:
            work = partial(self._lead, self.address(), talks, Budget.after(self.spec, kept))
            yield from Background[int](work)

    def address(self) -> Address:
        """Return where to ask."""
        return find_address(self.spec)

    def body(self, request: Request) -> dict[str, Any]:
        """Return what is sent for a request."""
        return body(request, self.model, self.spec)

    def record(self, request: Request, reply: Reply) -> Record:
        """Return the record of an answer."""
        return record(request, reply, self.spec)

    def accounts(self) -> Mapping[str, Any]:
        """Return tries, why some failed, unusual ends, tokens, and money as prices have it."""
        ended = {"ended": dict(self.ended)} if self.ended else {}
        return {**self.counts, "failed_tries": dict(self.failed), **ended, "cost": self.cost}

    async def _ask(
        self,
        address: Address,
        requests: Sequence[Request],
        budget: Budget,
        tell: Callable[[_Placed], None],
    ) -> None:
        from llmx.engines.endpoint.concurrency import RequestPool

        async with self._connected(address, budget) as answer:
            pool = RequestPool(requests, answer, budget, lambda place, found: tell((place, found)))
            await pool.work(self.spec.batch_size)

    async def _lead(
        self,
        address: Address,
        talks: Sequence[Talk],
        budget: Budget,
        tell: Callable[[int], None],
    ) -> None:
        from llmx.engines.endpoint.concurrency import TalkPool

        size = self.spec.batch_size
        async with self._connected(address, budget) as answer:
            with ThreadPoolExecutor(size) as threads:
                await TalkPool(talks, answer, budget, tell, threads).work(size)

    @asynccontextmanager
    async def _connected(self, address: Address, budget: Budget) -> AsyncIterator[Answer]:
        """Give what answers a request over one client; what it took is counted at the end."""
        from llmx.engines.endpoint.call import Caller, client

        async with client(address, self.spec.batch_size) as connection:
            caller = Caller(address, self.spec, connection)

            async def answer(request: Request) -> Record:
                found = self.record(request, await caller.answer(request, self.body(request)))
                self.ended.update([found.ended] if found.ended else ())
                return found

            try:
                yield answer
            finally:
                self._count(caller.tries, caller.perhaps_billed, caller.failed, budget)

    def _count(self, tries: int, billed: int, failed: Counter[str], budget: Budget) -> None:
        self.counts["tries"] += tries
        self.counts["failed_tries_perhaps_billed"] += billed
        self.counts["answers"] = budget.answers
        self.counts["prompt_tokens"] = round(budget.spent.prompt)
        self.counts["completion_tokens"] = round(budget.spent.completion)
        self.failed += failed
        self.cost = budget.cost(budget.spent)


def required(model: ModelSpec | None) -> ModelSpec:
    """Return the model.

    Raises:
        EngineError: if the recipe names none.
    """
    if model is None:
        raise EngineError("an endpoint needs a model's name", "model.target=NAME")
    return model


def no_adapter(model: ModelSpec, spec: EngineSpec) -> None:
    """Refuse an adapter where somebody else loads the model.

    Raises:
        EngineError: with the engines that merge it.
    """
    if model.adapter is not None:
        text = f"engine '{spec.kind}' asks a model that runs already: no model.adapter"
        raise EngineError(text, "serve the merged model, or engine=hf or engine=vllm")
