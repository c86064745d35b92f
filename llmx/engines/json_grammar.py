"""Answers that are held to a JSON schema token by token, by llguidance.

Between the parts of JSON one space may stand, or none: with more a small model writes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llmx.core.errors import EngineError
from llmx.core.install import with_extra
from llmx.decoding.accept import Flags

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer


class JsonGrammars:
    """The grammars of one model's tokens; a schema is compiled once.

    Args:
        tokenizer: of transformers or of llmx, with a `backend` of the library tokenizers.
        size: logits of the model, at least the tokens that the tokenizer has.
        ends: tokens that end an answer; they are allowed where the JSON is whole.

    Raises:
        EngineError: without the package, or for a tokenizer that it cannot read.
    """

    def __init__(self, tokenizer: Any, size: int, ends: Sequence[int]) -> None:
        self._tokens = _read(tokenizer, size, ends)
        self._compiled: dict[str, LLMatcher] = {}

    def of(self, schema: str) -> JsonConstraint:
        """Return a constraint for one answer.

        Raises:
            EngineError: for a schema that no grammar can be made of.
        """
        if schema not in self._compiled:
            self._compiled[schema] = self._matcher(schema)
        return JsonConstraint(self._compiled[schema].deep_copy())

    def _matcher(self, schema: str) -> LLMatcher:
        from llguidance import LLMatcher

        # What it cannot hold tokens to (names of properties, say) whoever reads the answer checks.
        options: Any = {"whitespace_pattern": " ?", "lenient": True}
        try:
            grammar = LLMatcher.grammar_from_json_schema(schema, defaults=options)
        except ValueError as error:
            raise _unusable(str(error)) from error
        made = LLMatcher(self._tokens, grammar, log_level=0)
        if made.is_error():
            raise _unusable(made.get_error())
        return made


def _unusable(why: str) -> EngineError:
    first = why.strip().splitlines()[0]
    return EngineError(f"no answer can be held to this schema: {first[:200]}")


class JsonConstraint:
    """One answer under way; see :class:`~llmx.decoding.constraint.Constraint`."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher
        self._read = 0

    def allowed(self, output: Sequence[int], size: int) -> Flags:
        """Return the tokens that may follow.

        Raises:
            EngineError: if the tokens before were no beginning of such an answer.
        """
        new = list(output[self._read :])
        self._read = len(output)
        if new and not self._matcher.consume_tokens(new):
            raise EngineError(f"an answer left its schema: {self._matcher.get_error()[:200]}")
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        kept: Flags = np.unpackbits(bits, bitorder="little")[:size].astype(np.bool_)
        return np.pad(kept, (0, size - len(kept)))


def _read(tokenizer: Any, size: int, ends: Sequence[int]) -> LLTokenizer:
    try:
        from llguidance import LLTokenizer
    except ImportError as error:
        text = "answers are held to a schema by the package llguidance, which is not here"
        raise EngineError(text, with_extra("constrained")) from error
    backend = getattr(tokenizer, "backend", None) or getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        text = "answers can be held to a schema only where the library tokenizers reads the model's"
        raise EngineError(text, "set agent.constrained=off")
    return LLTokenizer(backend.to_str(), n_vocab=size, eos_token=list(ends))
