"""What a model that acts and its surroundings say to each other: tools, calls, observations.

A loop that leads a model from turn to turn does no input or output. It yields :class:`Say` or
:class:`Do`, and is sent :class:`Said` or :class:`Seen`; whoever drives it owns engines, tools,
files and clocks. So one loop runs in batches, by arrival, and over the records of an earlier run.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar, get_args

from pydantic import Field

from llmx.core.record import Frozen, Message, Record, Sparse, ToolCall

T = TypeVar("T")


class ToolSpec(Frozen):
    """A tool as a model is told of it."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")
    description: str
    parameters: dict[str, Any] = Field(description="JSON schema of an object with its arguments")

    def __hash__(self) -> int:
        """Hash by what is unique in a request: `parameters` is no hashable value."""
        return hash((self.name, self.description))


CallFault = Literal[
    "not_json",
    "unknown_tool",
    "missing_argument",
    "unknown_argument",
    "ill_typed",
    "out_of_range",
    "stale_handle",
    "refused",
    "suppressed",
    "timed_out",
    "killed",
    "cut",
]
"""What went wrong with one call.

The first six are faults of its form, told from the schema alone. ``stale_handle`` names a result
that is not there, ``refused`` what the rules of the episode do not allow, ``suppressed`` an answer
that disclosure rules hold back; ``timed_out``, ``killed`` and ``cut`` are what limits did to it.
"""
CALL_FAULTS: tuple[CallFault, ...] = get_args(CallFault)
FORM_FAULTS: frozenset[CallFault] = frozenset(CALL_FAULTS[:6])
"""Faults of a call that was never tried."""


class Observation(Sparse):
    """What came of one call.

    Attributes:
        text: as the model sees it; of a long one the beginning and the end.
        bytes: of the whole text, in UTF-8.
        sha256: of the whole text, by which a repeated call is known to have given the same.
        handle: name of a result that further calls may refer to.
        answer: what the call submits as the answer of the episode; None for any other call.
        exit: status of a command.
    """

    younger: ClassVar[frozenset[str]] = frozenset({"fault", "cut", "handle", "answer", "exit"})

    call: str = Field(description="id of the call")
    name: str = Field(description="of the tool")
    text: str
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    fault: CallFault | None = None
    cut: bool = False
    handle: str = ""
    answer: str | None = None
    exit: int | None = None


@dataclass(frozen=True)
class Say:
    """Asks the model for its next turn.

    Attributes:
        turns: the whole chat so far.
        tools: that a request names in the protocol's own way; none where the prompt lists them.
        budget: tokens that the reply may have.
        parallel: whether one reply may hold several calls.
    """

    turns: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    budget: int
    parallel: bool = True


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


Steps = Generator[Say | Do, Said | Seen, T]
"""A loop: yields what it wants, is sent what came of it, and returns what it came to."""
