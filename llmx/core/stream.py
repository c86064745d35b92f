"""What a model that streams is asked, and what it gives: prompts in parts, answers in pieces.

A prompt is turns of *parts*. Each part is tokenised alone and the ids are joined, so that a part
which is added at the end leaves the ids before it as they were: that is what keeps a prefix cache
valid. A part may carry exact token ids (an answer that was already shown); they are sent as they
are and never decoded and encoded again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field

from llmx.core.record import Finish, Frozen, Part
from llmx.core.spec import SamplerSpec


class Turn(Frozen):
    """One turn of a chat, in parts."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]

    @property
    def content(self) -> str:
        """The parts as one text."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True)
class ShownText:
    """The answer so far. What was shown is continued and never revised.

    No model of pydantic's: it grows with every token, and checking it anew each time would make an
    answer's cost quadratic where it is felt.

    Attributes:
        tokens: of the answer, also where no ids are known.
    """

    ids: tuple[int, ...] = ()
    text: str = ""
    tokens: int = 0

    def plus(self, piece: Piece) -> ShownText:
        """Return the answer with one more piece."""
        return ShownText(
            ids=self.ids + piece.ids,
            text=self.text + piece.text,
            tokens=self.tokens + piece.tokens,
        )


class Ask(Frozen):
    """A request for at most `budget` further tokens of one answer.

    Random numbers are fixed by (`seed`, `id`) and the position in the *whole* answer, so an answer
    that is asked for in several chunks over one prompt is the answer asked for at once.

    Attributes:
        shown: what stands after the prompt already and is gone on with.
        offset: tokens of the answer that stand in the prompt itself, as turns before.
    """

    id: str
    prompt: tuple[Turn, ...]
    shown: ShownText = ShownText()
    offset: int = Field(default=0, ge=0)
    budget: int = Field(ge=1)
    sampler: SamplerSpec
    seed: int = 0

    @property
    def position(self) -> int:
        """Place of the next token in the whole answer."""
        return self.offset + self.shown.tokens


class Piece(Frozen):
    """A stretch of an answer, as it comes.

    `text` never ends inside a UTF-8 character: what is incomplete waits for the next piece, so the
    texts joined are the answer. `finish` is set on the last piece of a request: ``length`` means
    that the budget is used up, the others that the answer is over.
    """

    text: str = ""
    ids: tuple[int, ...] = ()
    tokens: int = 0
    finish: Finish | None = None
    prompt_tokens: int | None = Field(default=None, description="sent; on one piece of a request")
    cached_tokens: int | None = Field(
        default=None, description="of those sent, not prefilled again; None where unknown"
    )


class Streamer(Protocol):
    """One model that streams. Closing the iterator (``aclose``) frees the request, wherever it is.

    A failure is raised from the iterator as a :class:`~llmx.core.errors.LlmxError`.
    """

    name: str

    def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Yield the pieces of one request; the last one, and no other, has a `finish`."""

    def forget(self, speaker: str) -> None:
        """Free what is kept for the next request of a speaker (an `Ask.id`): none will come."""

    async def close(self) -> None:
        """Free what the model holds. Safe to call twice."""


def shared_prefix(old: Sequence[object], new: Sequence[object]) -> int:
    """Return how many items two prompts (token ids, or characters) share from the start."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))
