"""The loop from turn to turn, without input, output, clock or chance: see `llmx.core.episode`."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from llmx.core import json_text
from llmx.core.dialogue import FORM_FAULTS, Observation, observed
from llmx.core.episode import (
    Do,
    Ending,
    Episode,
    EpisodeTurn,
    EpisodeUse,
    Limit,
    Said,
    Say,
    Seen,
    Steps,
    Told,
    Wanted,
)
from llmx.core.record import Message, Record, ToolCall, ToolSpec
from llmx.dialogue.agent.call_format import CallFormat, ReadReply, written_json
from llmx.dialogue.agent.plan_format import resolved
from llmx.dialogue.agent.section import AgentSection

FINAL = "No further call is possible. Give your final answer now, as text."
_ONE = "One call a turn: this one was not made."
_USED_UP = "The number of calls is used up: this one was not made."
_NO_RESULT = "A step that this one refers to gave no result: it was not made."


@dataclass(frozen=True)
class AgentTask:
    """One problem as it is put to what acts.

    Attributes:
        turns: that ask it; what is told of tools is put into their system turn.
        constrained: whether the engine is to allow no reply that is no call.
    """

    id: str
    turns: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    form: CallFormat
    draw: int = 0
    constrained: bool = False


def episode(spec: AgentSection, task: AgentTask) -> Steps:
    """Lead a model through one problem, to one of the endings."""
    return (yield from ModelLoop(spec, task).run())


class EpisodeTally:
    """What an episode has taken so far, and what of its limits is reached."""

    def __init__(self, spec: AgentSection) -> None:
        self.spec = spec
        self.turns = self.calls = self.tokens = self.malformed = self.in_a_row = 0
        self.seconds = 0.0
        self.timed = False

    def replied(self, record: Record) -> None:
        """Count a reply."""
        self.turns += 1
        self.tokens += record.tokens

    def formed(self, well: bool) -> None:
        """Count a turn that held a call that could be tried, or none."""
        self.in_a_row = 0 if well else self.in_a_row + 1
        self.malformed += not well

    @property
    def left(self) -> int:
        """Tokens that the replies may still have."""
        return self.spec.max_tokens - self.tokens

    @property
    def over(self) -> Ending | None:
        """The limit that ends the episode here and now."""
        if self.in_a_row >= self.spec.malformed:
            return "malformed"
        if self.seconds > self.spec.max_seconds:
            return "out_of_seconds"
        return "out_of_tokens" if self.left <= 0 else None

    @property
    def used_up(self) -> Limit | None:
        """The limit behind which the model may still be asked for its answer."""
        if self.turns >= self.spec.max_turns:
            return "turns"
        return "calls" if self.calls >= self.spec.max_calls else None

    def use(self) -> EpisodeUse:
        """Return the counts."""
        return EpisodeUse(
            turns=self.turns, calls=self.calls, tokens=self.tokens, malformed=self.malformed
        )


@dataclass
class Calling:
    """The calls of one turn.

    Attributes:
        observations: by the place of their call.
    """

    calls: tuple[ToolCall, ...]
    observations: dict[int, Observation] = field(default_factory=dict)

    def told(self) -> tuple[Observation, ...]:
        """Return what came of them so far, in their order."""
        return tuple(self.observations[at] for at in sorted(self.observations))

    @property
    def submitted(self) -> str | None:
        """The answer that the first submitting call gives."""
        return next((one.answer for one in self.told() if one.answer is not None), None)


class ModelLoop:
    """One episode of a model."""

    def __init__(self, spec: AgentSection, task: AgentTask) -> None:
        self.spec, self.task, self.form = spec, task, task.form
        self.turns = list(with_tools(task))
        self.tally = EpisodeTally(spec)
        self.ids: set[str] = set()

    def run(self) -> Steps:
        """Go from turn to turn."""
        while True:
            said = yield from self._say(self.form.named(self.task.tools))
            if (lost := self._lost(said)) is not None:
                return self._end(lost)
            assert said.record is not None
            end = yield from self._turn(said.record)
            if end is not None:
                return end
            if (limit := self.tally.used_up) is not None:
                return (yield from self._used_up(limit))

    def _say(
        self, tools: tuple[ToolSpec, ...], final: bool = False
    ) -> Generator[Wanted, Told, Said]:
        held = self.task.constrained and not final
        schema = self.form.schema(self.task.tools) if held else None
        said = yield Say(
            turns=tuple(self.turns),
            tools=tools,
            budget=self.tally.left,
            parallel=self.spec.parallel,
            must_call=held and bool(tools),
            schema="" if schema is None else written_json(schema),
        )
        assert isinstance(said, Said)
        self.tally.seconds += said.seconds
        return said

    def _lost(self, said: Said) -> Ending | None:
        """Return the ending where there is no reply."""
        if said.lost == "context":
            return "out_of_context"
        if said.record is None or said.record.finish == "filtered":
            return "engine_failed"
        return None

    def _turn(self, record: Record) -> Generator[Wanted, Told, Episode | None]:
        """Read a reply and make its calls; return the episode where it ends with them."""
        self.tally.replied(record)
        reading = self.form.read(record)
        asked = Calling(self._renamed(reading.calls))
        kept = True
        if reading.calls:
            kept = yield from self._make(asked, reading)
        yield self._recorded(record, asked, reading.fault)
        if (end := self._decided(reading, asked, kept, record.finish == "length")) is not None:
            return end
        self.turns.append(self.form.turn(record, asked.calls))
        self.turns.extend(
            self.form.faulted(reading.fault) if reading.fault else self.form.shown(asked.told())
        )
        over = self.tally.over
        return None if over is None else self._end(over)

    def _decided(self, reading: ReadReply, asked: Calling, kept: bool, cut: bool) -> Episode | None:
        """Return the episode where this turn itself ends it.

        Args:
            kept: whether the world of the tools is still there.
            cut: whether the reply ended at its cap.
        """
        if not kept:
            return self._end("sandbox_lost")
        if (answer := asked.submitted) is not None:
            return self._end("submitted", answer)
        if reading.fault or reading.calls:
            faults = [one.fault for one in asked.told()]
            self.tally.formed(any(fault not in FORM_FAULTS for fault in faults))
            return None
        if cut and self.tally.left <= 0:
            return self._end("out_of_tokens")
        return self._end("answered" if self.tally.calls else "no_call", reading.answer)

    def _make(self, asked: Calling, reading: ReadReply) -> Generator[Wanted, Told, bool]:
        """Make the calls that the limits allow; return whether their world is still there."""
        most = self.spec.max_calls - self.tally.calls
        several = self.spec.parallel or self.form.stepwise
        allowed = min(most, len(asked.calls) if several else 1)
        if self.form.stepwise:
            kept = yield from self._step_by_step(asked, reading.calls[:allowed])
        else:
            kept = yield from self._do(asked, range(allowed), asked.calls[:allowed])
        refused = _USED_UP if allowed == most else _ONE
        for at in range(allowed, len(asked.calls)) if kept else ():
            asked.observations[at] = observed(asked.calls[at], refused, fault="refused")
        return kept

    def _step_by_step(
        self, asked: Calling, named: Sequence[ToolCall]
    ) -> Generator[Wanted, Told, bool]:
        """Make the steps of a plan: each has what those before it gave, by their names."""
        handles = dict.fromkeys((step.id for step in named), "")
        for at, step in enumerate(named):
            call = _with_handles(asked.calls[at], handles)
            if call is None:
                found = observed(asked.calls[at], _NO_RESULT, fault="stale_handle")
                asked.observations[at] = found
                continue
            if not (yield from self._do(asked, [at], [call])):
                return False
            if asked.submitted is not None:
                return True
            handles[step.id] = asked.observations[at].handle
        return True

    def _do(
        self, asked: Calling, places: Sequence[int], calls: Sequence[ToolCall]
    ) -> Generator[Wanted, Told, bool]:
        seen = yield Do(tuple(calls))
        assert isinstance(seen, Seen)
        self.tally.calls += len(calls)
        self.tally.seconds += seen.seconds
        asked.observations.update(zip(places, seen.observations, strict=False))
        self.tally.timed |= any(one.fault == "timed_out" for one in seen.observations)
        return not seen.lost

    def _used_up(self, limit: Limit) -> Generator[Wanted, Told, Episode]:
        """End the episode at a limit, where the recipe says so with a last answer."""
        ending: Ending = "out_of_turns" if limit == "turns" else "out_of_calls"
        if not self.spec.final:
            return self._end(ending)
        self.turns.append(Message(role="user", content=FINAL))
        said = yield from self._say((), final=True)
        if (lost := self._lost(said)) is not None:
            return self._end(lost, limit=limit)
        assert said.record is not None
        self.tally.replied(said.record)
        yield self._recorded(said.record, Calling(()), "", final=True)
        reading = self.form.read(said.record)
        text = said.record.text.strip() if reading.calls or reading.fault else reading.answer
        return self._end("forced", text, limit)

    def _renamed(self, calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
        """Return calls with ids that stand once in the episode, those that do as they are."""
        found = []
        for place, call in enumerate(calls, 1):
            taken = not call.id or call.id in self.ids or self.form.stepwise
            name = f"call_{self.tally.turns}_{place}" if taken else call.id
            self.ids.add(name)
            found.append(call.model_copy(update={"id": name}) if taken else call)
        return tuple(found)

    def _recorded(
        self, record: Record, asked: Calling, fault: str, final: bool = False
    ) -> EpisodeTurn:
        return EpisodeTurn(
            id=self.task.id,
            draw=self.task.draw,
            turn=self.tally.turns,
            record=record,
            calls=asked.calls,
            observations=asked.told(),
            fault=fault,
            final=final,
        )

    def _end(self, ending: Ending, answer: str = "", limit: Limit | None = None) -> Episode:
        return ended(self.task, self.tally, ending, answer, limit)


def ended(
    task: AgentTask,
    tally: EpisodeTally,
    ending: Ending,
    answer: str = "",
    limit: Limit | None = None,
) -> Episode:
    """Return what an episode came to."""
    return Episode(
        id=task.id,
        draw=task.draw,
        ending=ending,
        answer=answer,
        use=tally.use(),
        limit=limit,
        timed=tally.timed or ending == "out_of_seconds",
    )


def with_tools(task: AgentTask) -> tuple[Message, ...]:
    """Return the turns that ask, with what is told of the tools in the system turn."""
    return in_system(task.turns, task.form.told(task.tools))


def in_system(turns: tuple[Message, ...], text: str) -> tuple[Message, ...]:
    """Return turns with a text at the end of their system turn, which is made if need be."""
    if not text:
        return turns
    if turns and turns[0].role == "system":
        first = Message(role="system", content=f"{turns[0].content}\n\n{text}")
        return (first, *turns[1:])
    return (Message(role="system", content=text), *turns)


def _with_handles(call: ToolCall, handles: Mapping[str, str]) -> ToolCall | None:
    """Return a step with handles for the names of steps; None where one of them gave none."""
    try:
        arguments = resolved(json_text.parse(call.arguments), handles)
    except KeyError:
        return None
    return call.model_copy(update={"arguments": written_json(arguments)})
