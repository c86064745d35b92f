"""Streams of a transformers model: one row, token by token, with a cache for every speaker.

A speaker that goes on keeps its cache: the longest prefix that the new prompt shares with the old
one is not computed again. All models of a process step in one thread, one step after the other, in
turn; so several models on one machine share it fairly, and the event loop stays free.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.stream import Ask, Piece, shared_prefix
from llmx.engines.render import Renderer
from llmx.engines.stream.refuse import check_room, check_sampler
from llmx.engines.stream.teller import Teller

if TYPE_CHECKING:
    from llmx.engines.pair import LoadedPair

_STEPS = ThreadPoolExecutor(1, thread_name_prefix="llmx-steps")
_BLOCK = 256  # tokens of a prompt computed at once: logits of all of them are in memory
_KEPT = 64  # speakers whose caches are kept
_ROOM = 2048  # slots of a new cache, if the model knows as many: a larger one starts empty


@dataclass
class Kept:
    """A cache, and the ids that stand in its slots."""

    cache: Any
    capacity: int
    ids: list[int] = field(default_factory=list)
    busy: bool = True


class HfStreamer:
    """One model of transformers, or of the zoo."""

    def __init__(
        self,
        name: str,
        model: ModelSpec,
        spec: EngineSpec,
        stages: Mapping[str, Path] | None = None,
    ) -> None:
        self.name, self.model, self.spec, self.stages = name, model, spec, stages or {}
        self.kept: OrderedDict[str, Kept] = OrderedDict()

    @cached_property
    def pair(self) -> LoadedPair:
        """The loaded model and its tokenizer."""
        from llmx.engines.pair import load_pair

        alone = self.model.alone()
        return load_pair(alone, self.spec, self.stages)

    @cached_property
    def renderer(self) -> Renderer:
        """Prompts in parts to ids."""
        return Renderer(self.pair.tokenizer)

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield a piece a token.

        Raises:
            EngineError: for a prompt that does not fit, or a sampler that needs more than a model.
        """
        loop = asyncio.get_running_loop()
        flow = await loop.run_in_executor(_STEPS, self._open, ask)
        try:
            piece = await loop.run_in_executor(_STEPS, flow.first)
            yield piece
            while piece.finish is None:
                piece = await loop.run_in_executor(_STEPS, flow.next)
                yield piece
        finally:
            flow.kept.busy = False

    async def close(self) -> None:
        """Drop the caches."""
        self.kept.clear()

    def forget(self, speaker: str) -> None:
        """Drop the speaker's cache, after the step that is under way."""
        _STEPS.submit(self.kept.pop, speaker, None)

    def _open(self, ask: Ask) -> HfFlow:
        check_sampler(self.name, ask.sampler, False, "sampler=target, or engine=vllm")
        ids = self.renderer.ids(ask.prompt, ask.shown.ids)
        check_room(self.name, ids, ask, self.pair.context)
        return HfFlow(self, ask, ids, self._keep(ask.id, len(ids) + ask.budget))

    def _keep(self, speaker: str, needed: int) -> Kept:
        """Return the speaker's cache if it is large enough and free, else a new one."""
        found = self.kept.get(speaker)
        if found is None or found.busy or found.capacity < needed:
            limit = self.pair.context or 4 * needed
            capacity = min(max(2 * needed, _ROOM), max(limit, needed))
            found = Kept(self.pair.target.new_cache(1, capacity), capacity)
            self.kept[speaker] = found
        found.busy = True
        self.kept.move_to_end(speaker)
        while len(self.kept) > _KEPT:
            self.kept.popitem(last=False)
        return found


class HfFlow:
    """One request under way."""

    def __init__(self, streamer: HfStreamer, ask: Ask, ids: list[int], kept: Kept) -> None:
        from llmx.core.philox import Purpose, keys, uniforms

        self.model = streamer.pair.target
        # As vLLM's sampling parameter of that name: for timing, where every answer is as long.
        endless = bool(streamer.spec.options.get("ignore_eos"))
        ends = () if endless else streamer.pair.eos_ids
        self.ask, self.ids, self.kept = ask, ids, kept
        self.teller = Teller(ask, streamer.pair.tokenizer, ends)
        drawn = uniforms(keys(ask.seed, [ask.id]), ask.position, ask.budget)
        self.u = drawn[0, :, Purpose.TARGET]

    def first(self) -> Piece:
        """Compute what the cache lacks of the prompt, and the first token."""
        shared = min(shared_prefix(self.kept.ids, self.ids), len(self.ids) - 1)
        sizes = {"prompt_tokens": len(self.ids), "cached_tokens": shared}
        logits = None
        for start in range(shared, len(self.ids), _BLOCK):
            logits = self._forward(self.ids[start : start + _BLOCK], start)
        return self._emit(logits).model_copy(update=sizes)

    def next(self) -> Piece:
        """Compute one more token."""
        return self._emit(self._forward(self.ids[-1:], len(self.ids) - 1))

    def _forward(self, tokens: Sequence[int], start: int) -> Any:
        import torch

        device = self.model.device
        block = torch.tensor([list(tokens)], device=device)
        at = torch.tensor([start], device=device)
        self.kept.ids = self.ids[: start + len(tokens)]
        return self.model.forward(block, at, self.kept.cache)[:, -1].float()

    def _emit(self, logits: Any) -> Piece:
        token = _drawn(logits, self.ask.sampler, float(self.u[self.teller.count]))
        piece = self.teller.tell(token)
        self.ids = [*self.ids, *piece.ids]
        return piece


def _drawn(logits: Any, sampler: SamplerSpec, u: float) -> int:
    import torch

    from llmx.decoding.draw import draw
    from llmx.decoding.warp import warp

    with torch.inference_mode():
        if sampler.temperature == 0:
            return int(logits.argmax(-1))
        weights = warp(logits, sampler.temperature, sampler.top_p, sampler.top_k)
        return int(draw(weights, torch.tensor([[u]], device=weights.device)))
