"""Replies to lists of requests in batches, for methods that need no clock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from llmx.core.record import Finish
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.stream import Ask, Piece, Streamer, shared_prefix
from llmx.engines.hf import HfEngine
from llmx.engines.render import Renderer
from llmx.engines.stream.speech import Speech


def pieces_of(
    ask: Ask,
    ids: Sequence[int],
    finish: Finish,
    tokenizer: Any,
    eos_ids: Sequence[int],
    prompt_tokens: int,
) -> list[Piece]:
    """Return one piece a token, cut to the budget, the last with its `finish`.

    The end token has no text and is not a part of what is gone on with.
    """
    speech = Speech(tokenizer, ask.sampler.stop, ask.shown.ids)
    found: list[Piece] = []
    for token in ids[: ask.budget]:
        ended = token in eos_ids
        text = speech.flush() if ended else speech.feed(token)
        end: Finish | None = "eos" if ended else "stop" if speech.stopped else None
        found.append(Piece(text=text, ids=() if ended else (token,), tokens=1, finish=end))
        if end:
            break
    if found[-1].finish is None:
        rest = found[-1].text + speech.flush()
        over: Finish = finish if len(ids) <= ask.budget else "length"
        found[-1] = found[-1].model_copy(update={"finish": over, "text": rest})
    found[0] = found[0].model_copy(update={"prompt_tokens": prompt_tokens})
    return found


class Replier(Protocol):
    """Answers lists of requests; a reply is its pieces, one token each where ids are known."""

    def reply(self, asks: Sequence[Ask]) -> list[list[Piece]]:
        """Return the replies in the order of the requests."""


class HfReplier:
    """The token loops of the engine `hf`: batches are a pure function of the order of requests.

    Nothing is cached between requests; ``cached_tokens`` says what a cache of each speaker's last
    prompt would have kept.
    """

    def __init__(
        self, model: ModelSpec, spec: EngineSpec, stages: Mapping[str, Path] | None = None
    ) -> None:
        alone = model.alone()
        self.engine = HfEngine(alone, spec, stages)
        self.renderer: Renderer | None = None
        self.last: dict[str, list[int]] = {}

    def reply(self, asks: Sequence[Ask]) -> list[list[Piece]]:
        """Decode the requests, those of one sampler and seed together."""
        replies: dict[int, list[Piece]] = {}
        order = sorted(range(len(asks)), key=lambda at: (repr(asks[at].sampler), asks[at].seed))
        for _, group in groupby(order, key=lambda at: (repr(asks[at].sampler), asks[at].seed)):
            alike = list(group)
            exact = self.engine.exact(asks[alike[0]].sampler)
            size = len(alike) if exact else self.engine.spec.batch_size
            for start in range(0, len(alike), size):
                batch = alike[start : start + size]
                replies.update(zip(batch, self._batch([asks[at] for at in batch]), strict=True))
        return [replies[at] for at in range(len(asks))]

    def _batch(self, asks: Sequence[Ask]) -> list[list[Piece]]:
        from dataclasses import replace

        from llmx.decoding import decode_refill

        pair, first = self.engine.pair, asks[0]
        self.renderer = self.renderer or Renderer(pair.tokenizer)
        prompts = [self.renderer.ids(ask.prompt, ask.shown.ids) for ask in asks]
        options = self.engine.options(first.sampler, 0.0)
        outputs = decode_refill(
            pair.target,
            None,
            prompts,
            [ask.id for ask in asks],
            replace(options, max_tokens=max(ask.budget for ask in asks)),
            first.seed,
            self.engine.stopper(first.sampler),
            [ask.position for ask in asks],
            slots=self.engine.spec.batch_size,
        )
        return [
            self._pieces(ask, prompt, out.token_ids, out.finish)
            for ask, prompt, out in zip(asks, prompts, outputs, strict=True)
        ]

    def _pieces(
        self, ask: Ask, prompt: list[int], ids: tuple[int, ...], finish: str
    ) -> list[Piece]:
        pair = self.engine.pair
        found = pieces_of(ask, ids, finish, pair.tokenizer, pair.eos_ids, len(prompt))  # type: ignore[arg-type]
        kept = shared_prefix(self.last.get(ask.id, []), prompt)
        self.last[ask.id] = [*prompt, *(one for piece in found for one in piece.ids)]
        found[0] = found[0].model_copy(update={"cached_tokens": min(kept, len(prompt) - 1)})
        return found


class StreamReplier:
    """Any streaming model: all requests at once, each read to its end."""

    def __init__(self, streamer: Streamer) -> None:
        self.streamer = streamer

    def reply(self, asks: Sequence[Ask]) -> list[list[Piece]]:
        """Read all streams, side by side."""
        return asyncio.run(self._all(asks))

    async def _all(self, asks: Sequence[Ask]) -> list[list[Piece]]:
        return await asyncio.gather(*(self._one(ask) for ask in asks))

    async def _one(self, ask: Ask) -> list[Piece]:
        return [piece async for piece in self.streamer.stream(ask)]
