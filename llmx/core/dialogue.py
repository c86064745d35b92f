"""What a model that acts and its surroundings say to each other: tools, calls, observations."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, ClassVar, Literal, get_args

from pydantic import Field

from llmx.core.record import Sparse, ToolCall

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
        cut: whether `text` is less than the whole.
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


def observed(
    call: ToolCall, whole: str, shown: tuple[int, int] | None = None, **more: Any
) -> Observation:
    """Return the observation of a call.

    Args:
        whole: all that the tool said.
        shown: characters of its beginning and its end that the model sees; None = all.
        more: further fields of the observation.
    """
    whole = _HALVES.sub("\ufffd", whole)  # no file, and no endpoint, takes half of a character
    encoded = whole.encode()
    text = whole if shown is None else _both_ends(whole, *shown)
    return Observation(
        call=call.id,
        name=call.name,
        text=text,
        bytes=len(encoded),
        sha256=sha256(encoded).hexdigest(),
        cut=text is not whole,
        **more,
    )


_HALVES = re.compile("[\ud800-\udfff]")


def _both_ends(whole: str, first: int, last: int) -> str:
    out = len(whole) - first - last
    if out <= 0:
        return whole
    return f"{whole[:first]}\n[{out} characters left out]\n{whole[len(whole) - last :]}"
