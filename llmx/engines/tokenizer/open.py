"""From a model folder to its tokenizer, where that needs no library but `tokenizers`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.engines.tokenizer.plain import PlainTokenizer
from llmx.engines.tokenizer.plainness import (
    NAMED,
    plain_folder,
    plain_settings,
    plain_tokens,
    read_json,
    text_of,
)


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
