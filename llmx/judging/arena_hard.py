"""Arena-Hard v0.1 (Li et al., arXiv 2406.11939): two games a problem, in both orders, five labels.

The baseline is assistant A in the first game and B in the second. The judge answers the prompt
himself, compares, and ends with a label such as ``[[A>B]]``. A clear win (``>>``) counts for three
games. The benchmark's code is no package, so the instructions here are worded by llmx: the same
steps in the same order. ``judge.instructions=FILE`` takes the published wording, or any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from llmx.core.errors import LlmxError
from llmx.core.judging import Game, Preference
from llmx.core.record import Message, Sample
from llmx.judging.protocol import game

CLEAR_WIN = 3  # games
INSTRUCTIONS = """\
Two AI assistants, A and B, have answered the same user prompt. You are an impartial judge: decide \
which answer is better.

1. Write your own answer to the prompt before you look at theirs.
2. Compare both answers with yours. Name and correct every mistake and every wrong statement.
3. Ask whether each answer is helpful (it does what the prompt asks; where that is ambiguous, \
asking back is better than guessing), relevant (every part belongs to the prompt) and concise \
(clear, without padding).
4. Where it matters, ask how original each answer is. Last, name what important information is \
missing.

Explain yourself first. Then end with exactly one of these labels as your final verdict:

[[A>>B]] assistant A is significantly better
[[A>B]] assistant A is slightly better
[[A=B]] a tie, both are about as good
[[B>A]] assistant B is slightly better
[[B>>A]] assistant B is significantly better

For example: "My final verdict is a tie: [[A=B]]"."""

_LABELS = {
    "A>>B": Preference(label="A>>B", first=1.0, weight=CLEAR_WIN),
    "A>B": Preference(label="A>B", first=1.0),
    "A=B": Preference(label="A=B", first=0.5),
    "B>A": Preference(label="B>A", first=0.0),
    "B>>A": Preference(label="B>>A", first=0.0, weight=CLEAR_WIN),
}
_SAME = {"B=A": "A=B", "A<B": "B>A", "A<<B": "B>>A", "B<A": "A>B", "B<<A": "A>>B"}
# Double brackets first; single ones only where there are none, as in the benchmark's settings.
_PATTERNS = (re.compile(r"\[\[([AB<>=]+)\]\]"), re.compile(r"\[([AB<>=]+)\]"))


class ArenaHard:
    """`protocol: arena_hard`."""

    kind: ClassVar[str] = "arena_hard"
    version: ClassVar[int] = 2
    per_problem: ClassVar[int] = 2

    def __init__(self, instructions: str | None = None) -> None:
        self.instructions = instructions or INSTRUCTIONS

    def games(self, sample: Sample, output: str) -> Sequence[Game]:
        """Return both orders, the baseline first in the first."""
        return (
            game(sample, 0, sample.answer, output, ours_first=False),
            game(sample, 1, output, sample.answer, ours_first=True),
        )

    def settled(self, game: Game) -> Preference | None:
        """The judge is always asked."""
        return None

    def turns(self, game: Game) -> tuple[Message, ...]:
        """Return the instructions, and the prompt with both answers between marks."""
        shown = (
            f"<|User Prompt|>\n{game.instruction}\n\n"
            f"<|The Start of Assistant A's Answer|>\n{game.first}\n"
            "<|The End of Assistant A's Answer|>\n\n"
            f"<|The Start of Assistant B's Answer|>\n{game.second}\n"
            "<|The End of Assistant B's Answer|>"
        )
        system = Message(role="system", content=self.instructions)
        return (system, Message(role="user", content=shown))

    def read(self, reply: str, alternatives: Mapping[str, float]) -> Preference:
        """Return the label of the reply; two different ones are no verdict, as in the benchmark.

        Which of two was meant cannot be told: the later one may be quoted from an answer.
        """
        found = next(filter(None, (one.findall(reply.upper()) for one in _PATTERNS)), [])
        labels = {_SAME.get(label, label) for label in found}
        label = labels.pop() if len(labels) == 1 else ""
        return _LABELS.get(label, Preference(label=None, first=None))

    @classmethod
    def refusal(cls) -> LlmxError | None:
        """Nothing is missing."""
        return None

    @classmethod
    def source(cls) -> str:
        """llmx's own words."""
        return "llmx"
