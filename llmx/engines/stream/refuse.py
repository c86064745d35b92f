"""What no stream of a model can do, refused before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.errors import ContextLengthError, EngineError
from llmx.core.spec import SamplerSpec
from llmx.core.stream import Ask
from llmx.engines.size import NO_ROOM


def check_room(name: str, ids: Sequence[int], ask: Ask, context: int | None) -> None:
    """Refuse a prompt that leaves no room for the answer.

    Args:
        context: positions that the model knows; None where nobody says.

    Raises:
        ContextLengthError: with both lengths.
    """
    if context is not None and len(ids) + ask.budget > context:
        fewer = NO_ROOM if len(ids) >= context else "lower sampler.max_tokens"
        raise ContextLengthError(
            f"'{name}' has {len(ids)} prompt tokens and may get {ask.budget} more; it "
            f"knows {context} positions",
            f"set ensemble.max_heard; {fewer}",
        )


def check_sampler(name: str, sampler: SamplerSpec, penalties: bool, hint: str) -> None:
    """Refuse what needs a second model, and penalties where the engine has none.

    Raises:
        EngineError: with the hint.
    """
    if sampler.algorithm != "target" or (penalised(sampler) and not penalties):
        raise EngineError(f"a stream of '{name}' draws from one model, without penalties", hint)


def is_whole(ask: Ask) -> bool:
    """Whether one request is a whole answer: engines count penalties within a request."""
    return ask.position == 0 and ask.budget >= ask.sampler.max_tokens


def penalised(sampler: SamplerSpec) -> bool:
    """Whether what was said weighs on what follows."""
    return (
        sampler.repetition_penalty != 1
        or sampler.presence_penalty != 0
        or sampler.frequency_penalty != 0
    )
