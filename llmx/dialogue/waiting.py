"""How a speaker waits for those it listens to: quorum, deadline, and what it does when ahead."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from llmx.core.errors import EngineError, RequestError
from llmx.core.events import What
from llmx.dialogue.listener import Draft, Listener
from llmx.dialogue.pace import enough, ready


class Floor(Protocol):
    """What all speakers share."""

    news: asyncio.Condition

    @property
    def drafts(self) -> Mapping[str, Draft]:
        """What each speaker has handed over."""

    async def tell(self, who: str, what: What, **more: object) -> None:
        """Add an event."""


class ChunkWaiter:
    """Waits for the next chunk of the sources and takes it.

    Attributes:
        heard: chunks of the sources that were waited for.
    """

    def __init__(self, floor: Floor, listener: Listener) -> None:
        self.floor, self.listener, self.heard = floor, listener, 0
        self.sources = listener.speaker.sources
        self.policy = listener.task.spec

    async def listen(self) -> None:
        """Take the next chunk when the policy allows; without it, if it says to go on.

        Raises:
            EngineError: if every source failed before it said anything: a ContextLengthError if
                each says that its prompt was too long.
        """
        if not self.sources or (self.policy.ahead == "go" and self.heard and not self._quorum()):
            return
        await self._wait()
        await self._name_missing()
        self._check()
        latest = self.policy.hear == "latest"
        self.listener.hear(self.floor.drafts, None if latest else self.heard + 1)
        taken = self.listener.taken
        self.heard = max(self.heard + 1, min(taken.values()) if latest else 0)

    def has_all(self) -> bool:
        """Whether everything that the sources will ever say was heard."""
        drafts, taken = self.floor.drafts, self.listener.taken
        return all(
            drafts[s].ended and len(drafts[s].chunks) == taken.get(s, 0) for s in self.sources
        )

    async def _wait(self) -> None:
        async with self.floor.news:
            try:
                async with asyncio.timeout(self.policy.deadline):
                    await self.floor.news.wait_for(self._quorum)
            except TimeoutError:
                # Nobody at all is no context: the first chunk of the first source is waited for.
                await self.floor.news.wait_for(lambda: self.heard > 0 or bool(self._ready()))

    def _ready(self) -> list[str]:
        return ready(self.floor.drafts, self.sources, self.heard)

    def _quorum(self) -> bool:
        return enough(self.policy, len(self.sources), len(self._ready()))

    async def _name_missing(self) -> None:
        there, name = self._ready(), self.listener.speaker.name
        for source in self.sources:
            if source not in there:
                await self.floor.tell(name, "missed", source=source, chunk=self.heard)

    def _check(self) -> None:
        drafts = [self.floor.drafts[source] for source in self.sources]
        errors = [draft.failed for draft in drafts if draft.failed and not draft.chunks]
        if len(errors) == len(drafts):
            name, kinds = self.listener.speaker.name, {type(error) for error in errors}
            asked = len(kinds) == 1 and isinstance(errors[0], RequestError)
            kind = type(errors[0]) if asked else EngineError
            raise kind(f"every model that '{name}' hears failed: {errors[0].message}")
