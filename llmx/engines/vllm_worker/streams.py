"""Requests whose tokens are sent as they come, and those that wait for more input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from llmx.engines.vllm_worker.channel import Channel
from llmx.engines.vllm_worker.requests import sampling_parameters


class Streams:
    """The streams of one engine."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.inputs: dict[str, asyncio.Queue[Mapping[str, Any]]] = {}

    def more(self, order: Mapping[str, Any]) -> None:
        """Hand more input to a request that waits for it."""
        key = order["key"]
        if key in self.inputs:
            self.inputs[key].put_nowait(order)
        else:
            self.channel.send("error", key=key, message="it waits for no more input", hint="")

    async def one(self, engine: Any, order: Mapping[str, Any], resumable: bool) -> None:
        """Send the tokens of one request; a resumable one takes more orders until it is dropped."""
        key = order["key"]
        prompt: Any = _prompt(order)
        if resumable:
            self.inputs[key] = asyncio.Queue()
            prompt = self._chunks(key, order)
        try:
            async for found in engine.generate(prompt, sampling_parameters(order, True), key):
                self.channel.send("tokens", **_tokens(key, found))
        finally:
            self.inputs.pop(key, None)

    async def _chunks(self, key: str, order: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        from vllm.engine.protocol import StreamingInput

        queue = self.inputs[key]
        while True:
            yield StreamingInput(_prompt(order), sampling_parameters(order, True))
            order = await queue.get()


def _prompt(order: Mapping[str, Any]) -> dict[str, Any]:
    salt = order.get("cache_salt")
    ids = {"prompt_token_ids": order["prompt_ids"]}
    return ids if salt is None else {**ids, "cache_salt": salt}


def _tokens(key: str, output: Any) -> dict[str, Any]:
    given = output.outputs[0]
    return {
        "key": key,
        "ids": list(given.token_ids),
        "finish": given.finish_reason,
        "cached": output.num_cached_tokens or 0,
    }
