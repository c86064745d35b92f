"""One speaker: what it has heard, what it has said, and the request that comes next.

Both drivers work on it: the stepwise one, for quality, and the conductor, for latency. So a text
does not depend on which of them wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from llmx.core.ensemble import Chunks, EnsembleSpec
from llmx.core.errors import LlmxError
from llmx.core.events import ANSWER
from llmx.core.record import Message
from llmx.core.spec import SamplerSpec
from llmx.core.stream import Ask, Piece, ShownText, Turn
from llmx.dialogue.layout import DEBATE, HEADER, INSTRUCTION, MORE, Heard, prompt, turns_of
from llmx.dialogue.speakers import Speaker


@dataclass(frozen=True)
class Question:
    """What one question is, for everybody: the ensemble, the conversation and the dice."""

    spec: EnsembleSpec
    conversation: tuple[Message, ...]
    id: str
    sampler: SamplerSpec
    seed: int

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation as a prompt has it: the same for every request of every speaker."""
        return turns_of(self.conversation)

    def sampler_of(self, speaker: Speaker) -> SamplerSpec:
        """Return the controls of a speaker's voice."""
        return self.spec.voices[speaker.voice].sampler or self.sampler

    def chunks_of(self, speaker: Speaker) -> Chunks:
        """Return the chunk sizes of a speaker."""
        return self.spec.answer_chunks if speaker.name == ANSWER else self.spec.chunks


@dataclass
class Draft:
    """What a source has handed over, chunk by chunk, and whether it will say more."""

    chunks: list[ShownText] = field(default_factory=list)
    ended: bool = False
    failed: LlmxError | None = None


@dataclass
class Listener:
    """One speaker: what it hears and what it says.

    Attributes:
        taken: chunks of each source that stand in the prompt.
        rounds: what was heard, with the tokens of each piece, in the order it came.
        said: what was said after each round but the newest.
        since: what was said after the newest.
        shown: the whole answer so far.
    """

    task: Question
    speaker: Speaker
    taken: dict[str, int] = field(default_factory=dict)
    rounds: list[dict[str, ShownText]] = field(default_factory=list)
    said: list[ShownText] = field(default_factory=list)
    since: ShownText = field(default_factory=ShownText)
    shown: ShownText = field(default_factory=ShownText)

    @property
    def left(self) -> int:
        """Tokens that the whole answer may still have."""
        return self.task.sampler_of(self.speaker).max_tokens - self.shown.tokens

    def hear(self, drafts: Mapping[str, Draft], up_to: int | None) -> None:
        """Take what the sources have handed over as one round.

        Args:
            up_to: chunks of each source at most; None = all that are there.
        """
        round_: dict[str, ShownText] = {}
        for source in self.speaker.sources:
            chunks = drafts[source].chunks[:up_to]
            new = chunks[self.taken.get(source, 0) :]
            self.taken[source] = max(self.taken.get(source, 0), len(chunks))
            if new:
                round_[source] = _joined(new)
        if self.rounds and not round_:
            return
        if self.rounds:
            self.said.append(self.since)
        self.rounds.append(round_)
        self.since = ShownText()
        self._forget()

    def say(self, piece: Piece) -> None:
        """Add what was shown."""
        self.shown, self.since = self.shown.plus(piece), self.since.plus(piece)

    def ask(self, budget: int, again: bool = False) -> Ask:
        """Return the request for the next `budget` tokens.

        Args:
            again: a chunk is asked for once more, with other dice.
        """
        layout, task = self.task.spec.layout, self.task
        turns = prompt(layout, task.turns, self._heard(again))
        current = self.since if layout == "L2" and self.said else self.shown
        return Ask(
            id=self.speaker.id_in(task.id),
            prompt=turns,
            shown=current,
            offset=self.shown.tokens - current.tokens,
            budget=min(budget, self.left),
            sampler=task.sampler_of(self.speaker),
            seed=task.seed + 1_000_003 * again,
        )

    def _heard(self, again: bool) -> Heard:
        sources, spec = self.speaker.sources, self.task.spec
        header = spec.header or HEADER
        if spec.kind == "mad" and spec.header is None:
            header = DEBATE.format(own=sources.index(self.speaker.own or "") + 1 if sources else 1)
        if again or spec.redundancy == "instruct":
            header += INSTRUCTION
        return Heard(
            sources=sources,
            rounds=tuple(
                {name: one.text for name, one in round_.items()} for round_ in self.rounds
            ),
            said=tuple(self.said),
            header=header,
            more=spec.more or MORE,
        )

    def _forget(self) -> None:
        """Drop the oldest rounds' drafts until the rest fits; never the question or the answer."""
        limit = self.task.spec.max_heard
        while limit is not None and self._tokens() > limit:
            oldest = next(round_ for round_ in self.rounds if round_)
            oldest.clear()

    def _tokens(self) -> int:
        return sum(one.tokens for round_ in self.rounds for one in round_.values())


def _joined(chunks: Sequence[ShownText]) -> ShownText:
    return ShownText(
        text="".join(chunk.text for chunk in chunks),
        ids=tuple(one for chunk in chunks for one in chunk.ids),
        tokens=sum(chunk.tokens for chunk in chunks),
    )
