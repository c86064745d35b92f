"""A tokenizer over the library `tokenizers` alone, with the part of transformers' face in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmx.engines.tokenizer.guarded import render_guarded

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer


Turns = Sequence[Mapping[str, str | None]]


def render(
    template: str, turns: Turns, special: Mapping[str, str], add_generation_prompt: bool
) -> str:
    """Return the text of a conversation.

    Args:
        turns: with a role and a content each; one that is None is left out.
        special: texts of special tokens by name, which a template reads as variables.

    Raises:
        ValueError: for no turn at all, or a turn with other keys.
        jinja2.TemplateError: for a broken template, one that passes a limit, and where a template
            refuses the turns.
    """
    if not turns:
        raise ValueError("a conversation needs a turn")
    variables = {
        "messages": [_plain(turn) for turn in turns],
        "tools": None,
        "documents": None,
        "add_generation_prompt": add_generation_prompt,
        **special,
    }
    return render_guarded(template, variables)


def _plain(turn: Mapping[str, str | None]) -> dict[str, str]:
    # Models give other keys other names; what llmx does not send is not translated here.
    if set(turn) - {"role", "content"}:
        raise ValueError(f"a turn has a role and a content, not {', '.join(turn)}")
    # A subclass of str could bring methods into the sandbox.
    return {key: str.__str__(value) for key, value in turn.items() if value is not None}


_LONG = 2048  # characters: from here on the call for several texts is used

# What decoders of word pieces leave too much, in the order in which it is taken away.
_TOO_WIDE = (
    *((" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'")),
    *((" n't", "n't"), (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re")),
)


@dataclass(frozen=True)
class PlainTokenizer:
    """Encodes, decodes and renders chats as transformers' generic tokenizer does.

    Attributes:
        backend: without truncation and padding.
        special: texts of the named special tokens: ``bos_token``, ``eos_token`` and so on.
        clean_up: whether spaces before punctuation go when a text is decoded.
    """

    backend: Tokenizer
    special: Mapping[str, str]
    chat_template: str | None
    clean_up: bool = False

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        """Return the ids of a text, as `input_ids`."""
        return {"input_ids": self._encoded(text, add_special_tokens).ids}

    def __len__(self) -> int:
        """Return the size of the vocabulary, added tokens with it."""
        return self.backend.get_vocab_size(with_added_tokens=True)

    def get_vocab(self) -> dict[str, int]:
        """Return every token's id, added tokens with them."""
        return self.backend.get_vocab(with_added_tokens=True)

    @property
    def bos_token_id(self) -> int | None:
        """The token that begins a text, None where the model has none."""
        return self._id("bos_token")

    @property
    def eos_token_id(self) -> int | None:
        """The token that ends a text, None where the model has none."""
        return self._id("eos_token")

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """Return the text of ids."""
        text = self.backend.decode(list(ids), skip_special_tokens=skip_special_tokens)
        for wide, narrow in _TOO_WIDE if self.clean_up else ():
            text = text.replace(wide, narrow)
        return text

    def apply_chat_template(
        self,
        conversation: Turns,
        *,
        add_generation_prompt: bool = False,
        tokenize: bool = True,
        return_dict: bool = True,
    ) -> str | list[int] | dict[str, list[int]]:
        """Return a conversation as text, or as its ids: alone or as `input_ids`.

        Raises:
            ValueError: if the model has no template, or for turns that are none.
            jinja2.TemplateError: if the template is broken or refuses the turns.
        """
        if self.chat_template is None:
            raise ValueError("this tokenizer has no chat template")
        text = render(self.chat_template, conversation, self.special, add_generation_prompt)
        if not tokenize:
            return text
        encoded = self(text, add_special_tokens=False)  # a template writes its own
        return encoded if return_dict else encoded["input_ids"]

    def _encoded(self, text: str, special: bool) -> Encoding:
        """Encode a text; a long one by the call for several, which lets other threads go on."""
        if len(text) < _LONG:
            return self.backend.encode(text, add_special_tokens=special)
        return self.backend.encode_batch_fast([text], add_special_tokens=special)[0]

    def _id(self, name: str) -> int | None:
        return self.backend.token_to_id(self.special[name]) if name in self.special else None
