"""Are two samplers like for like? What a difference between them could be blamed on instead."""

from __future__ import annotations

from llmx.core.speech import SamplerSpec

_SETTINGS = {
    "temperature": "temperature",
    "top_p": "top-p",
    "top_k": "top-k",
    "repetition_penalty": "repetition penalty",
    "presence_penalty": "presence penalty",
    "frequency_penalty": "frequency penalty",
    "max_tokens": "length cap",
    "stop": "stop texts",
}
"""Settings that change what is drawn, whatever the decoding rule, with their names in words."""

_CUTS = ("top_p", "top_k")
"""Settings without a meaning where the most likely token is taken anyway."""

_PLAIN = ("target", "draft")
"""Algorithms that let nothing be drafted."""


def unlike(first: SamplerSpec | None, other: SamplerSpec | None) -> tuple[str, ...]:
    """Return what two arms differ in besides their rule, e.g. ``temperature 0.6 and 0``.

    A baseline that samples beside an arm that drafts by arg-max is another baseline: the arm is
    then nearly greedy, and its gain is that of greedy decoding. Empty where one has no sampler.
    """
    if first is None or other is None:
        return ()
    idle = _CUTS if first.temperature == other.temperature == 0 else ()
    settings = {key: words for key, words in _SETTINGS.items() if key not in idle}
    pairs = {words: (getattr(first, key), getattr(other, key)) for key, words in settings.items()}
    if not {first.algorithm, other.algorithm} & {*_PLAIN}:
        pairs["drafts"] = (_drafts(first), _drafts(other))
    return tuple(
        f"{words} {_shown(one)} and {_shown(two)}"
        for words, (one, two) in pairs.items()
        if one != two
    )


def _drafts(sampler: SamplerSpec) -> str:
    """Return how it drafts; at temperature 0 a sampled draft is the arg-max, and q is one-hot."""
    greedy = sampler.temperature == 0 and sampler.draft == "sampled"
    return "greedy" if greedy else sampler.draft


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
