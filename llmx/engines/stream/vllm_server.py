"""Streams of ``vllm serve``: its completions, token ids in and token ids out.

The server is llmx's own, one for each model, or the one at ``engine.base_url``. Closing a stream
closes its connection, and vLLM aborts the request. There is no streaming input over HTTP: what a
prompt shares with an earlier one is found by the prefix cache, in whole blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import cached_property
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.stream import Ask, Piece
from llmx.engines.endpoint.address import Address
from llmx.engines.endpoint.ask import served_name
from llmx.engines.render import Renderer
from llmx.engines.stream.endpoint import seed_of
from llmx.engines.stream.refuse import check_room, check_sampler, is_whole
from llmx.engines.stream.sse import post
from llmx.engines.stream.teller import Teller
from llmx.engines.stream.vllm import LOADS, PROMPTS
from llmx.engines.stream.words import split
from llmx.engines.vllm.engine import controls
from llmx.engines.vllm_server.engine import VllmServerEngine
from llmx.engines.vllm_server.server import CAST


class VllmServerStreamer:
    """One model behind a server of vLLM; it is up from the first request on."""

    def __init__(
        self,
        name: str,
        model: ModelSpec,
        spec: EngineSpec,
        stages: Mapping[str, Path] | None = None,
    ) -> None:
        self.name = name
        self.words, self.spec = split(spec)
        self.model = model.model_copy(update={"draft": None, "draft_revision": None})
        self.engine = VllmServerEngine(self.model, self.spec, stages)
        self.engine.servers = CAST
        self.address: Address | None = None

    @cached_property
    def renderer(self) -> Renderer:
        """Prompts in parts to ids."""
        return Renderer(self.engine.reader.pair.tokenizer)

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield a piece a token; what vLLM counted of the prompt comes with the last.

        Raises:
            EngineError: for a prompt that does not fit or a sampler that cannot be had; if the
                server does not come up, refuses, or breaks off.
        """
        check_sampler(self.name, ask.sampler, is_whole(ask), "sampler=target, streaming=plain")
        loop = asyncio.get_running_loop()
        ids = await loop.run_in_executor(PROMPTS, self._prompt, ask)
        if self.address is None:
            self.address = await loop.run_in_executor(LOADS, self.engine.address)
        events = post(self.address, self.name, "/completions", self.body(ask, ids))
        try:
            async with aclosing(events):
                async for piece in self._pieces(ask, ids, events):
                    yield piece
        except EngineError:
            self.address = None  # looked for anew: the server may have ended
            raise

    def forget(self, speaker: str) -> None:
        """Nothing is kept of a speaker."""

    async def close(self) -> None:
        """Nothing is held between requests. The server stays: others may speak through it."""

    def body(self, ask: Ask, ids: list[int]) -> dict[str, Any]:
        """Return what is sent."""
        sampler = ask.sampler
        found = {
            **controls(sampler),
            "model": served_name(self.model, self.spec),
            "prompt": ids,
            "top_k": sampler.top_k or -1,
            "max_tokens": ask.budget,
            "seed": seed_of(ask),
            "stop_token_ids": list(self._ends()),
            "ignore_eos": self.words.ignore_eos,
            "cache_salt": self.words.cache_salt,
            "return_token_ids": True,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return {name: value for name, value in found.items() if value is not None}

    def _ends(self) -> tuple[int, ...]:
        return () if self.words.ignore_eos else self.engine.reader.pair.eos_ids

    def _prompt(self, ask: Ask) -> list[int]:
        ids = self.renderer.ids(ask.prompt, ask.shown.ids)
        check_room(self.name, ids, ask, self.engine.reader.pair.context)
        return ids

    async def _pieces(
        self, ask: Ask, ids: list[int], events: AsyncGenerator[dict[str, Any], None]
    ) -> AsyncGenerator[Piece, None]:
        """Yield what is told; the last piece waits for the usage, which the server sends last."""
        teller = Teller(ask, self.engine.reader.pair.tokenizer, self._ends())
        last: Piece | None = None
        usage: dict[str, Any] = {}
        async for event in events:
            usage = event.get("usage") or usage
            for choice in event.get("choices") or ():
                ended = bool(choice.get("finish_reason"))
                for piece in teller.tell_all(choice.get("token_ids") or (), ended):
                    if piece.finish:
                        last = piece
                    else:
                        yield piece
            if last is not None and (usage or last.finish == "stop"):
                break
        if last is None:
            raise EngineError(f"'{self.name}': vllm serve broke the stream off")
        details = usage.get("prompt_tokens_details") or {}
        cached = details.get("cached_tokens")
        yield last.model_copy(update={"prompt_tokens": len(ids), "cached_tokens": cached})
