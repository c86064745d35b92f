"""The two ways to run an ensemble: in time, as events, and in steps, as lists of requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

from llmx.core.ensemble import EnsembleSpec
from llmx.core.events import Event
from llmx.core.record import Message
from llmx.core.spec import SamplerSpec
from llmx.core.stream import Streamer
from llmx.dialogue.batched import Steps, stepwise
from llmx.dialogue.listener import Question
from llmx.dialogue.live import Conductor


async def converse(
    spec: EnsembleSpec,
    cast: Mapping[str, Streamer],
    turns: Sequence[Message],
    *,
    id: str,
    sampler: SamplerSpec,
    seed: int,
) -> AsyncGenerator[Event, None]:
    """Answer a conversation and tell what happens as it does.

    Closing the generator cancels every speaker, and with it every request upstream. A reader that
    does not read holds the speakers up, so what waits for it is bounded.

    Args:
        cast: a streaming model for each voice.
        turns: end with the user's turn that is to be answered.
        id: with `seed` it fixes every random number.

    Raises:
        LlmxError: if the answer cannot go on; what was shown until then was yielded.
    """
    conductor = Conductor(Question(spec, tuple(turns), id, sampler, seed), cast)
    run = asyncio.create_task(conductor.run())
    try:
        while (event := await conductor.events.get()) is not None:
            yield event
        await run
    finally:
        run.cancel()
        # Nobody reads any more, and a full queue must not hold up those who are to stop.
        while not run.done():
            while not conductor.events.empty():
                conductor.events.get_nowait()
            await asyncio.wait({run}, timeout=0.02)


def steps(
    spec: EnsembleSpec, turns: Sequence[Message], *, id: str, sampler: SamplerSpec, seed: int
) -> Steps:
    """Return the same as a generator of requests: see :mod:`llmx.dialogue.batched`."""
    return stepwise(Question(spec, tuple(turns), id, sampler, seed))
