"""One arm, ready to answer on the clock: its models open, its answers as long as they shall be."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core.ensemble import EnsembleSpec
from llmx.core.events import Event
from llmx.core.spec import ArmSpec, EngineSpec
from llmx.core.speech import Request
from llmx.core.stream import Streamer
from llmx.dialogue.api import converse
from llmx.engines.stream.open import open_cast
from llmx.stages.ensemble import ensemble_of
from llmx.stages.requests import requests_for

Length = int | None
"""Tokens that every answer and every draft is forced to; None: each ends by itself."""


@dataclass(frozen=True)
class ReadyArm:
    """One arm, ready to answer."""

    arm: ArmSpec
    cast: Mapping[str, Streamer]
    requests: list[Request]

    async def answer(self, request: Request) -> list[Event]:
        """Return what happens in one answer."""
        stream = converse(
            ensemble_of(self.arm),
            self.cast,
            request.messages,
            id=request.id,
            sampler=request.sampler,
            seed=self.arm.seed,
        )
        async with aclosing(stream):
            return [event async for event in stream]


def open_stand(
    name: str, arm: ArmSpec, inputs: Mapping[str, Path], length: Length, problems: int
) -> ReadyArm:
    """Return an arm whose speakers end by themselves, or all have `length` tokens.

    Args:
        name: of the arm. Arms share engines, and what one has sent must not be in another's prefix
            cache, nor in its own at another length.
        problems: of the test split that it will be asked.
    """
    asked = arm if length is None else _forced(arm, length)
    asked = asked.model_copy(update={"ensemble": _apart(asked, f"{name}/{length}", length)})
    cast = open_cast(ensemble_of(asked), asked.engine, inputs)
    return ReadyArm(asked, cast, list(requests_for(asked, "test", problems, 0.0)))


def _forced(arm: ArmSpec, length: int) -> ArmSpec:
    """Return the arm with every speaker's budget set to `length` tokens."""
    assert arm.sampler is not None
    sampler = arm.sampler.model_copy(update={"max_tokens": length})
    spec = ensemble_of(arm)
    voices = {
        name: voice.model_copy(
            update={"sampler": (voice.sampler or sampler).model_copy(update={"max_tokens": length})}
        )
        for name, voice in spec.voices.items()
    }
    long = spec.model_copy(update={"voices": voices})
    return arm.model_copy(update={"sampler": sampler, "ensemble": long})


def _apart(arm: ArmSpec, salt: str, length: Length) -> EnsembleSpec:
    """Return the arm's ensemble with a prefix cache of its own, and ends passed over if forced."""
    spec = ensemble_of(arm)
    voices = {
        name: voice.model_copy(update={"engine": _engine(voice.engine or arm.engine, salt, length)})
        for name, voice in spec.voices.items()
    }
    return spec.model_copy(update={"voices": voices})


def _engine(engine: EngineSpec, salt: str, length: Length) -> EngineSpec:
    """Return the engine with what every request says, in the words of vLLM's requests."""
    words: dict[str, Any] = {} if length is None else {"ignore_eos": True}
    if engine.kind in ("vllm", "vllm_server"):
        words["cache_salt"] = salt
    return engine.model_copy(update={"options": {**engine.options, **words}})
