"""From a model folder to its tokenizer, where that needs no library but `tokenizers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from llmx.core import json_text
from llmx.core.templates.guarded import render_guarded

if TYPE_CHECKING:
    from tokenizers import AddedToken, Encoding, Tokenizer


# Of these, config.json says plainly how many positions there are. Others have other names for it.
_PLAIN_CONFIGS = {
    *("gemma2", "gpt_neox", "granite", "llama", "mistral", "olmo2", "qwen2", "qwen3", "smollm3")
}
# None of these can make generation_config.json invalid, whatever its value.
_KNOWN = {
    *("_from_model_config", "bos_token_id", "eos_token_id", "pad_token_id"),
    *("do_sample", "temperature", "top_k", "top_p", "repetition_penalty", "max_length"),
    *("output_attentions", "output_hidden_states", "transformers_version", "use_cache"),
}


class HasEnd(Protocol):
    """A tokenizer, as far as it is needed here."""

    @property
    def eos_token_id(self) -> int | None:
        """The token that ends a text."""


def read_json(path: Path) -> dict[str, Any]:
    """Return a file's settings.

    Raises:
        ValueError: for anything but an object.
        OSError: if the file cannot be read.
    """
    found = json_text.parse(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds no object")
    return found


def end_ids(folder: Path, tokenizer: HasEnd) -> tuple[int, ...] | None:
    """Return every token that ends an answer, rising; None if only transformers can say."""
    path = folder / "generation_config.json"
    try:
        told = read_json(path) if path.exists() else {}
    except (OSError, ValueError):
        return None
    found = told.get("eos_token_id")
    ids = found if isinstance(found, list) else [found]
    if set(told) - _KNOWN or not all(one is None or type(one) is int for one in ids):
        return None
    return tuple(sorted({one for one in [*ids, tokenizer.eos_token_id] if one is not None}))


def positions(folder: Path) -> int | None:
    """Return how many positions the model of a folder knows; None if only transformers can say."""
    try:
        told = read_json(folder / "config.json")
    except (OSError, ValueError):
        return None
    found = told.get("max_position_embeddings")
    plain = told.get("model_type") in _PLAIN_CONFIGS and "auto_map" not in told
    return found if plain and type(found) is int else None


NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_EXTRA = ("extra_special_tokens", "additional_special_tokens")
# Both are names of one class, which keeps tokenizer.json as it is.
_CLASSES = ("PreTrainedTokenizerFast", "TokenizersBackend")
# For other models transformers may take a class of its own, whatever the settings name.
_MODELS = {"gemma2", "gpt2", "gpt_neox", "granite", "llama", "olmo2", "qwen3", "smollm3"}
_READ = {
    *(*NAMED, *_EXTRA, "tokenizer_class", "chat_template", "added_tokens_decoder"),
    *("clean_up_tokenization_spaces", "split_special_tokens", "model_max_length"),
    *("model_input_names", "padding_side", "truncation_side"),
}
# The generic class reads none of these, or only writes them down.
_IDLE = {
    *("add_bos_token", "add_eos_token", "add_prefix_space", "backend", "is_local"),
    *("legacy", "local_files_only", "name_or_path", "use_default_system_prompt"),
}
_SIDES = ("left", "right")


def plain_folder(folder: Path, told: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """Whether no file and no model type brings in another class, other tokens or other templates.

    Args:
        told: of tokenizer_config.json.
        config: of config.json.
    """
    if config.get("model_type") not in _MODELS or {"auto_map", "model_name"} & set(config):
        return False
    old = ["added_tokens.json", "additional_chat_templates"]
    if "added_tokens_decoder" not in told:  # else nobody reads it
        old.append("special_tokens_map.json")
    return not any((folder / name).exists() for name in old)


def plain_settings(told: Mapping[str, Any]) -> bool:
    """Whether all settings are known, and have values that are understood here."""
    longest, names = told.get("model_max_length"), told.get("model_input_names", [])
    return (
        told.get("tokenizer_class") in _CLASSES
        and not set(told) - _READ - _IDLE
        and told.get("split_special_tokens", False) is False
        and isinstance(told.get("clean_up_tokenization_spaces", False), bool)
        and isinstance(told.get("chat_template"), str | None)
        and isinstance(longest, int | float | None)
        and isinstance(names, list)
        and all(told.get(f"{one}_side", "right") in _SIDES for one in ("padding", "truncation"))
    )


def plain_tokens(
    backend: Tokenizer, told: Mapping[str, Any], written: Mapping[str, Any] | None
) -> bool:
    """Whether the settings add no token to those of tokenizer.json and change none.

    Args:
        written: tokenizer.json itself; None where the settings list all added tokens.
    """
    from tokenizers import AddedToken

    there = list(backend.get_added_tokens_decoder().values())
    listed = written["added_tokens"] if written else told["added_tokens_decoder"].values()
    named = {text_of(told[name]) for name in NAMED if told.get(name) is not None}
    texts = {one.content for one in there}
    return (
        {repr(AddedToken(**_fields(one))) for one in listed} <= {repr(one) for one in there}
        and named | set(_extra(told)) <= texts
        # Padding names a token of its own, which then counts as the tokenizer's.
        and (backend.padding is None or told.get("pad_token") is not None)
    )


def text_of(token: str | Mapping[str, Any]) -> str:
    """Return a special token's text, from either form of the settings.

    Raises:
        ValueError: for another form.
    """
    if isinstance(token, str):
        return token
    if token["__type"] != "AddedToken" or not isinstance(token["content"], str):
        raise ValueError("no token")
    return token["content"]


def _extra(told: Mapping[str, Any]) -> Iterator[str]:
    for name in _EXTRA:
        found = told.get(name) or []
        if not isinstance(found, list):  # a dictionary gives names to tokens, for templates
            raise ValueError(f"{name} is no list")
        yield from map(text_of, found)


def _fields(token: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in token.items() if name != "id"}


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
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Every added token by its id, special ones and others."""
        return self.backend.get_added_tokens_decoder()

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


def open_tokenizer(folder: Path) -> PlainTokenizer | None:
    """Return the tokenizer of a folder, or None if only transformers can say what it does."""
    try:
        return _opened(folder)
    except Exception:  # the library raises bare ones; transformers then says what is wrong
        return None


def _opened(folder: Path) -> PlainTokenizer | None:
    from tokenizers import Tokenizer

    told, config = (read_json(folder / f"{name}.json") for name in ("tokenizer_config", "config"))
    if not (plain_settings(told) and plain_folder(folder, told, config)):
        return None
    raw = (folder / "tokenizer.json").read_bytes()
    backend = Tokenizer.from_buffer(raw)
    written = None if "added_tokens_decoder" in told else json_text.parse(raw)
    if not plain_tokens(backend, told, written):
        return None
    backend.no_truncation()
    backend.no_padding()
    backend.encode_special_tokens = False
    return PlainTokenizer(
        backend,
        {name: text_of(told[name]) for name in NAMED if told.get(name) is not None},
        _chat_template(folder, told),
        # transformers spares byte-pair tokenizers: their spaces are the text's own.
        bool(told.get("clean_up_tokenization_spaces")) and type(backend.model).__name__ != "BPE",
    )


def _chat_template(folder: Path, told: Mapping[str, Any]) -> str | None:
    path = folder / "chat_template.jinja"
    if path.exists():  # it goes before the settings
        return path.read_text(encoding="utf-8")
    found: str | None = told.get("chat_template")
    return found
