"""From the tokens of one request, as they come, to the pieces of its stream."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from llmx.core.stream import Ask, Piece
from llmx.engines.stream.speech import Speech


class Teller:
    """Tells one answer, a piece a token; the last piece says why it is the last.

    The end token has no text and is not a part of what is gone on with.

    Args:
        ends: ids that end an answer; none where ends are passed over.
    """

    def __init__(self, ask: Ask, tokenizer: Any, ends: Collection[int]) -> None:
        self.budget, self.ends = ask.budget, ends
        self.speech = Speech(tokenizer, ask.sampler.stop, ask.shown.ids)
        self.count = 0

    def tell(self, token: int) -> Piece:
        """Return the piece of the next token."""
        self.count += 1
        if token in self.ends:
            return Piece(text=self.speech.flush(), tokens=1, finish="eos")
        text = self.speech.feed(token)
        if self.speech.stopped:
            return Piece(text=text, ids=(token,), tokens=1, finish="stop")
        if self.count == self.budget:
            rest = text + self.speech.flush()
            return Piece(text=rest, ids=(token,), tokens=1, finish="length")
        return Piece(text=text, ids=(token,), tokens=1)

    def tell_all(self, tokens: Iterable[int], ended: bool) -> list[Piece]:
        """Return the pieces of several tokens, up to the last of the answer.

        Args:
            ended: the engine gives no more. Where these tokens are no reason for that, it knows no
                further position.
        """
        found: list[Piece] = []
        for token in tokens:
            found.append(self.tell(token))
            if found[-1].finish:
                return found
        if ended:
            found.append(Piece(text=self.speech.flush(), finish="length"))
        return found
