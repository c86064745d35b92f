"""From a prompt in parts to token ids, through the model's own chat template.

The template is rendered once with a mark in the place of each turn's content; what stands between
the marks, and each part of a content, is tokenised alone. So the ids of a part never depend on
what follows it. A template that reads or trims the content of a turn is refused: its ids could not
be told apart from ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from llmx.core.errors import EngineError
from llmx.core.stream import Part, Turn

_MARK = "\x02{}\x03"
_LONG = 1024  # characters: what is longer is remembered for the answer under way, not for good


class Renderer:
    """Renders prompts for one tokenizer; what was tokenised before is remembered."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.encode = lru_cache(maxsize=4096)(self._encode)
        self.encode_long = lru_cache(maxsize=16)(self._encode)
        self.frame = lru_cache(maxsize=256)(self._frame)

    def ids(self, turns: Sequence[Turn], shown: Sequence[int] = ()) -> list[int]:
        """Return the ids of a prompt and of the answer so far, which the model is to go on with."""
        between = self.frame(tuple(turn.role for turn in turns))
        found = list(between[0])
        for turn, after in zip(turns, between[1:], strict=True):
            for part in turn.parts:
                found += self.part(part)
            found += after
        return found + list(shown)

    def part(self, part: Part) -> Sequence[int]:
        """Return the ids of one part."""
        if part.ids is not None:
            return part.ids
        return self.encode(part.text) if len(part.text) < _LONG else self.encode_long(part.text)

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else ()

    def _frame(self, roles: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
        """Return what the template puts before, between and after the contents."""
        marks = [_MARK.format(place) for place in range(len(roles))]
        pairs = zip(roles, marks, strict=True)
        messages = [{"role": role, "content": mark} for role, mark in pairs]
        try:
            text: str = self.tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
        except Exception as error:  # templates raise what they like
            raise EngineError(
                f"the chat template takes no turns {', '.join(roles)}: {error}",
                "another layout may fit: ensemble.layout=L1b has user turns alone",
            ) from error
        pieces = []
        for mark in marks:
            piece, found, text = text.partition(mark)
            if not found:
                raise EngineError("the chat template drops or moves a turn", "use another model")
            pieces.append(piece)
        return tuple(self._encode(piece) for piece in (*pieces, text))
