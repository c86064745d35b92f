"""Models that say what they are told to, for tests of ensembles."""

import asyncio

from llmx.core.ensemble import EnsembleSpec, VoiceSpec
from llmx.core.errors import ContextLengthError, EngineError
from llmx.core.record import Message
from llmx.core.spec import ModelSpec, SamplerSpec
from llmx.core.stream import Piece

GREEDY = SamplerSpec(algorithm="target", temperature=0, max_tokens=400)
QUESTION = (Message(role="user", content="Q?"),)
ANSWERS = {
    "a": "the quick brown fox jumps",
    "b": "hello world over there and everywhere",
    "g": "final answer given here at last, with more text than the others have",
}


def ensemble(**values):
    voices = {name: VoiceSpec(model=ModelSpec(target=name)) for name in ANSWERS}
    given = {"proposers": ("a", "b"), "aggregator": "g", "first_chunk": 3, "later_chunk": 5}
    return EnsembleSpec(voices=voices, **{**given, **values})


class Scripted:
    """One character a token; ends after the last one.

    Args:
        delay: seconds a token.
        fails_at: position at which it breaks.
        silent_from: position at which it hangs for ever.
    """

    def __init__(self, name, answer, delay=0.0, fails_at=None, silent_from=None):
        self.name, self.answer, self.delay = name, answer, delay
        self.fails_at, self.silent_from = fails_at, silent_from
        self.asks, self.open, self.freed = [], 0, 0
        self.too_long = False

    async def stream(self, ask):
        self.asks.append(ask)
        self.open += 1
        try:
            if self.too_long:
                raise ContextLengthError(f"{self.name} knows no prompt of this length")
            at = ask.position
            for count in range(1, ask.budget + 1):
                if at == self.fails_at:
                    raise EngineError(f"{self.name} broke")
                if self.silent_from is not None and at >= self.silent_from:
                    await asyncio.Event().wait()
                await asyncio.sleep(self.delay)
                yield self.piece(at, count, ask.budget)
                at += 1
                if at >= len(self.answer):
                    return
        finally:
            self.open -= 1
            self.freed += 1

    def piece(self, at, count, budget):
        last = at + 1 >= len(self.answer)
        finish = "eos" if last else "length" if count == budget else None
        mark = self.answer[at]
        return Piece(text=mark, ids=(ord(mark),), tokens=1, finish=finish)

    def forget(self, speaker):
        self.forgotten = [*getattr(self, "forgotten", []), speaker]

    async def close(self):
        pass


def cast(**changed):
    return {name: Scripted(name, text, **changed.get(name, {})) for name, text in ANSWERS.items()}


def play(steps, answers=ANSWERS):
    """Drive the stepwise form with scripted answers; returns (outcome, calls)."""
    made = {name: Scripted(name, text) for name, text in answers.items()}
    calls, seen = next(steps), []
    while True:
        seen += calls
        try:
            calls = steps.send([reply(made[call.speaker.voice], call.ask) for call in calls])
        except StopIteration as end:
            return end.value, seen


def reply(model, ask):
    left = max(1, min(ask.budget, len(model.answer) - ask.position))
    return [model.piece(ask.position + n, n + 1, ask.budget) for n in range(left)]
