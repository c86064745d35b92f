"""Streams of an endpoint: OpenAI's chat completions as server-sent events.

An answer is gone on with by its text, as the assistant's last turn, which vLLM's server takes
(``continue_final_message``) and OpenAI's own does not: there an endpoint can be a proposer, or the
aggregator of an ensemble that does not stream. Nothing is tried again: a reader waits, and what was
shown cannot be taken back; the ensemble's own policy says what a failure means.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from llmx.core.errors import ConfigError, EngineError, RequestError
from llmx.core.philox import keys
from llmx.core.record import Finish
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.stream import Ask, Piece
from llmx.engines.endpoint.address import find_address
from llmx.engines.endpoint.ask import check, of_vllm, served_name
from llmx.engines.endpoint.content import text_of
from llmx.engines.endpoint.ending import FAILED, ending_of
from llmx.engines.stream.refuse import check_sampler, is_whole
from llmx.engines.stream.sse import DONE, post

_SEEDS = 1 << 31


class EndpointStreamer:
    """One model behind an address."""

    def __init__(
        self,
        name: str,
        model: ModelSpec,
        spec: EngineSpec,
        stages: Mapping[str, Path] | None = None,
    ) -> None:
        self.name, self.model, self.spec = name, model, spec

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield the pieces as the endpoint sends them; the last has what it counted.

        Raises:
            EngineError: if it refuses, fails, or breaks off; or cannot go on with an answer.
        """
        address = find_address(self.spec)
        try:
            check(ask.sampler, self.spec)
        except ConfigError as error:  # what a client of the server asks for beyond the recipe
            raise RequestError(f"'{self.name}': {error.message}", error.hint) from error
        check_sampler(self.name, ask.sampler, is_whole(ask), "ensemble.streaming=plain")
        async with aclosing(
            post(address, self.name, "/chat/completions", self._body(ask))
        ) as events:
            async for piece in self._pieces(events):
                yield piece

    def forget(self, speaker: str) -> None:
        """Nothing is kept of a speaker."""

    async def close(self) -> None:
        """Nothing is held between requests."""

    def _body(self, ask: Ask) -> dict[str, Any]:
        sampler = ask.sampler
        messages = [{"role": turn.role, "content": turn.content} for turn in ask.prompt]
        found: dict[str, Any] = {
            "model": served_name(self.model, self.spec),
            "messages": messages,
            "temperature": sampler.temperature,
            "top_p": sampler.top_p,
            "max_tokens": ask.budget,
            "seed": seed_of(ask),
            "presence_penalty": sampler.presence_penalty or None,
            "frequency_penalty": sampler.frequency_penalty or None,
            "stop": list(sampler.stop) or None,
            **(of_vllm(sampler) if self.spec.speaks_vllm else {}),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if ask.shown.text:
            found |= self._going_on(messages, ask)
        return {k: v for k, v in {**found, **self.spec.options}.items() if v is not None}

    def _going_on(self, messages: list[dict[str, str]], ask: Ask) -> dict[str, Any]:
        if not self.spec.speaks_vllm:
            raise EngineError(
                f"'{self.name}' cannot continue an answer that was begun",
                "engine.dialect=vllm if its server can, or ensemble.streaming=plain",
            )
        said = {"role": "assistant", "content": ask.shown.text}
        flags = {"continue_final_message": True, "add_generation_prompt": False}
        return {"messages": [*messages, said], **flags}

    async def _pieces(self, events: AsyncGenerator[dict[str, Any], None]) -> AsyncIterator[Piece]:
        finish: Finish | None = None
        usage: dict[str, Any] = {}
        given = 0
        async for event in events:
            usage = event.get("usage") or usage
            for choice in event.get("choices") or ():
                text = text_of((choice.get("delta") or {}).get("content"))
                if text:
                    given += 1
                    yield Piece(text=text, tokens=1)
                finish = self._finish(choice) or finish
            if event is DONE:
                finish = finish or "eos"
        if finish is None:
            raise EngineError(f"'{self.name}' at {self.spec.base_url}: the stream broke off")
        details = usage.get("prompt_tokens_details") or {}
        yield Piece(
            tokens=max(0, (usage.get("completion_tokens") or 0) - given),
            finish=finish,
            prompt_tokens=usage.get("prompt_tokens"),
            cached_tokens=details.get("cached_tokens"),
        )

    def _finish(self, choice: Mapping[str, Any]) -> Finish | None:
        """Return how a choice ended; None while it goes on."""
        reason = choice.get("finish_reason")
        if reason in FAILED:
            said = choice.get("error") or reason
            raise EngineError(f"'{self.name}' at {self.spec.base_url}: the answer failed: {said}")
        return (ending_of(reason) or "eos") if reason else None


def seed_of(ask: Ask) -> int:
    """Return the endpoint's seed of a request: a function of (seed, answer, position)."""
    return int(keys(ask.seed, [f"{ask.id}@{ask.position}"])[0]) % _SEEDS
