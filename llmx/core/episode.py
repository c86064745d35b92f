"""One attempt of a model that acts: its turns, what it came to, and why it ended.

A loop that leads a model from turn to turn does no input or output. It yields :class:`Say` or
:class:`Do`, is sent :class:`Said` or :class:`Seen`, and yields each turn that is over as an
:class:`EpisodeTurn`. Whoever drives it owns engines, tools, files and clocks, so one loop runs in
batches, by arrival, and over the records of an earlier run.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, get_args

from pydantic import Field

from llmx.core.dialogue import Observation
from llmx.core.record import Frozen, Message, Record, Sparse, ToolCall, ToolSpec

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


@dataclass(frozen=True)
class Say:
    """Asks the model for its next turn.

    Attributes:
        turns: the whole chat so far.
        tools: that a request names in the protocol's own way; none where the prompt lists them.
        budget: tokens that the reply may have.
        parallel: whether one reply may hold several calls.
        must_call: whether a reply without a call is forbidden.
        schema: JSON schema, as a text, that the reply has to fit; empty = none.
    """

    turns: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    budget: int
    parallel: bool = True
    must_call: bool = False
    schema: str = ""


@dataclass(frozen=True)
class Do:
    """Asks for calls to be made, in their order."""

    calls: tuple[ToolCall, ...]


Lost = Literal["", "context", "engine"]
"""Why there is no reply: the prompt has no room in the model's context, or the engine has none."""


@dataclass(frozen=True)
class Said:
    """The model's turn; no record where there is none.

    Attributes:
        seconds: that it took, by the clock of whoever drives.
    """

    record: Record | None
    seconds: float = 0.0
    lost: Lost = ""


@dataclass(frozen=True)
class Seen:
    """What came of calls, one observation each.

    Attributes:
        lost: whether the place where tools run is gone, and the episode with it.
    """

    observations: tuple[Observation, ...]
    seconds: float = 0.0
    lost: bool = False


Wanted: TypeAlias = Say | Do | EpisodeTurn
Told: TypeAlias = Said | Seen | None
Steps: TypeAlias = Generator[Wanted, Told, Episode]
"""A loop: yields what it wants, is sent what came of it (nothing of a turn), returns its end."""
