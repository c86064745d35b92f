"""What happened in one answer of an ensemble, in order: the state that pictures and sums read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from llmx.core.record import Finish, Frozen

What = Literal[
    "asked",  # a request went out; prompt_tokens and cached_tokens come with its first piece
    "piece",  # tokens came
    "chunk",  # a chunk is whole and was handed over to those who listen
    "ended",  # this speaker's answer is over
    "failed",  # this speaker failed; `text` says how
    "missed",  # a listener went on without a source; `source` says which
    "stopped",  # this speaker was cancelled: nobody needs it any more
    "repeated",  # a chunk was found to repeat what was shown
    "retried",  # … and was asked for once more; what it held was not shown
]


class Event(Frozen):
    """Something that one speaker did, `at` seconds after the request came."""

    at: float
    who: str = Field(description="speaker: layer and place, such as 1.2, or `answer`")
    what: What
    chunk: int = 0
    tokens: int = 0
    text: str = ""
    ids: tuple[int, ...] = ()
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    source: str = ""
    finish: Finish | None = None


ANSWER = "answer"  # the speaker that the reader hears; its pieces are what is shown
