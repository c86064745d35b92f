"""One question put to a simulated ensemble, or many at random times."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from llmx.core.ensemble import EnsembleSpec, VoiceSpec
from llmx.core.events import Event
from llmx.core.exchange import Message
from llmx.core.spec import ModelSpec, SamplerSpec
from llmx.methods.ensemble.api import converse
from llmx.methods.ensemble.timing import Timing, timing
from llmx.simulate.model import SimulatedModel
from llmx.simulate.station import Speed, Station
from llmx.simulate.virtual_loop import run_virtual


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
    speeds: Mapping[str, Speed]
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
        stations = {name: Station(speed, self.seed + n) for n, (name, speed) in items}
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
