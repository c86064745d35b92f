"""Why an answer of an endpoint ended: many words, and none at all, for four endings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.core.record import Finish

USUAL = ("stop", "length")
"""OpenAI's own words, which records need not keep."""
FAILED = ("error", "abort", "cancelled", "network_error", "insufficient_system_resource")
"""Ends that are no answer: the endpoint broke off, and says so."""

_WORDS: Mapping[str, Finish] = {
    **dict.fromkeys(("eos", "eos_token", "end_turn", "completed", "tool_calls", "tool_use"), "eos"),
    **dict.fromkeys(("stop_sequence", "stop_token"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
    **dict.fromkeys(("content_filter", "filtered", "refusal", "safety", "sensitive"), "filtered"),
    **dict.fromkeys(("recitation", "blocklist", "prohibited_content"), "filtered"),
}
_FILTERS = ("content_filter", "content_policy_violation", "responsibleaipolicyviolation")


def ending_of(reason: str | None) -> Finish | None:
    """Return what a finish reason means; None for one that says nothing, ``stop`` among them.

    OpenAI's protocol has one word, ``stop``, for an EOS and a stop text.
    """
    return _WORDS.get((reason or "").lower())


def is_filter(error: Any) -> bool:
    """Whether an error says that a filter took the prompt: what was asked has no other answer.

    Args:
        error: what stands under ``error`` in the body.
    """
    if not isinstance(error, dict):
        return False
    inner, told = error.get("innererror"), error.get("metadata")
    words = (error.get("code"), error.get("type"), _code(inner))
    flagged = isinstance(told, dict) and "flagged_input" in told
    return flagged or any(str(word).lower() in _FILTERS for word in words)


def is_too_long(error: Any) -> bool:
    """Whether an error says that a prompt is longer than the model can read.

    Args:
        error: what stands under ``error`` in the body.
    """
    if isinstance(error, dict) and error.get("code") == "context_length_exceeded":
        return True
    words = error.get("message") if isinstance(error, dict) else error
    return any(one in str(words).lower() for one in _TOO_LONG)


_TOO_LONG = ("context length", "context window", "maximum model length", "prompt is too long")


def _code(error: Any) -> Any:
    return error.get("code") if isinstance(error, dict) else None
