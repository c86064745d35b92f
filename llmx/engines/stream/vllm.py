"""Streams of vLLM's V1 engine: token ids in, token ids out, as they are drawn.

Engines stay up side by side, one for each model. Random numbers are llmx's own, by position in the
whole answer, so a stream gives the tokens of engine `hf` (but for rounding). What was cached of a
prompt is vLLM's own count. A speaker that goes on token for token keeps its request open
(:mod:`llmx.engines.stream.sessions`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request
from llmx.core.stream import Ask, Piece
from llmx.engines.render import Renderer
from llmx.engines.stream.refuse import check_room, check_sampler, is_whole
from llmx.engines.stream.sessions import Sessions, sessions_of
from llmx.engines.stream.teller import Teller
from llmx.engines.stream.words import split
from llmx.engines.vllm.engine import VllmEngine, controls
from llmx.engines.vllm.pool import CAST, POOL
from llmx.engines.vllm.process import Process


class KeyListener:
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


# Engines load one after the other: each takes all cores for a minute.
LOADS = ThreadPoolExecutor(1, thread_name_prefix="llmx-vllm-loads")
# Who is up does not wait for those who load.
PROMPTS = ThreadPoolExecutor(1, thread_name_prefix="llmx-vllm-prompts")


class VllmStreamer:
    """One model in vLLM; it loads at its first request."""

    def __init__(
        self,
        name: str,
        model: ModelSpec,
        spec: EngineSpec,
        stages: Mapping[str, Path] | None = None,
    ) -> None:
        self.name = name
        self.words, self.spec = split(spec)
        alone = model.alone()
        self.engine = VllmEngine(alone, self.spec, stages)
        self.engine.pool = CAST
        self.process: Process | None = None

    @cached_property
    def renderer(self) -> Renderer:
        """Prompts in parts to ids."""
        return Renderer(self.engine.reader.pair.tokenizer)

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield a piece a token; leaving it aborts the request.

        Raises:
            EngineError: for a prompt that does not fit or a sampler that cannot be had; if vLLM is
                not there, refuses, or ends.
        """
        loop = asyncio.get_running_loop()
        check_sampler(self.name, ask.sampler, is_whole(ask), "sampler=target, streaming=plain")
        ids = await loop.run_in_executor(PROMPTS, self._prompt, ask)
        process = await self._up(ask.sampler)
        flow = VllmFlow(self, process, ask, ids)
        try:
            async for piece in flow.pieces():
                yield piece
        except EngineError as error:
            if process.broken:
                await loop.run_in_executor(LOADS, CAST.drop, process)
            raise EngineError(f"'{self.name}': {error.message}", error.hint) from error
        finally:
            flow.leave()

    def forget(self, speaker: str) -> None:
        """Give up the speaker's request if one waits."""
        if self.process is not None and self.process.alive:
            self.sessions(self.process).forget((self, speaker))

    async def close(self) -> None:
        """Give up the requests that wait. The engine stays: others may speak through it."""
        if self.process is not None and self.process.alive:
            self.sessions(self.process).leave(self)

    def sessions(self, process: Process) -> Sessions:
        """Return the engine's waiting requests, of all who share it."""
        return sessions_of(process, self.spec.batch_size)

    def _prompt(self, ask: Ask) -> list[int]:
        pair = self.engine.reader.pair
        ids = self.renderer.ids(ask.prompt, ask.shown.ids)
        given = self.spec.options.get("max_model_len")
        sizes = [size for size in (pair.context, given) if isinstance(size, int)]
        check_room(self.name, ids, ask, min(sizes, default=None))
        return ids

    async def _up(self, sampler: SamplerSpec) -> Process:
        if self.process is None or not self.process.alive:
            loop = asyncio.get_running_loop()
            self.process = await loop.run_in_executor(LOADS, self._load, sampler)
        return self.process

    def _load(self, sampler: SamplerSpec) -> Process:
        POOL.close()  # an engine that answers lists: nobody asks it while an ensemble speaks
        return self.engine.start(sampler)


class VllmFlow:
    """One request under way."""

    def __init__(self, streamer: VllmStreamer, process: Process, ask: Ask, ids: list[int]) -> None:
        self.streamer, self.ask, self.ids = streamer, ask, list(ids)
        pair = streamer.engine.reader.pair
        self.ends = () if streamer.words.ignore_eos else pair.eos_ids
        self.teller = Teller(ask, pair.tokenizer, self.ends)
        self.speaker = (streamer, ask.id)
        self.waiting = streamer.sessions(process)
        self.session = self.waiting.take(self.speaker, ids)
        # The last request of an answer is not gone on with.
        more = ask.position + ask.budget < ask.sampler.max_tokens
        self.more = more and streamer.spec.streaming_input
        self.resumable = self.more or bool(self.session.held)
        self.line = KeyListener(process, self.session.key)
        self.over = False

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """Yield the pieces."""
        kind = "more" if self.session.held else "stream"
        self.line.process.send(kind, request=self._order(), resumable=self.resumable)
        sizes: dict[str, Any] = {"prompt_tokens": len(self.ids)}
        while not self.over:
            event = await self.line.next()
            for piece in self._told(event):
                if sizes:
                    sizes["cached_tokens"] = event["cached"]
                    piece, sizes = piece.model_copy(update=sizes), {}
                yield piece

    def leave(self) -> None:
        """Abort the request, unless it is over or waits for more."""
        self.line.close()
        if not self.over:
            self.waiting.drop([self.session])

    def _told(self, event: Mapping[str, Any]) -> list[Piece]:
        """Return the pieces of an event; with the last, settle what becomes of the request."""
        found = self.teller.tell_all(event["ids"], bool(event["finish"]))
        self.ids += [token for piece in found for token in piece.ids]
        if found and found[-1].finish:
            self._settle(found[-1].finish, event["finish"])
        return found

    def _settle(self, told: str, finish: str | None) -> None:
        """Let the request wait, abort it, or leave it if vLLM has ended it."""
        self.over = True
        if self.more and told == finish == "length":
            # The last token was drawn and not computed: vLLM drops it, and it is sent again.
            self.session.held = self.ids[:-1]
            self.waiting.keep(self.speaker, self.session)
        elif self.resumable or finish is None:
            self.waiting.drop([self.session])

    def _order(self) -> dict[str, Any]:
        ask, streamer = self.ask, self.streamer
        request = Request(id=ask.id, messages=(), sampler=ask.sampler, seed=ask.seed)
        return {
            "key": self.session.key,
            "prompt_ids": self.ids[len(self.session.held) :],
            "cache_salt": streamer.words.cache_salt,
            "rule": {**streamer.engine.rule(request), "position": ask.position, "key": None},
            "sampling": {
                **controls(ask.sampler),
                "max_tokens": ask.budget,
                # Stop texts are looked for here, across the chunks of an answer.
                "stop_token_ids": list(self.ends),
                "ignore_eos": streamer.words.ignore_eos,
                "detokenize": False,
            },
        }
