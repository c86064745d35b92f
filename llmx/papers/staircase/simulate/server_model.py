"""One replica of a serving engine: prompts are computed one by one, then all decode together."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class ReplicaSpeed:
    """What a replica does in how many seconds.

    Attributes:
        prefill_overhead: of any prompt. `prefill_token`: of each of its tokens that is not cached.
            The end of a prompt's computation gives the first token.
        decode_base: of one step, with `decode_row` more for each sequence in it.
        variance: of the logarithm of a step's time (lognormal, with the mean kept).
        batch: sequences that decode at once; others wait in the order they came.
    """

    prefill_overhead: float = 0.02
    prefill_token: float = 0.0001
    decode_base: float = 0.01
    decode_row: float = 0.0
    variance: float = 0.0
    batch: int = 64


@dataclass
class SimulatedRequest:
    """One request: prompt tokens to compute, tokens to give, and the queue they go to."""

    prefill: int
    tokens: int
    given: asyncio.Queue[float] = field(default_factory=asyncio.Queue)
    left: int = 0
    over: bool = False


class ServerModel:
    """Steps while there is work. As without chunked prefill, computing a prompt stops all."""

    def __init__(self, speed: ReplicaSpeed, seed: int = 0) -> None:
        self.speed, self.dice = speed, Random(seed)
        self.waiting: deque[SimulatedRequest] = deque()
        self.active: list[SimulatedRequest] = []
        self.task: asyncio.Task[None] | None = None

    def submit(self, job: SimulatedRequest) -> None:
        """Add a request; the station begins to work if it rested."""
        job.left = job.tokens
        self.waiting.append(job)
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self.waiting or self.active:
            if self.waiting and len(self.active) < self.speed.batch:
                await self._admit(self.waiting.popleft())
            else:
                await self._step()
            self.active = [job for job in self.active if job.left and not job.over]

    async def _admit(self, job: SimulatedRequest) -> None:
        if job.over:
            return
        seconds = self.speed.prefill_overhead + self.speed.prefill_token * job.prefill
        await asyncio.sleep(seconds * self._luck())
        self.active.append(job)
        self._give(job)

    async def _step(self) -> None:
        seconds = self.speed.decode_base + self.speed.decode_row * len(self.active)
        await asyncio.sleep(seconds * self._luck())
        for job in self.active:
            self._give(job)

    def _give(self, job: SimulatedRequest) -> None:
        job.left -= 1
        job.given.put_nowait(asyncio.get_running_loop().time())

    def _luck(self) -> float:
        if not self.speed.variance:
            return 1.0
        return self.dice.lognormvariate(-self.speed.variance / 2, self.speed.variance**0.5)
