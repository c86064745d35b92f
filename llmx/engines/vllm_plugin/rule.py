"""The rule of one request: the engine's configuration, and what the request itself asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from llmx.core.errors import ConfigError, nearest
from llmx.decoding import DecodeOptions
from llmx.engines.vllm_plugin.known import DEFAULT, followed, follows

NAME = "llmx"
"""The key in vLLM's ``additional_config`` and in ``SamplingParams.extra_args``."""

# What vLLM's own sampling parameters and engine say.
_OWN = {
    *("temperature", "top_p", "top_k", "max_tokens", "gamma", "eos_ids", "first_block"),
    *("repetition_penalty", "presence_penalty", "frequency_penalty"),
}
SETTINGS = frozenset(field.name for field in fields(DecodeOptions)) - _OWN
_ALONE = frozenset({"id", "seed", "key", "position"})
_GREEDY = 1e-5  # temperatures below it are greedy in vLLM
_ENDLESS = 1 << 20


@dataclass(frozen=True)
class RequestRule:
    """How one request is decoded.

    Attributes:
        options: of llmx's own decoder; requests with equal options are decided together.
        id, seed: fix every random number, see :mod:`llmx.core.philox`.
        key: name under which the counts of the request are kept until they are asked for.
        position: of the request's first token in a whole answer that is asked for in chunks.
    """

    options: DecodeOptions
    id: str
    seed: int
    key: str | None
    position: int = 0


def rule_of(config: Mapping[str, Any], params: Any, request: str, gamma: int) -> RequestRule | None:
    """Return the rule of a request; None leaves it to vLLM's own lossless sampler.

    Args:
        config: ``additional_config["llmx"]``; its settings hold for requests that give none.
        params: ``SamplingParams``.
        request: vLLM's name of the request.
        gamma: tokens drafted in one round.

    Raises:
        ConfigError: for an unknown setting, or one that cannot be had together with the rule.
    """
    own = (getattr(params, "extra_args", None) or {}).get(NAME)
    settings = {**check(config, SETTINGS), **check(own or {}, SETTINGS | _ALONE)}
    threshold = _number(settings.get("threshold"))
    algorithm = settings.get("algorithm") or ("speculative" if threshold is None else DEFAULT)
    if algorithm == DEFAULT and threshold is None and not settings.get("hold_share"):
        algorithm = "speculative"
    if not _is_followed(algorithm):
        text = f"no rule of {NAME} in vLLM is called '{algorithm}'"
        raise ConfigError(text, "engine=hf, or one of " + ", ".join(followed()))
    if settings.get("stop_below") and algorithm not in ("target", "draft"):
        raise ConfigError("vLLM drafts whole blocks: no stop_below", "engine=hf")
    if own is None and algorithm == "speculative":
        return None
    _refuse(params, algorithm)
    named = {name: settings[name] for name in SETTINGS & set(settings)}
    named |= {"algorithm": algorithm, "threshold": threshold or 0.0}
    named |= {"budget": _number(named.get("budget"), float("inf"))}
    named |= {"strict_ids": tuple(named.get("strict_ids") or ())}
    options = DecodeOptions(**named, **_sampling(params), gamma=max(gamma, 1))
    seed = settings.get("seed", params.seed)
    named_id, key = settings.get("id", request), settings.get("key")
    return RequestRule(options, named_id, seed or 0, key, int(settings.get("position") or 0))


def _is_followed(algorithm: Any) -> bool:
    try:
        return isinstance(algorithm, str) and follows(algorithm)
    except ConfigError:
        return False


def check(settings: Mapping[str, Any], known: frozenset[str]) -> Mapping[str, Any]:
    """Return settings whose names are all known.

    Raises:
        ConfigError: naming the nearest one.
    """
    for name in settings:
        if name not in known:
            raise ConfigError(f"unknown setting '{name}' of {NAME}", nearest(name, known))
    return settings


def _number(value: Any, absent: float | None = None) -> Any:
    """JSON has no infinity: ``"inf"`` is one, and ``"none"`` is no number."""
    if value is None or (isinstance(value, str) and value.lower() == "none"):
        return absent
    return float(value)


def _sampling(params: Any) -> dict[str, Any]:
    top_k = params.top_k or 0
    return {
        "temperature": 0.0 if params.temperature < _GREEDY else float(params.temperature),
        "top_p": float(params.top_p),
        "top_k": top_k if top_k > 0 else 0,
        "max_tokens": params.max_tokens or _ENDLESS,
        "eos_ids": tuple(sorted(params.all_stop_token_ids)),
        "first_block": "target",
    }


def _refuse(params: Any, algorithm: str) -> None:
    """vLLM's drafts see no penalties, and its verification no min_p: the law would be another."""
    if getattr(params, "min_p", 0):
        raise ConfigError(f"algorithm {algorithm} knows no min_p", "use top_p or top_k")
    penalties = (params.presence_penalty, params.frequency_penalty, params.repetition_penalty - 1)
    if any(penalties) and algorithm not in ("target", "draft", "speculative"):
        raise ConfigError(f"algorithm {algorithm} in vLLM drafts without penalties", "engine=hf")
