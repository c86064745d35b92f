"""An ensemble in time: every speaker is a task of its own, and the loop's clock is the only clock.

Time comes from ``asyncio.get_running_loop()`` alone, so on a loop of virtual time the same code
says how long it would take on machines that are not there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from llmx.core.errors import EngineError, LlmxError
from llmx.core.events import ANSWER, Event, What
from llmx.core.record import Finish
from llmx.core.stream import Ask, Piece, ShownText, Streamer
from llmx.dialogue.listener import Draft, Listener, Question
from llmx.dialogue.pace import chunk_size, over
from llmx.dialogue.redundancy import repeats
from llmx.dialogue.speakers import Speaker, speakers
from llmx.dialogue.waiting import ChunkWaiter

_QUEUE = 64  # events: a reader that does not read holds every speaker up, and memory stays small


class Conductor:
    """Runs the speakers of one answer and tells what happens."""

    def __init__(self, task: Question, cast: Mapping[str, Streamer]) -> None:
        self.task, self.cast = task, cast
        self.everyone = speakers(task.spec)
        self.drafts = {speaker.name: Draft() for speaker in self.everyone}
        self.events: asyncio.Queue[Event | None] = asyncio.Queue(_QUEUE)
        self.news = asyncio.Condition()
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()

    async def run(self) -> None:
        """Let everybody speak until the answer is over, then stop those who still do.

        Raises:
            LlmxError: if the answer cannot go on.
        """
        try:
            async with asyncio.TaskGroup() as group:
                *others, answer = [group.create_task(self._guarded(one)) for one in self.everyone]
                await answer
                for speaker, other in zip(self.everyone, others, strict=False):
                    if not other.done():
                        other.cancel()
                        await self.tell(speaker.name, "stopped")
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from None
        finally:
            await self.events.put(None)

    async def tell(self, who: str, what: What, **more: Any) -> None:
        """Add an event; waits while the reader is far behind."""
        at = self.loop.time() - self.began
        await self.events.put(Event(at=at, who=who, what=what, **more))

    async def _guarded(self, speaker: Speaker) -> None:
        """Speak; a source that fails is out, an answer that fails is an error."""
        try:
            await Voice(self, speaker).speak()
        except LlmxError as error:
            await self.tell(speaker.name, "failed", text=error.message)
            if speaker.name == ANSWER or self.task.spec.failed == "raise":
                raise
            self.drafts[speaker.name].failed = error
        async with self.news:
            self.drafts[speaker.name].ended = True
            self.news.notify_all()


class Voice:
    """One speaker of an answer that is being given.

    Attributes:
        current: what was said since the last chunk was handed over; it is chunk `chunk`.
        full: the request under way has all that the sources will ever say.
    """

    def __init__(self, conductor: Conductor, speaker: Speaker) -> None:
        self.conductor, self.speaker, self.task = conductor, speaker, conductor.task
        self.listener = Listener(self.task, speaker)
        self.streamer = conductor.cast[speaker.voice]
        self.current, self.chunk, self.full = ShownText(), 0, False
        self.waiter = ChunkWaiter(conductor, self.listener)

    async def speak(self) -> None:
        """Ask for chunk after chunk, as the sources allow, until the answer is over."""
        while True:
            await self.waiter.listen()
            self.full = self.waiter.has_all()
            size = chunk_size(self.task, self.speaker, self.chunk)
            finish = await self._chunk(self.listener.left if self.full else size)
            drafts, last = self.conductor.drafts, max(self.waiter.heard - 1, 0)
            if over(self.listener, drafts, last, finish, self.full):
                break
        await self._hand_over()
        await self._tell("ended", finish=finish)

    async def _chunk(self, budget: int) -> Finish:
        """Ask for one chunk and show it; one that repeats the answer may be asked for again."""
        policy, before = self.task.spec, self.listener.shown
        held = policy.redundancy == "retry" and before.tokens > 0
        pieces = await self._request(self.listener.ask(budget), show=not held)
        if self.speaker.sources and repeats(before, pieces, policy.ngram):
            await self._tell("repeated")
            if held:
                await self._tell("retried")
                pieces = await self._request(self.listener.ask(budget, again=True), show=False)
        for piece in pieces if held else ():
            await self._show(piece)
        if not self.full:
            await self._hand_over()
        return pieces[-1].finish or "length"

    async def _request(self, ask: Ask, show: bool) -> list[Piece]:
        """Send one request and return its pieces, shown as they come or not at all.

        Raises:
            EngineError: for a stream that ends without saying why.
        """
        await self._tell("asked")
        pieces: list[Piece] = []
        async with aclosing(self.streamer.stream(ask)) as stream:
            async for piece in stream:
                pieces.append(piece)
                if show:
                    await self._show(piece)
        if not pieces or pieces[-1].finish is None:
            raise EngineError(f"the stream of {self.speaker.voice} ended in the middle")
        return pieces

    async def _show(self, piece: Piece) -> None:
        self.listener.say(piece)
        self.current = self.current.plus(piece)
        await self._tell("piece", **dict(piece))
        size = chunk_size(self.task, self.speaker, self.chunk)
        if self.full and self.current.tokens >= size:
            await self._hand_over()

    async def _hand_over(self) -> None:
        """Give the chunk to those who listen."""
        if not self.current.tokens:
            return
        async with self.conductor.news:
            self.conductor.drafts[self.speaker.name].chunks.append(self.current)
            self.conductor.news.notify_all()
        await self._tell("chunk", tokens=self.current.tokens)
        self.current, self.chunk = ShownText(), self.chunk + 1

    async def _tell(self, what: What, **more: Any) -> None:
        await self.conductor.tell(self.speaker.name, what, **{"chunk": self.chunk, **more})


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
