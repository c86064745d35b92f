"""What the server asks for an answer: events of an ensemble, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Protocol

from llmx.core.ensemble import EnsembleSpec
from llmx.core.events import ANSWER, Event
from llmx.core.spec import SamplerSpec
from llmx.core.stream import Streamer
from llmx.dialogue.api import converse
from llmx.dialogue.speakers import speakers
from llmx.serve.chat import Chat


class Answerer(Protocol):
    """Answers chats; closing the generator frees everything upstream."""

    name: str

    def answer(self, chat: Chat) -> AsyncGenerator[Event, None]:
        """Yield the events of one answer."""

    async def close(self) -> None:
        """Free what is held."""


class EnsembleAnswerer:
    """An ensemble behind the server."""

    def __init__(
        self,
        name: str,
        spec: EnsembleSpec,
        cast: Mapping[str, Streamer],
        sampler: SamplerSpec,
        seed: int,
    ) -> None:
        self.name, self.spec, self.cast = name, spec, cast
        self.sampler, self.seed = sampler, seed

    async def answer(self, chat: Chat) -> AsyncGenerator[Event, None]:
        """Yield the events of one answer; with a seed the same request is answered alike.

        Nobody goes on with it afterwards, so nothing is kept of its speakers.
        """
        id = f"seed-{chat.seed}" if chat.seed is not None else uuid.uuid4().hex
        seed = self.seed if chat.seed is None else chat.seed
        sampler = chat.sampler(self.sampler)
        try:
            async with aclosing(
                converse(self.spec, self.cast, chat.turns(), id=id, sampler=sampler, seed=seed)
            ) as events:
                async for event in events:
                    yield event
        finally:
            for speaker in speakers(self.spec):
                self.cast[speaker.voice].forget(speaker.id_in(id))

    async def warm(self) -> None:
        """Load every model, so that the first reader does not wait for that."""
        asked = {"model": self.name, "messages": [{"role": "user", "content": "Hi"}]}
        async with aclosing(self.answer(Chat.model_validate(asked))) as events:
            async for event in events:
                if event.who == ANSWER and event.what == "piece":
                    return

    async def close(self) -> None:
        """Close the models."""
        for streamer in self.cast.values():
            await streamer.close()
