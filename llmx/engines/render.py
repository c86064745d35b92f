"""From a prompt in parts to token ids, through the model's own chat template.

The template is rendered once with a mark in the place of each turn's content, to learn what it puts
around contents and where it trims them. From then on what stands between the marks, and each part
of a content, is tokenised alone, so that the ids of a part never depend on what follows it. Where
that would give other ids than the template's text as a whole (every turn is one part, or the
tokenizer joins texts in a way of its own) the whole is tokenised.

What is sent is what the template gives: the two texts are compared each time, and a template that
changes what a turn says is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llmx.core.errors import TurnsError
from llmx.core.record import Part
from llmx.core.stream import Turn

_MARK = "\x02{}\x03"
_LEFT, _RIGHT = "\n \t", "\t \n"  # around a mark: what of it is gone is trimmed
_PARTS = ("one ", " two", "\n", "3", "four. ", " ")
_LONG = 1024  # characters: what is longer is remembered for the answer under way, not for good
_OTHER = "another layout may fit: ensemble.layout=L1b has user turns alone"


@dataclass(frozen=True)
class Frame:
    """What a template makes of turns with these roles.

    Attributes:
        texts: before, between and after the contents.
        trims: of each content, whether space before and behind it goes.
        joins: whether texts that are tokenised alone say the same together.
    """

    texts: tuple[str, ...]
    trims: tuple[tuple[bool, bool], ...]
    joins: bool


class Renderer:
    """Renders prompts for one tokenizer; what was tokenised before is remembered."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.encode = lru_cache(maxsize=4096)(self._encode)
        self.encode_long = lru_cache(maxsize=16)(self._encode)
        self.frame = lru_cache(maxsize=256)(self._frame)

    def ids(self, turns: Sequence[Turn], shown: Sequence[int] = ()) -> list[int]:
        """Return the ids of a prompt and of the answer so far, which the model is to go on with.

        Raises:
            TurnsError: if the template does not take the turns, or changes what they say.
        """
        frame = self.frame(tuple(turn.role for turn in turns))
        pairs = zip(turns, frame.trims, strict=True)
        parts = [trimmed(turn.parts, *sides) for turn, sides in pairs]
        text = self._checked(frame, turns, parts)
        if not frame.joins or all(len(own) == 1 and own[0].ids is None for own in parts):
            return [*self._of(text), *shown]
        found = list(self.encode(frame.texts[0]))
        for own, after in zip(parts, frame.texts[1:], strict=True):
            for part in own:
                found += self.part(part)
            found += self.encode(after)
        return found + list(shown)

    def part(self, part: Part) -> Sequence[int]:
        """Return the ids of one part."""
        return self._of(part.text) if part.ids is None else part.ids

    def _of(self, text: str) -> tuple[int, ...]:
        return self.encode(text) if len(text) < _LONG else self.encode_long(text)

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else ()

    def _checked(self, frame: Frame, turns: Sequence[Turn], parts: Sequence[Sequence[Part]]) -> str:
        """Return the prompt as text, if it is what the template gives."""
        contents = ["".join(part.text for part in own) for own in parts]
        between = zip(contents, frame.texts[1:], strict=True)
        text = frame.texts[0] + "".join(content + after for content, after in between)
        if text != self._rendered([(turn.role, turn.content) for turn in turns]):
            raise TurnsError("the chat template changes what a turn says", "use another model")
        return text

    def _rendered(self, turns: Sequence[tuple[str, str]]) -> str:
        messages = [{"role": role, "content": content} for role, content in turns]
        try:
            text: str = self.tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
        except Exception as error:  # templates raise what they like
            roles = ", ".join(role for role, _ in turns)
            text = f"the chat template takes no turns {roles}: {error}"
            raise TurnsError(text, _OTHER) from error
        return text

    def _frame(self, roles: tuple[str, ...]) -> Frame:
        """Return what the template makes of contents that say nothing."""
        marks = [_MARK.format(place) for place in range(len(roles))]
        texts = self._around(roles, marks)
        padded = self._around(roles, marks, _LEFT, _RIGHT)
        sides = [_kept(own, other) for own, other in zip(texts, padded, strict=True)]
        before, after = [left for _, left in sides[:-1]], [right for right, _ in sides[1:]]
        trims = tuple((not one, not other) for one, other in zip(before, after, strict=True))
        return Frame(texts, trims, self._joins(texts))

    def _around(
        self, roles: Sequence[str], marks: Sequence[str], left: str = "", right: str = ""
    ) -> tuple[str, ...]:
        pairs = zip(roles, marks, strict=True)
        text = self._rendered([(role, f"{left}{mark}{right}") for role, mark in pairs])
        pieces = []
        for mark in marks:
            piece, found, text = text.partition(mark)
            if not found:
                raise TurnsError("the chat template drops or moves a turn", "use another model")
            pieces.append(piece)
        return (*pieces, text)

    def _joins(self, texts: Sequence[str]) -> bool:
        """Whether texts that are tokenised alone say the same together; where they put a space
        before each, as sentencepiece's do, they say something else."""
        pieces = [piece for text in texts[:-1] for piece in (text, *_PARTS)] + [texts[-1]]
        alone = [token for piece in pieces for token in self._encode(piece)]
        decode = self.tokenizer.decode
        return bool(decode(alone) == decode(list(self._encode("".join(pieces)))))


def _kept(text: str, padded: str) -> tuple[bool, bool]:
    """Return whether the space behind the mark before, and before the next one, is still there."""
    for right in (_RIGHT, ""):
        for left in (_LEFT, ""):
            if padded == right + text + left:
                return bool(right), bool(left)
    raise TurnsError("the chat template changes what a turn says", "use another model")


def trimmed(parts: Sequence[Part], left: bool, right: bool) -> list[Part]:
    """Return the parts of a turn without the space at its ends; one that is cut loses its ids."""
    found = list(parts)
    if left:
        found = _cut(found, str.lstrip)
    return _cut(found[::-1], str.rstrip)[::-1] if right else found


def _cut(parts: Sequence[Part], strip: Callable[[str], str]) -> list[Part]:
    """Cut the first part, or as many as are nothing but space."""
    for place, part in enumerate(parts):
        text = strip(part.text)
        if text:
            first = part if text == part.text else Part(text=text)
            return [first, *parts[place + 1 :]]
    return []
