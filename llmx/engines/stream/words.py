"""Settings of a single request among the options of an engine of vLLM."""

from __future__ import annotations

from dataclasses import dataclass

from llmx.core.spec import EngineSpec


@dataclass(frozen=True)
class RequestWords:
    """What a request says, by vLLM's names.

    Attributes:
        ignore_eos: ends are passed over: for timing, where every answer is as long.
        cache_salt: requests share cached prefixes with those of the same salt only.
    """

    ignore_eos: bool = False
    cache_salt: str | None = None


def split(spec: EngineSpec) -> tuple[RequestWords, EngineSpec]:
    """Return the request's words, and the specification without them."""
    options = dict(spec.options)
    words = RequestWords(bool(options.pop("ignore_eos", False)), options.pop("cache_salt", None))
    return words, spec.model_copy(update={"options": options})
