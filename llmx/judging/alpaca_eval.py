"""AlpacaEval 2 (Dubois et al., arXiv 2404.04475): one game a problem, judged by one token.

The judge sees both outputs in an order drawn by the instruction, and answers with the name of the
better one, `m` or `M`. What counts is not the token but its probability among the two: a preference
between 0 and 1. All of it after the package's configuration `weighted_alpaca_eval_gpt4_turbo`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import ClassVar

from llmx.core.errors import ConfigError, LlmxError
from llmx.core.judging import Game, Preference
from llmx.core.record import Message, Sample
from llmx.judging.alpaca_package import chat, installed, missing, part, template
from llmx.judging.protocol import game

ANNOTATOR_SEED = 0  # the package's default
_FIRST, _SECOND = "m", "M"


class AlpacaEval:
    """`protocol: alpaca_eval`."""

    kind: ClassVar[str] = "alpaca_eval"
    version: ClassVar[int] = 1
    per_problem: ClassVar[int] = 1

    def __init__(self, instructions: str | None = None) -> None:
        if instructions is not None:
            text = "judge.instructions: AlpacaEval's prompt is that of the package"
            raise ConfigError(text, "judge.instructions=null")

    def games(self, sample: Sample, output: str) -> Sequence[Game]:
        """Return one game; the baseline stands first unless the instruction's draw switches."""
        if switched(sample.question):
            return (game(sample, 0, output, sample.answer, ours_first=True),)
        return (game(sample, 0, sample.answer, output, ours_first=False),)

    def settled(self, game: Game) -> Preference | None:
        """Equal outputs are a tie that nobody is asked about, as in the package."""
        return Preference(label="same", first=0.5) if game.first == game.second else None

    def turns(self, game: Game) -> tuple[Message, ...]:
        """Return the package's prompt, filled in."""
        from pandas import DataFrame

        row = {"instruction": game.instruction, "output_1": game.first, "output_2": game.second}
        (prompt,), _ = part("utils").make_prompts(DataFrame([row]), template())
        return chat(prompt)

    def read(self, reply: str, alternatives: Mapping[str, float]) -> Preference:
        """Return the probability of `m` among `m` and `M`, by the package's own parser."""
        if not {_FIRST, _SECOND} & set(alternatives):
            return Preference(label=None, first=None)
        told = [{"token": token, "logprob": value} for token, value in alternatives.items()]
        completion = {"logprobs": {"content": [{"top_logprobs": told}]}}
        tokens = [_FIRST, _SECOND]
        parse = part("completion_parsers").logprob_parser
        (preference,) = parse(completion, _FIRST, tokens, is_binarize=False)
        first = 2 - float(preference)  # the package counts from 1 (first) to 2 (second)
        return Preference(label=_FIRST if first > 0.5 else _SECOND, first=min(max(first, 0.0), 1.0))

    @classmethod
    def refusal(cls) -> LlmxError | None:
        """The package has the prompt and the parser."""
        return missing()

    @classmethod
    def source(cls) -> str:
        """The package's."""
        return f"alpaca_eval {installed()}"


def switched(instruction: str) -> bool:
    """Whether the judged output stands first, as the package draws it (a test compares)."""
    seed = f"is_switched_outputs{instruction}{ANNOTATOR_SEED}"
    return Random(seed).choices([False, True], k=1)[0]
