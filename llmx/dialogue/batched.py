"""An ensemble without a clock: requests go out in lists, answers come back, nothing else happens.

Layer by layer, chunk by chunk: since no speaker ever waits for one that listens to it, the order
in time changes no text (with the policies that ask for all sources, and no failures). So this is
what measures quality, in batches over many problems, and the conductor is what measures latency.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from llmx.core.events import ANSWER
from llmx.core.record import Finish
from llmx.core.stream import Ask, Piece, ShownText
from llmx.dialogue.listener import Draft, Listener, Question
from llmx.dialogue.pace import chunk_size, complete, over
from llmx.dialogue.redundancy import repeats
from llmx.dialogue.speakers import Speaker, speakers

Reply = Sequence[Piece]
"""The pieces of one request, one token each, the last with its `finish`."""


@dataclass
class FinalAnswer:
    """One answer, and what led to it.

    Attributes:
        drafts: what each speaker said, the answer included.
        early: the answer ended before its sources had.
        repeated: chunks of listeners that repeated what was shown; `retried` of them asked again.
        chunks: chunks of listeners.
    """

    answer: ShownText = field(default_factory=ShownText)
    finish: Finish = "eos"
    drafts: dict[str, ShownText] = field(default_factory=dict)
    early: bool = False
    repeated: int = 0
    retried: int = 0
    chunks: int = 0


@dataclass(frozen=True)
class Call:
    """A request and who makes it."""

    speaker: Speaker
    ask: Ask


Steps = Generator[list[Call], list[Reply], FinalAnswer]


def stepwise(task: Question) -> Steps:
    """Yield lists of requests, take their replies in the same order, return the outcome."""
    outcome, drafts = FinalAnswer(), dict[str, Draft]()
    everyone = speakers(task.spec)
    for layer in range(1, task.spec.layers + 1):
        stepped = [
            SteppedSpeaker(task, one, drafts, outcome) for one in everyone if one.layer == layer
        ]
        while calls := [call for one in stepped if (call := one.call()) is not None]:
            replies = yield calls
            waiting = [one for one in stepped if not one.over]
            for one, reply in zip(waiting, replies, strict=True):
                one.take(reply)
        drafts.update({one.speaker.name: one.draft for one in stepped})
    answer = stepped[0]
    outcome.answer, outcome.finish = answer.listener.shown, answer.finish
    outcome.drafts = {name: _whole(draft) for name, draft in drafts.items()}
    outcome.early = answer.early
    return outcome


class SteppedSpeaker:
    """A speaker whose sources have said all they will: their chunks are dealt out as in time."""

    def __init__(
        self, task: Question, speaker: Speaker, drafts: dict[str, Draft], outcome: FinalAnswer
    ) -> None:
        self.task, self.speaker, self.drafts, self.outcome = task, speaker, drafts, outcome
        self.listener = Listener(task, speaker)
        self.draft = Draft()
        self.over = self.early = self.final = self.again = False
        self.chunk = 0
        self.finish: Finish = "length"

    def call(self) -> Call | None:
        """Return the next request; None once the answer is over."""
        if self.over:
            return None
        if self.speaker.sources and not self.again:
            self.listener.hear(self.drafts, self.chunk + 1)
        self.final = complete(self.drafts, self.speaker.sources, self.chunk)
        size = chunk_size(self.task, self.speaker, self.chunk)
        budget = self.listener.left if self.final else size
        return Call(self.speaker, self.listener.ask(budget, self.again))

    def take(self, reply: Reply) -> None:
        """Add a reply, or ask for it once more."""
        if self._refused(reply):
            return
        for part in self._split(reply):
            self.draft.chunks.append(part)
        for piece in reply:
            self.listener.say(piece)
        self.finish = reply[-1].finish or "length"
        self.over = over(self.listener, self.drafts, self.chunk, self.finish, self.final)
        self.early = self.over and not self.final and self.finish != "length"
        self.chunk, self.again = self.chunk + 1, False
        self.draft.ended = self.over

    def _refused(self, reply: Reply) -> bool:
        """Whether the chunk repeats the answer and is asked for again."""
        if not self.speaker.sources:
            return False
        policy = self.task.spec
        found = not self.again and repeats(self.listener.shown, reply, policy.ngram)
        retry = found and policy.redundancy == "retry"
        if self.speaker.name == ANSWER:
            self.outcome.chunks += not self.again
            self.outcome.repeated += found
            self.outcome.retried += retry
        self.again = retry
        return retry

    def _split(self, reply: Reply) -> list[ShownText]:
        """Return the chunks that listeners get: a request with the full context holds several."""
        if not self.final:
            return [_sum(reply)]
        chunks: list[ShownText] = []
        current, place = ShownText(), self.chunk
        for piece in reply:
            current = current.plus(piece)
            if current.tokens >= chunk_size(self.task, self.speaker, place):
                chunks, current, place = [*chunks, current], ShownText(), place + 1
        return [*chunks, current] if current.tokens or not chunks else chunks


def _sum(reply: Reply) -> ShownText:
    found = ShownText()
    for piece in reply:
        found = found.plus(piece)
    return found


def _whole(draft: Draft) -> ShownText:
    return ShownText(
        text="".join(chunk.text for chunk in draft.chunks),
        ids=tuple(one for chunk in draft.chunks for one in chunk.ids),
        tokens=sum(chunk.tokens for chunk in draft.chunks),
    )
