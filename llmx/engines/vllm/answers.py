"""From what vLLM answered to a record."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmx.core.errors import EngineError
from llmx.core.record import Finish


@dataclass(frozen=True)
class Ending:
    """Where an answer ends, and why."""

    tokens: tuple[int, ...]
    finish: Finish


def ending(
    event: Mapping[str, Any],
    eos_ids: Sequence[int],
    stop: Callable[[Sequence[int]], bool] | None,
) -> Ending:
    """Cut an answer at the token that completes a stop text; an EOS goes before a stop.

    vLLM hands out whole blocks, so there may be tokens after the stop.

    Raises:
        EngineError: if vLLM gave the request up.
    """
    ids, reason = event["token_ids"], event["finish"]
    if reason not in ("stop", "length"):
        raise EngineError(f"vLLM gave a request up: {reason}")
    eos = bool(ids) and ids[-1] in eos_ids
    last = len(ids) - eos
    if stop is not None and last and stop(ids[:last]):
        size = 1 + bisect_left(range(1, last + 1), True, key=lambda n: stop(ids[:n]))
        return Ending(tuple(ids[:size]), "stop")
    return Ending(tuple(ids), "eos" if eos else "length" if reason == "length" else "stop")


@dataclass(frozen=True)
class Counts:
    """The counters of a record."""

    rounds: int
    drafted: int
    accepted: int


def counts(rounds: Sequence[Sequence[int]], tokens: int) -> Counts:
    """Add up the rounds that gave the first `tokens` tokens.

    Args:
        rounds: (drafted, accepted, emitted) each.
    """
    there = used = drafted = accepted = 0
    for proposed, kept, emitted in rounds:
        if there >= tokens:
            break
        used, drafted = used + 1, drafted + proposed
        accepted += min(kept, tokens - there)
        there += emitted
    return Counts(used, drafted, accepted)
