"""The loop of the worker: load, answer, end with whoever started it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

from llmx.core.errors import LlmxError
from llmx.engines.vllm_worker.arguments import engine_arguments, one_line
from llmx.engines.vllm_worker.channel import Channel
from llmx.engines.vllm_worker.requests import answer, sampling_parameters
from llmx.engines.vllm_worker.streams import Streams


class EngineService:
    """One engine of vLLM and the requests in flight."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.engine: Any = None
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.streams = Streams(channel)

    async def run(self) -> None:
        """Follow orders until there are no more."""
        try:
            async for order in self.channel.orders():
                if not await self.follow(order):
                    break
        finally:
            await self.close()

    async def follow(self, order: Mapping[str, Any]) -> bool:
        """Follow one order; False if the engine is of no more use."""
        kind = order["order"]
        try:
            if kind == "load":
                await self.load(order)
            elif kind == "ask":
                self.ask(order)
            elif kind == "stream":
                one = order["request"]
                self._begin(one["key"], self.streams.one(self.engine, one, order["resumable"]))
            elif kind == "more":
                self.streams.more(order["request"])
            elif kind == "held":
                await self.held()
            elif kind == "drop":
                for key in order["keys"]:
                    if key in self.tasks:
                        self.tasks[key].cancel()
        except Exception as error:
            self.channel.send("error", **_told(error))
            return False
        return True

    async def load(self, order: Mapping[str, Any]) -> None:
        """Start the engine and say what its workers loaded."""
        started = time.monotonic()
        self.channel.send("phase", text="importing vLLM")
        arguments = engine_arguments(order["arguments"])
        from vllm.v1.engine.async_llm import AsyncLLM

        self.channel.send("phase", text="starting the engine")
        self.channel.blocked = True
        try:
            self.engine = AsyncLLM.from_engine_args(arguments)
        finally:
            self.channel.blocked = False
        loaded = [one for ranks in await self.everywhere("llmx_loaded") for one in ranks]
        seconds = time.monotonic() - started
        self.channel.send("ready", loaded=loaded, seconds=seconds, process=os.getpid())

    def ask(self, order: Mapping[str, Any]) -> None:
        """Put requests to the engine; at most so many at a time as the order says."""
        gate = asyncio.Semaphore(order["at_once"])
        for one in order["requests"]:
            self._begin(one["key"], self.one(one, gate))

    async def held(self) -> None:
        """Say which requests the engine's workers know: none that was left."""
        names = [name for ranks in await self.everywhere("llmx_held") for name in ranks[0]]
        self.channel.send("held", names=names)

    def _begin(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        task = self.tasks[key] = asyncio.create_task(self._guarded(key, work))
        task.add_done_callback(partial(self._over, key))

    async def _guarded(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self.channel.send("error", key=key, **_told(error))

    def _over(self, key: str, _: asyncio.Task[None]) -> None:
        self.tasks.pop(key, None)

    async def one(self, order: Mapping[str, Any], gate: asyncio.Semaphore) -> None:
        """Answer one request."""
        key = order["key"]
        async with gate:
            parameters = sampling_parameters(order)
            prompt = {"prompt_token_ids": order["prompt_ids"]}
            async for found in self.engine.generate(prompt, parameters, key):
                output = found  # there is one: asked for with FINAL_ONLY
        counts: dict[str, Any] = {}
        for ranks in await self.everywhere("llmx_take", [key]):
            counts |= _last(ranks) or {}
        self.channel.send("answer", **answer(order, output), counts=counts.get(key))

    async def everywhere(self, method: str, *given: Any) -> list[list[Any]]:
        """Return what each worker of each data-parallel engine says."""
        core = self.engine.engine_core
        found: list[list[Any]] = await core.call_utility_all_async(
            "collective_rpc", method, None, given, None
        )
        return found

    async def close(self) -> None:
        """Stop what is in flight, and the engine with all of its processes."""
        tasks = list(self.tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.engine is not None:
            self.engine.shutdown()


def _last(found: list[Any]) -> Any:
    """Of the answers of all workers: with pipeline stages the last one samples."""
    return next((one for one in reversed(found) if one), [])


def _told(error: Exception) -> dict[str, str]:
    if isinstance(error, LlmxError):
        return {"message": error.message, "hint": error.hint}
    # vLLM wraps what went wrong in an error that says nothing.
    return {"message": one_line(error if str(error) else error.__cause__ or error), "hint": ""}
