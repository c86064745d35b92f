"""Which tokens of a vocabulary hold given texts: where the fuzzy rule is to be strict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmx.core.errors import ConfigError

DIGITS = "digits"


def strict_tokens(tokenizer: Any, wanted: Sequence[str]) -> tuple[int, ...]:
    """Return the ids of all tokens whose text holds one of `wanted`, rising.

    Args:
        tokenizer: of transformers.
        wanted: ``digits`` stands for every decimal digit; anything else for itself.

    Raises:
        ConfigError: for a text that no token holds: it would guard nothing.
    """
    texts = [tokenizer.decode([place]) for place in range(len(tokenizer))]
    found: set[int] = set()
    for text in wanted:
        ids = {place for place, held in enumerate(texts) if _holds(held, text)}
        if not ids:
            raise ConfigError(f"sampler.strict: no token holds {text!r}", "a single token's text")
        found |= ids
    return tuple(sorted(found))


def _holds(held: str, wanted: str) -> bool:
    if wanted == DIGITS:
        return any(character.isdecimal() for character in held)
    return bool(wanted) and wanted in held
