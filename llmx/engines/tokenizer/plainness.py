"""Whether transformers would read a folder with its generic tokenizer, and change nothing of it.

Everything is refused that is not known to be harmless: names of classes and settings that a later
version may add, files of older formats. Refusing costs a slow start, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from llmx.core import json_text

if TYPE_CHECKING:
    from tokenizers import Tokenizer


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
