"""Token ids and loss mask of one training text, before and after it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmx.engines.pretrained import template_explained
from llmx.train.examples import encode_turns
from llmx.train.post_training.rows import Prompt, TrainingRow


@dataclass(frozen=True)
class Encoded:
    """One text of one row.

    Attributes:
        ids: token ids, int, prompt first.
        mask: as long as `ids`; 1 where a token carries loss.
        part: ``completion``, ``chosen``, ``rejected``, or ``prompt`` where a model writes the rest.
        room: tokens that must still fit behind it.
    """

    row: TrainingRow
    ids: tuple[int, ...]
    mask: tuple[int, ...]
    part: str
    room: int = 0

    @property
    def length(self) -> int:
        """Tokens that the text takes, with those that a model may still write."""
        return len(self.ids) + self.room

    @property
    def learned(self) -> frozenset[int]:
        """The tokens that carry loss."""
        return frozenset(token for token, loss in zip(self.ids, self.mask, strict=True) if loss)

    def cut(self, longest: int | None, mode: str = "keep_start") -> Encoded:
        """Return what is left of it when at most `longest` tokens are kept, as TRL cuts."""
        if longest is None or len(self.ids) <= longest:
            return self
        kept = slice(None, longest) if mode == "keep_start" else slice(-longest, None)
        return Encoded(self.row, self.ids[kept], self.mask[kept], self.part, self.room)


def encode_answered(tokenizer: Any, row: TrainingRow, answer: str, part: str) -> Encoded:
    """Encode a prompt and its answer; the loss is on the answer and its end."""
    if isinstance(row.prompt, str):
        prompt, rest = encode_prompts(tokenizer, [row.prompt])[0], _ended(tokenizer, answer)
    else:
        prompt, rest = encode_turns(tokenizer, row.prompt, answer)
    return Encoded(row, (*prompt, *rest), (*(0 for _ in prompt), *(1 for _ in rest)), part)


def _ended(tokenizer: Any, answer: str) -> list[int]:
    end = tokenizer.eos_token
    ended = answer if answer.endswith(end) else answer + end
    found: list[int] = tokenizer(ended, add_special_tokens=False)["input_ids"]
    return found


def encode_prompts(tokenizer: Any, prompts: Sequence[Prompt]) -> list[list[int]]:
    """Return the ids that a model is asked with: as TRL and the engines send them."""
    plain = [prompt for prompt in prompts if isinstance(prompt, str)]
    turns = [prompt for prompt in prompts if not isinstance(prompt, str)]
    with template_explained():
        texts = [
            tokenizer.apply_chat_template(one, add_generation_prompt=True, tokenize=False)
            for one in turns
        ]
    # A template writes its own special tokens; a plain text gets what the tokenizer adds.
    of_plain = iter(tokenizer(plain)["input_ids"] if plain else ())
    of_turns = iter(tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else ())
    return [next(of_plain if isinstance(prompt, str) else of_turns) for prompt in prompts]


def encode_asked(tokenizer: Any, rows: Sequence[TrainingRow], room: int) -> list[Encoded]:
    """Encode prompts that a model answers with up to `room` tokens; none carries loss."""
    ids = encode_prompts(tokenizer, [row.prompt for row in rows])
    return [
        Encoded(row, tuple(one), (0,) * len(one), "prompt", room)
        for row, one in zip(rows, ids, strict=True)
    ]
