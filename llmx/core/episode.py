"""One attempt of a model that acts: its turns, what it came to, and why it ended."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from pydantic import Field

from llmx.core.dialogue import Observation
from llmx.core.record import Frozen, Record, Sparse, ToolCall

Ending = Literal[
    "submitted",
    "answered",
    "no_call",
    "malformed",
    "out_of_turns",
    "out_of_calls",
    "out_of_tokens",
    "out_of_seconds",
    "out_of_context",
    "forced",
    "engine_failed",
    "sandbox_lost",
]
"""How an episode ended; exactly one each.

``answered``: a turn without a call, after calls and without submitting; ``no_call``: no turn had
one. ``forced``: turns or calls were used up, and the model was asked once more, without tools.
"""
ENDINGS: tuple[Ending, ...] = get_args(Ending)
Limit = Literal["turns", "calls"]


class EpisodeTurn(Sparse):
    """One turn: what the model said, the calls in it, and what came of them.

    What a clock says is no part of it, so that the same turn is the same bytes.
    """

    younger: ClassVar[frozenset[str]] = frozenset({"draw", "attempt", "fault", "final"})

    id: str = Field(description="of the problem")
    turn: int = Field(ge=1)
    record: Record | None = Field(description="None where no model was asked")
    calls: tuple[ToolCall, ...] = ()
    observations: tuple[Observation, ...] = ()
    draw: int = Field(default=0, ge=0)
    attempt: int = Field(
        default=1, ge=1, description="of the episode; above 1 where its world did not come back"
    )
    fault: str = Field(default="", description="why the text could not be read as calls")
    final: bool = Field(default=False, description="the model was asked without tools")


class EpisodeUse(Frozen):
    """What an episode took of what it was given."""

    turns: int = 0
    calls: int = 0
    tokens: int = Field(default=0, description="of all replies, thinking among them")
    malformed: int = Field(default=0, description="turns of which no call could be tried")


class Episode(Sparse):
    """What an attempt came to.

    Attributes:
        answer: what was submitted, or the text that stands for an answer; empty where none does.
        limit: what was used up before the model was asked for its answer.
    """

    younger: ClassVar[frozenset[str]] = frozenset({"draw", "limit", "attempts", "timed"})

    id: str
    ending: Ending
    answer: str
    use: EpisodeUse
    draw: int = Field(default=0, ge=0)
    limit: Limit | None = None
    attempts: int = Field(default=1, ge=1)
    timed: bool = Field(
        default=False, description="a clock decided something: another machine may end otherwise"
    )
