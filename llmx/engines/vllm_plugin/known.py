"""The decoding rules that the plugin brings to vLLM; the others are llmx's own loop's."""

from __future__ import annotations

from llmx.core.errors import ConfigError
from llmx.core.registry import kinds

_OWN = ("target", "draft", "speculative", "random", "ensemble")
DEFAULT = "fuzzy"
"""The rule of a request that gives a threshold and names none."""


def follows(algorithm: str) -> bool:
    """Whether vLLM can decode by a rule: its own, or any rule with a memory.

    Raises:
        ConfigError: if there is no such rule.
    """
    if algorithm in _OWN:
        return True
    from llmx.decoding.stateful_rule import stateful_rule

    return stateful_rule(algorithm) is not None


def followed() -> tuple[str, ...]:
    """Return the names of all rules that vLLM can decode by, for a message."""
    return (*_OWN, *(name for name in kinds("accept") if name not in _OWN and _loads(name)))


def _loads(algorithm: str) -> bool:
    try:
        return follows(algorithm)
    except ConfigError:  # a plugin's that is broken is no matter of this message
        return False
