"""One episode under way: the loop, its tools, and what of it is recorded already.

What was recorded is not asked again: answers are told to the loop as they were. Calls are made
again, to bring their world back; where one gives something else than it gave, the episode starts
over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from llmx.core.dialogue import Observation
from llmx.core.episode import Do, Episode, EpisodeTurn, Said, Say, Seen, Steps, Told
from llmx.core.errors import ContextLengthError, RequestError
from llmx.core.permuted import in_draw
from llmx.core.record import Record, Sample
from llmx.core.spec import SamplerSpec
from llmx.core.speech import Request
from llmx.dialogue.agent.call_format import CallFormat
from llmx.dialogue.agent.loop import AgentTask, in_system
from llmx.dialogue.agent.policy import Policy
from llmx.dialogue.agent.section import AgentSection
from llmx.stages.turns import EpisodeKey, Seconds
from llmx.tools.tool import Tool, WorldLostError
from llmx.tools.toolset import ToolSession, Toolset, specs


class WorldChangedError(Exception):
    """A call that was made again gave something else: the episode has to start over."""


@dataclass(frozen=True)
class Stagecraft:
    """What all episodes of an arm share.

    Attributes:
        put: asks a problem.
        constrained: whether the engine is to allow no reply that is no call.
        fit: gives a request a cap that its context has room for; None where it has none.
    """

    spec: AgentSection
    policy: Policy
    form: CallFormat
    toolset: Toolset
    tools: tuple[type[Tool], ...]
    put: Callable[[Sample], Request]
    constrained: bool = False
    fit: Callable[[Request], Request | None] = lambda request: request

    def fitting(self, fit: Callable[[Request], Request | None]) -> Stagecraft:
        """Return the same with requests that fit a model's context."""
        return replace(self, fit=fit)

    def task(self, sample: Sample, draw: int) -> AgentTask:
        """Return one problem as it is put to what acts."""
        turns = in_system(self.put(sample).messages, self.toolset.instructions(sample))
        tools = specs(self.offered(sample))
        return AgentTask(sample.id, turns, tools, self.form, draw, self.constrained)

    def offered(self, sample: Sample) -> tuple[type[Tool], ...]:
        """Return the tools of one problem."""
        return self.toolset.offered(self.tools, sample)


class TurnSource(Protocol):
    """Where turns are recorded, as far as one episode reads and adds them."""

    def attempt(self, key: EpisodeKey) -> int:
        """Return the number of the attempt that is recorded last."""

    def turns(self, key: EpisodeKey) -> list[EpisodeTurn]:
        """Return its turns, in their order."""

    def answer(self, key: EpisodeKey, attempt: int, turn: int) -> Record | None:
        """Return an answer whose turn is not recorded."""

    def seconds(self, key: EpisodeKey, attempt: int, turn: int) -> Seconds:
        """Return what the clock said of a turn."""

    def add(self, turn: EpisodeTurn, seconds: Seconds) -> None:
        """Record a turn."""


class Play:
    """One episode.

    Attributes:
        episode: what it came to; None while it is under way.
        turn: number of the turn under way.
        known: the recorded answer to the request that was returned last.
        repeated: calls that were made again and gave what they gave.
    """

    def __init__(self, craft: Stagecraft, sample: Sample, draw: int, log: TurnSource) -> None:
        self.craft, self.sample, self.log = craft, in_draw(sample, draw), log
        self.key = EpisodeKey(sample.id, draw)
        self.attempt = log.attempt(self.key)
        self.before = log.turns(self.key)
        self.turn = 1
        self.episode: Episode | None = None
        self.known: Record | None = None
        self.repeated = 0
        self._open = False

    def start(self) -> Request | None:
        """Begin; return the first request, None where nothing is asked any more."""
        craft = self.craft
        task = craft.task(self.sample, self.key.draw)
        self._asked = craft.put(self.sample)
        self._told, self._tools = 0.0, 0.0
        self._world: Any = craft.toolset.world(self.sample)
        self._open = True
        self._session = ToolSession(craft.offered(self.sample), self._world, craft.spec.shown)
        self._steps: Steps = craft.policy.episode(craft.spec, task, self.sample)
        return self._go(None)

    def lead(self, told: Record | RequestError, seconds: float) -> Request | None:
        """Go on from an answer; return the next request, None where the episode is over.

        Args:
            seconds: that the answer took.

        Raises:
            RequestError: if the very first request is refused: no later one would do better.
            WorldChangedError: if the episode has to start over.
        """
        if isinstance(told, Record):
            self._told = self._recorded_seconds().model if self.known else seconds
            return self._go(Said(told, self._told))
        if isinstance(told, ContextLengthError):
            return self._go(Said(None, seconds, "context"))
        if self.turn == 1:
            raise told
        return self._go(Said(None, seconds, "engine"))

    def again(self) -> Play:
        """Return the same episode as a further attempt, of which nothing is recorded."""
        self.close()
        found = Play(self.craft, self.sample, self.key.draw, self.log)
        found.attempt, found.before = self.attempt + 1, []
        return found

    def close(self) -> None:
        """Free what the tools hold. Safe to call twice."""
        if self._open:
            self._open = False
            self.craft.toolset.close(self._world)

    def _go(self, told: Told) -> Request | None:
        try:
            while True:
                wanted = self._steps.send(told)
                if isinstance(wanted, Say):
                    request = self._request(wanted)
                    if request is not None:
                        return request
                    told = Said(None, lost="context")
                elif isinstance(wanted, Do):
                    told = self._make(wanted)
                else:
                    self._over(wanted)
                    told = None
        except StopIteration as end:
            self.close()
            found: Episode = end.value
            self.episode = found.model_copy(update={"attempts": self.attempt})
            return None

    def _request(self, say: Say) -> Request | None:
        """Return what is asked, and see whether its answer is there already."""
        sampler = self._asked.sampler
        form, most = self.craft.form, min(sampler.max_tokens, say.budget)
        changed = {"max_tokens": most, "stop": _both(sampler, form)}
        asked = Request(
            id=f"{self.key.id}/turn/{self.turn}",
            messages=say.turns,
            sampler=sampler.model_copy(update=changed),
            threshold=self._asked.threshold,
            seed=self._asked.seed,
            draw=self.key.draw,
            tools=say.tools,
            parallel=say.parallel,
            must_call=say.must_call,
            answer_schema=say.schema,
        )
        before = self._recorded()
        self.known = (
            self.log.answer(self.key, self.attempt, self.turn) if before is None else before.record
        )
        return self.craft.fit(asked)

    def _recorded(self) -> EpisodeTurn | None:
        """Return the turn under way as an earlier try recorded it."""
        return self.before[self.turn - 1] if self.turn <= len(self.before) else None

    def _recorded_seconds(self) -> Seconds:
        return self.log.seconds(self.key, self.attempt, self.turn)

    def _make(self, do: Do) -> Seen:
        """Make calls; what is repeated takes the seconds that it took."""
        began, lost = time.monotonic(), False
        observations: tuple[Observation, ...] = ()
        try:
            observations = self._session.do(do.calls)
        except WorldLostError:
            lost = True
        seconds = time.monotonic() - began
        if self._recorded() is not None:  # all of the turn's at its first calls
            seconds = self._recorded_seconds().tools if not self._tools else 0.0
        self._tools += seconds
        return Seen(observations, seconds, lost)

    def _over(self, turn: EpisodeTurn) -> None:
        """Record a turn, or see that it is the one that was recorded.

        Raises:
            WorldChangedError: if it is not.
        """
        before = self._recorded()
        if before is None:
            found = turn.model_copy(update={"attempt": self.attempt})
            self.log.add(found, Seconds(self._told, self._tools))
        elif (before.calls, before.observations) != (turn.calls, turn.observations):
            raise WorldChangedError
        else:
            self.repeated += len(turn.observations)
        self.turn, self._told, self._tools = self.turn + 1, 0.0, 0.0


def _both(sampler: SamplerSpec, form: CallFormat) -> tuple[str, ...]:
    """Return the texts that end a reply: the sampler's, and those of the form."""
    return tuple(dict.fromkeys((*sampler.stop, *form.stop)))
