"""What times a block of answers: llmx's own loop, or vLLM."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from llmx.core.progress import Progress
from llmx.core.spec import ArmSpec
from llmx.core.speech import Request
from llmx.engines.hf import HfEngine
from llmx.engines.vllm.engine import VllmEngine
from llmx.engines.vllm.pool import POOL

if TYPE_CHECKING:
    from llmx.engines.vllm.process import Process

_MEMORY = 0.9  # share of a GPU that the engines of a measurement take together


class Clock(Protocol):
    """Decodes requests that are all of one arm, and says how long it took."""

    def __call__(self, requests: Sequence[Request], batch: int) -> dict[str, Any]:
        """Return problems, tokens, seconds, rounds and the batch size."""


@dataclass
class HfClock:
    """The clock runs over prefill, the token loop, and nothing else; rows are refilled."""

    engine: HfEngine

    def __call__(self, requests: Sequence[Request], batch: int) -> dict[str, Any]:
        """Decode a block."""
        import torch

        from llmx.decoding import decode_refill

        engine = self.engine
        # Threads are of the process: the arm before may have had others.
        torch.set_num_threads(engine.spec.threads)
        first = requests[0]
        options = engine.options(first.sampler, first.resolved_threshold())
        prompts = [engine.prompt_ids(request) for request in requests]
        target = engine.pair.target if options.uses_target else None
        draft = engine.pair.draft if options.uses_draft else None
        ids, stop = [request.id for request in requests], engine.stopper(first.sampler)
        started = time.perf_counter()
        outputs = decode_refill(target, draft, prompts, ids, options, first.seed, stop, slots=batch)
        seconds = time.perf_counter() - started
        tokens = sum(len(output.token_ids) for output in outputs)
        return _block(requests, tokens, seconds, sum(o.rounds for o in outputs), batch)


@dataclass
class VllmClock:
    """The clock runs from the first request sent to the last answer received."""

    engine: VllmEngine
    warm: Process | None = None

    def __call__(self, requests: Sequence[Request], batch: int) -> dict[str, Any]:
        """Decode a block with `batch` requests in flight; a load and its warm-up are not timed."""
        process = self.engine.start(requests[0].sampler)
        if process is not self.warm:
            self.warm = process
            list(self.engine.answer(requests[:2], batch))
        started = time.perf_counter()
        records = list(self.engine.answer(requests, batch))
        seconds = time.perf_counter() - started
        tokens = sum(record.tokens for record in records)
        return _block(requests, tokens, seconds, sum(r.rounds for r in records), batch)


def _block(
    requests: Sequence[Request], tokens: int, seconds: float, rounds: int, batch: int
) -> dict[str, Any]:
    found = {"problems": len(requests), "tokens": tokens, "seconds": seconds}
    return {**found, "rounds": rounds, "batch_size": batch}


@contextmanager
def clocks(
    arms: Mapping[str, ArmSpec],
    inputs: Mapping[str, Path],
    progress: Progress,
    together: bool = True,
) -> Iterator[dict[str, Clock]]:
    """Give each arm its clock; arms of one pair and engine share the loaded models.

    No prefix is cached, as the arms decode the same problems one after the other.

    Args:
        together: all engines of vLLM stay up side by side, as rounds are interleaved, and share the
            memory of a GPU. Otherwise one is up at a time, and each change of engine is a load.
    """
    alone = {engine_of(arm) for arm in arms.values() if arm.engine.kind == "vllm"}
    most = len(alone) if together else min(len(alone), 1)
    share = _MEMORY / max(most, 1)
    shared: dict[str, Clock] = {}
    found: dict[str, Clock] = {}
    for name, arm in arms.items():
        key = repr((arm.model, arm.engine))
        if key not in shared:
            shared[key] = _clock(arm, inputs, progress, share)
        found[name] = shared[key]
    with POOL.room_for(most):
        yield found


def _clock(arm: ArmSpec, inputs: Mapping[str, Path], progress: Progress, share: float) -> Clock:
    if arm.engine.kind == "hf":
        return HfClock(HfEngine(arm.model, arm.engine, inputs))
    fixed = {"gpu_memory_utilization": share, **arm.engine.options, "enable_prefix_caching": False}
    engine = VllmEngine(arm.model, arm.engine.model_copy(update={"options": fixed}), inputs)
    engine.progress = progress
    return VllmClock(engine)


def engine_of(arm: ArmSpec) -> str:
    """Return what arms must have in common to share one engine of vLLM."""
    assert arm.sampler is not None
    alone = arm.sampler.algorithm in ("target", "draft")
    own = arm.sampler.algorithm if alone else arm.sampler.gamma
    return repr((arm.model, arm.engine, own))
