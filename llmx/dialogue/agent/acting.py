"""Episodes without a model: what acts is a function of what it has seen. Controls are such."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from llmx.core.episode import Do, EpisodeTurn, Seen, Steps, Told, Wanted
from llmx.core.record import ToolCall
from llmx.dialogue.agent.loop import AgentTask, Calling, EpisodeTally, ended
from llmx.dialogue.agent.section import AgentSection

Act = Callable[[Sequence[EpisodeTurn]], "Sequence[ToolCall] | str"]
"""Says the next calls from the turns before, or, as a text, the answer that ends the episode."""


def acted(
    spec: AgentSection, task: AgentTask, act: Act, tally: EpisodeTally | None = None
) -> Steps:
    """Lead one episode by a function, within the limits of turns, calls and seconds.

    Args:
        tally: what the episode has taken already; None = nothing.
    """
    tally, before = tally or EpisodeTally(spec), list[EpisodeTurn]()
    while True:
        calls = act(before)
        if isinstance(calls, str):
            return ended(task, tally, "answered" if tally.calls else "no_call", calls)
        tally.turns += 1
        asked = Calling(_named(calls[: spec.max_calls - tally.calls], tally.turns))
        kept = yield from _do(tally, asked)
        turn = _turn(task, tally, asked)
        yield turn
        if not kept:
            return ended(task, tally, "sandbox_lost")
        if asked.submitted is not None:
            return ended(task, tally, "submitted", asked.submitted)
        if tally.over is not None:
            return ended(task, tally, tally.over)
        if (limit := tally.used_up) is not None:
            return ended(task, tally, "out_of_turns" if limit == "turns" else "out_of_calls")
        before.append(turn)


def _named(calls: Sequence[ToolCall], turn: int) -> tuple[ToolCall, ...]:
    return tuple(
        call.model_copy(update={"id": f"call_{turn}_{place}"})
        for place, call in enumerate(calls, 1)
    )


def _do(tally: EpisodeTally, asked: Calling) -> Generator[Wanted, Told, bool]:
    seen = yield Do(asked.calls)
    assert isinstance(seen, Seen)
    tally.calls += len(asked.calls)
    tally.seconds += seen.seconds
    asked.observations.update(enumerate(seen.observations))
    return not seen.lost


def _turn(task: AgentTask, tally: EpisodeTally, asked: Calling) -> EpisodeTurn:
    return EpisodeTurn(
        id=task.id,
        draw=task.draw,
        turn=tally.turns,
        record=None,
        calls=asked.calls,
        observations=asked.told(),
    )
