"""Token ids and loss mask of one training text, before and after it is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmx.train.examples import encode_turns
from llmx.train.post_training.rows import Prompt, Row


@dataclass(frozen=True)
class Encoded:
    """One text of one row.

    Attributes:
        ids: token ids, int, prompt first.
        mask: as long as `ids`; 1 where a token carries loss.
        part: ``completion``, ``chosen``, ``rejected``, or ``prompt`` where a model writes the rest.
        room: tokens that must still fit behind it.
    """

    row: Row
    ids: tuple[int, ...]
    mask: tuple[int, ...]
    part: str
    room: int = 0

    @property
    def length(self) -> int:
        """Tokens that the text takes, with those that a model may still write."""
        return len(self.ids) + self.room

    def cut(self, longest: int | None, mode: str = "keep_start") -> Encoded:
        """Return what is left of it when at most `longest` tokens are kept, as TRL cuts."""
        if longest is None or len(self.ids) <= longest:
            return self
        kept = slice(None, longest) if mode == "keep_start" else slice(-longest, None)
        return Encoded(self.row, self.ids[kept], self.mask[kept], self.part, self.room)


def encode_answered(tokenizer: Any, row: Row, answer: str, part: str) -> Encoded:
    """Encode a prompt and its answer; the loss is on the answer and its end."""
    if isinstance(row.prompt, str):
        prompt, rest = encode_prompt(tokenizer, row.prompt), _ended(tokenizer, answer)
    else:
        prompt, rest = encode_turns(tokenizer, row.prompt, answer)
    return Encoded(row, (*prompt, *rest), (*(0 for _ in prompt), *(1 for _ in rest)), part)


def _ended(tokenizer: Any, answer: str) -> list[int]:
    end = tokenizer.eos_token
    ended = answer if answer.endswith(end) else answer + end
    found: list[int] = tokenizer(ended, add_special_tokens=False)["input_ids"]
    return found


def encode_prompt(tokenizer: Any, prompt: Prompt) -> list[int]:
    """Return the ids that a model is asked with: as TRL and the engines send them."""
    if isinstance(prompt, str):
        return list(tokenizer(text=prompt)["input_ids"])
    sent = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=True)
    return list(sent["input_ids"])


def encode_asked(tokenizer: Any, row: Row, room: int) -> Encoded:
    """Encode a prompt that a model answers with up to `room` tokens; nothing of it carries loss."""
    ids = encode_prompt(tokenizer, row.prompt)
    return Encoded(row, tuple(ids), tuple(0 for _ in ids), "prompt", room)
