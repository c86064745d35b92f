"""One question put to a simulated ensemble, or many at random times."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from llmx.core.ensemble import EnsembleSpec, VoiceSpec
from llmx.core.errors import RunError
from llmx.core.events import Event
from llmx.core.record import Message
from llmx.core.spec import ModelSpec, SamplerSpec
from llmx.dialogue.api import converse
from llmx.dialogue.timing import Timing, timing
from llmx.papers.staircase.simulate.model import SimulatedModel
from llmx.papers.staircase.simulate.server_model import ReplicaSpeed, ServerModel

_T = TypeVar("_T")


class _Jump(selectors.SelectSelector):
    """Where a real selector would sleep, the clock is put forward."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        """Put the clock forward by `timeout` seconds.

        Raises:
            RunError: if nothing is due, ever: everybody waits for everybody.
        """
        if timeout is None:
            raise RunError("the simulation stands still: every task waits and no timer is set")
        self.loop.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at 0 seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        jump = _Jump()
        jump.loop = self
        super().__init__(jump)

    def time(self) -> float:
        """Return virtual seconds."""
        return self.now


def run_virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine on a virtual clock and return its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


@dataclass(frozen=True)
class Scene:
    """Who answers, and on what.

    Attributes:
        spec: voices are called after the members of `speeds`.
        speeds: voice → its replica. `shared`: all voices are on the replica of the aggregator.
        tokens: of the answer, and of every draft whose voice is not in `lengths`.
        question: tokens.
    """

    spec: EnsembleSpec
    speeds: Mapping[str, ReplicaSpeed]
    tokens: int
    question: int = 100
    cache: bool = False
    shared: bool = False
    network: float = 0.0
    seed: int = 0
    lengths: Mapping[str, int] = field(default_factory=dict)

    def cast(self) -> dict[str, SimulatedModel]:
        """Return the models, on replicas that rest."""
        items = enumerate(self.speeds.items())
        stations = {name: ServerModel(speed, self.seed + n) for n, (name, speed) in items}
        common = stations[self.spec.aggregator]
        return {
            name: SimulatedModel(
                name,
                common if self.shared else stations[name],
                self.lengths.get(name, self.tokens),
                self.cache,
                self.network,
            )
            for name in self.speeds
        }


def ensemble_of(proposers: int, **values: object) -> EnsembleSpec:
    """Return an ensemble of voices ``p1 …`` and ``aggregator``; the prompt's own words are few."""
    names = [f"p{n}" for n in range(1, proposers + 1)]
    voices = {name: VoiceSpec(model=ModelSpec(target=name)) for name in [*names, "aggregator"]}
    shape = {"voices": voices, "proposers": tuple(names), "aggregator": "aggregator"}
    return EnsembleSpec.model_validate({**shape, "header": "D", "more": "M", **values})


def answer(scene: Scene) -> Timing:
    """Put one question to an ensemble that rests."""
    return timing(events(scene))


def events(scene: Scene) -> list[Event]:
    """Return what happens in one answer."""
    return run_virtual(_one(scene, scene.cast(), "q0"))


def under_load(scene: Scene, rate: float, questions: int) -> list[Timing]:
    """Put questions at random times (Poisson, `rate` a second) and return their timings."""
    return run_virtual(_many(scene, rate, questions))


async def _many(scene: Scene, rate: float, questions: int) -> list[Timing]:
    dice, cast, at = Random(scene.seed), scene.cast(), 0.0
    tasks = []
    for number in range(questions):
        at += dice.expovariate(rate)
        tasks.append(asyncio.create_task(_late(scene, cast, at, f"q{number}")))
    return [timing(found) for found in await asyncio.gather(*tasks)]


async def _late(
    scene: Scene, cast: Mapping[str, SimulatedModel], at: float, id: str
) -> list[Event]:
    await asyncio.sleep(at)
    return await _one(scene, cast, id)


async def _one(scene: Scene, cast: Mapping[str, SimulatedModel], id: str) -> list[Event]:
    longest = max([scene.tokens, *scene.lengths.values()])
    sampler = SamplerSpec(algorithm="target", temperature=0, max_tokens=longest)
    asked = [Message(role="user", content="q" * scene.question)]
    stream = converse(scene.spec, cast, asked, id=id, sampler=sampler, seed=scene.seed)
    return [event async for event in stream]
