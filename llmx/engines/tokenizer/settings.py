"""What ends an answer, and how many positions a model knows: from the files of its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from llmx.core import json_text

# Of these, config.json says plainly how many positions there are. Others have other names for it.
_MODELS = {
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
    plain = told.get("model_type") in _MODELS and "auto_map" not in told
    return found if plain and type(found) is int else None
