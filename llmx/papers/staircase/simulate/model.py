"""A model that streams in virtual time: a token is a character, and says nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from llmx.core.stream import Ask, Piece, shared_prefix
from llmx.papers.staircase.simulate.server_model import ServerModel, SimulatedRequest

BLOCK = 16  # tokens: a prefix cache keeps whole blocks, as vLLM's does


class SimulatedModel:
    """Streams answers of `tokens` tokens from a station.

    Args:
        cache: whether the prompt's longest prefix that the same speaker sent before is kept.
        network: seconds from the station to the reader, each way.
    """

    def __init__(
        self,
        name: str,
        station: ServerModel,
        tokens: int,
        cache: bool = False,
        network: float = 0.0,
    ) -> None:
        self.name, self.station, self.tokens = name, station, tokens
        self.cache, self.network = cache, network
        self.last: dict[str, str] = {}

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield a piece a token."""
        import asyncio

        prompt = "".join(f"<{turn.role}>{turn.content}" for turn in ask.prompt) + ask.shown.text
        kept = self._kept(ask.id, prompt)
        count = min(ask.budget, max(1, self.tokens - ask.position))
        job = SimulatedRequest(len(prompt) - kept, count)
        await asyncio.sleep(self.network)
        self.station.submit(job)
        try:
            for place in range(1, count + 1):
                await job.given.get()
                self.last[ask.id] += "x"
                yield self._piece(ask, place, count, len(prompt), kept)
        finally:
            job.over = True

    def forget(self, speaker: str) -> None:
        """Drop what a cache would hold."""
        self.last.pop(speaker, None)

    async def close(self) -> None:
        """Nothing is held."""

    def _kept(self, speaker: str, prompt: str) -> int:
        shared = shared_prefix(self.last.get(speaker, ""), prompt) if self.cache else 0
        self.last[speaker] = prompt
        return min(shared, len(prompt) - 1) // BLOCK * BLOCK

    def _piece(self, ask: Ask, place: int, count: int, sent: int, kept: int) -> Piece:
        over = ask.position + place >= self.tokens
        finish = "eos" if over else "length"
        piece = Piece(text="x", ids=(120,), tokens=1, finish=finish if place == count else None)
        if place > 1:
            return piece
        return piece.model_copy(update={"prompt_tokens": sent, "cached_tokens": kept})
