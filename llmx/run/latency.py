"""Stage `ensemble_latency`: when the reader sees what, all arms interleaved on one machine."""

from __future__ import annotations

import asyncio
from collections.abc import ItemsView, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from llmx.core.events import Event
from llmx.core.exchange import Request
from llmx.core.spec import ArmSpec, EngineSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.core.stream import Streamer
from llmx.data import evaluation_identity
from llmx.engines.stream.open import open_cast
from llmx.methods.ensemble.api import converse
from llmx.methods.ensemble.timing import timing
from llmx.run.ask import requests_for, required
from llmx.run.decode import check_options, positive_option
from llmx.run.ensemble import ensemble_identity, ensemble_of
from llmx.store.files import Appender, read_lines, write_json, write_lines

ROWS, EVENTS = "latency.jsonl", "events.jsonl"


class LatencyStage:
    """Writes ``latency.jsonl``, a line an answer, and ``events.jsonl``, the first answer of an arm.

    In each round every arm answers the same problem, in an order that turns from round to round.

    Options: ``rounds`` (default: the scale's speed problems) and ``tokens`` (default 256): every
    answer, of proposers and of the aggregator, has just so many; ends are passed over, since the
    time of a token does not depend on what it says. Quality is measured elsewhere.
    """

    kind: ClassVar[str] = "ensemble_latency"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = True

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """All arms, what they are asked, rounds, tokens, threads; the graph adds the machine."""
        check_options(given, {"rounds", "tokens"})
        rounds, tokens = _sizes(given)
        arms = {name: ensemble_identity(arm) for name, arm in given.arms.items()}
        asked = {name: _asked_identity(arm) for name, arm in given.arms.items()}
        samplers = {n: required(a, "latency")[1].model_dump(mode="json") for n, a in _arms(given)}
        threads = {name: arm.engine.threads for name, arm in given.arms.items()}
        # It changes no answer, so an engine's own identity leaves it out.
        opened = {name: arm.engine.streaming_input for name, arm in given.arms.items()}
        sizes = {"rounds": rounds, "tokens": tokens, "streaming_input": opened}
        return {"arms": arms, "asked": asked, "samplers": samplers, "threads": threads, **sizes}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Tokens of all answers and drafts."""
        rounds, tokens = _sizes(given)
        specs = [ensemble_of(arm) for arm in given.arms.values()]
        members = sum(1 + (spec.layers - 1) * len(spec.proposers) for spec in specs)
        return Cost(samples=rounds * len(given.arms), tokens=rounds * tokens * members)

    def run(self, context: StageContext) -> None:
        """Time every answer; a round that a kill cut short is done again as a whole."""
        given = context.given
        rounds, tokens = _sizes(given)
        names = list(given.arms)
        done = len(read_lines(context.out / ROWS)) // len(names)
        write_lines(context.out / ROWS, read_lines(context.out / ROWS)[: done * len(names)])
        context.progress.start(rounds * len(names), done * len(names), unit="answers")
        stands = {name: _stand(name, arm, context.inputs, tokens) for name, arm in _arms(given)}
        for stand in stands.values():
            # Loads and warms the models, on a problem whose prompt no early round finds cached.
            asyncio.run(_answer(stand, stand.requests[-1]))
        with Appender(context.out / ROWS) as rows, Appender(context.out / EVENTS) as kept:
            for round_ in range(done, rounds):
                rows.append(self._round(context, stands, round_, kept))
        write_json(
            context.out / "summary.json", {"rounds": rounds, "tokens": tokens, "arms": names}
        )

    def _round(
        self, context: StageContext, stands: Mapping[str, Stand], round_: int, kept: Appender
    ) -> list[dict[str, Any]]:
        names = list(stands)
        turn = round_ % len(names)
        found = []
        for name in names[turn:] + names[:turn]:
            stand = stands[name]
            events = asyncio.run(_answer(stand, stand.requests[round_ % len(stand.requests)]))
            if round_ == 0:
                kept.append({"arm": name, **one.model_dump(mode="json")} for one in events)
            found.append({"round": round_, "arm": name, **timing(events).as_dict()})
            context.progress.advance()
        return found


@dataclass(frozen=True)
class Stand:
    """One arm, ready to answer."""

    arm: ArmSpec
    cast: Mapping[str, Streamer]
    requests: list[Request]


def _stand(name: str, arm: ArmSpec, inputs: Mapping[str, Path], tokens: int) -> Stand:
    """Return an arm whose answers all have `tokens` tokens."""
    assert arm.sampler is not None
    sampler = arm.sampler.model_copy(update={"max_tokens": tokens})
    spec = ensemble_of(arm)
    voices = {
        member: voice.model_copy(
            update={
                "sampler": (voice.sampler or sampler).model_copy(update={"max_tokens": tokens}),
                "engine": _endless(voice.engine or arm.engine, name),
            }
        )
        for member, voice in spec.voices.items()
    }
    long = spec.model_copy(update={"voices": voices})
    asked = arm.model_copy(update={"sampler": sampler, "ensemble": long})
    cast = open_cast(long, arm.engine, inputs)
    return Stand(asked, cast, requests_for(asked, "test", 32, 0.0))


def _endless(engine: EngineSpec, arm: str) -> EngineSpec:
    """Return the engine with ends passed over, in the words of vLLM's requests.

    Arms share engines, and what one of them has sent must not be in the other's prefix cache.
    """
    words: dict[str, Any] = {"ignore_eos": True}
    if engine.kind in ("vllm", "vllm_server"):
        words["cache_salt"] = arm
    return engine.model_copy(update={"options": {**engine.options, **words}})


async def _answer(stand: Stand, request: Request) -> list[Event]:
    arm = stand.arm
    stream = converse(
        ensemble_of(arm),
        stand.cast,
        request.messages,
        id=request.id,
        sampler=request.sampler,
        seed=arm.seed,
    )
    async with aclosing(stream):
        return [event async for event in stream]


def _asked_identity(arm: ArmSpec) -> dict[str, Any]:
    data, _ = required(arm, "latency")
    return {"data": evaluation_identity(data, "test"), "seed": arm.seed}


def _arms(given: StageInput) -> ItemsView[str, ArmSpec]:
    return given.arms.items()


def _sizes(given: StageInput) -> tuple[int, int]:
    """Return rounds and tokens of an answer."""
    scale = next(iter(given.arms.values())).scale
    rounds = positive_option(given, "rounds", scale.speed_problems)
    return rounds, positive_option(given, "tokens", 256)
