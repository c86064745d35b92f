"""What was sent to the members of an ensemble, and how much of it a prefix cache would keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.events import ANSWER
from llmx.core.stream import Piece
from llmx.methods.ensemble.stepwise import Call


@dataclass
class Reuse:
    """Counts of one answer, in tokens.

    Attributes:
        sent: of all prompts. `reused` of them stood in the speaker's last prompt or answer at the
            same place, so that a prefix cache keeps them.
        generated: by all members.
        answer_prompt: of the answer's last request; `prompt` is its text.
    """

    sent: int = 0
    reused: int = 0
    generated: int = 0
    answer_prompt: int | None = None
    answer_sent: int = 0
    answer_reused: int = 0
    prompt: str = ""

    def count(self, call: Call, reply: Sequence[Piece]) -> None:
        """Add one request."""
        sent, kept = reply[0].prompt_tokens or 0, reply[0].cached_tokens or 0
        self.sent, self.reused = self.sent + sent, self.reused + kept
        self.generated += sum(piece.tokens for piece in reply)
        if call.speaker.name == ANSWER:
            self.answer_sent, self.answer_reused = (
                self.answer_sent + sent,
                self.answer_reused + kept,
            )
            self.answer_prompt = sent
            self.prompt = "\n".join(f"{turn.role}: {turn.content}" for turn in call.ask.prompt)

    def sums(self) -> dict[str, int]:
        """Return the sums for the record of the members."""
        names = ("sent", "reused", "generated", "answer_sent", "answer_reused")
        return {name: getattr(self, name) for name in names}
