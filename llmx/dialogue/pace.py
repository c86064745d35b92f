"""When a listener may go on, with how much, and when its answer is over."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from llmx.core.ensemble import Chunks, EnsembleSpec
from llmx.core.record import Finish
from llmx.dialogue.listener import Draft, Listener, Question
from llmx.dialogue.speakers import Speaker

_WHOLE = Chunks(first=2**31, most=2**31)


def chunk_size(task: Question, speaker: Speaker, chunk: int) -> int:
    """Return the tokens of a chunk; without streaming an answer is one chunk."""
    chunks = _WHOLE if task.spec.streaming == "plain" else task.chunks_of(speaker)
    return chunks.size(chunk)


def ready(drafts: Mapping[str, Draft], sources: tuple[str, ...], chunk: int) -> list[str]:
    """Return the sources whose chunk is there, or that will say no more."""
    return [s for s in sources if len(drafts[s].chunks) > chunk or drafts[s].ended]


def enough(policy: EnsembleSpec, sources: int, there: int) -> bool:
    """Whether so many sources are a quorum: at least one, and all of a quorum of 1."""
    return there >= max(1, ceil(policy.quorum * sources - 1e-9))


def complete(drafts: Mapping[str, Draft], sources: tuple[str, ...], chunk: int) -> bool:
    """Whether nothing comes after this chunk: the listener has the full context."""
    return all(drafts[s].ended and len(drafts[s].chunks) <= chunk + 1 for s in sources)


def over(
    listener: Listener,
    drafts: Mapping[str, Draft],
    chunk: int,
    finish: Finish | None,
    final: bool,
) -> bool:
    """Whether the answer is over after a request that ended so.

    Args:
        final: the request had the full context.
    """
    if final or listener.left <= 0:
        return True
    if finish in (None, "length"):
        return False
    policy = listener.task.spec
    done = sum(
        drafts[s].ended and len(drafts[s].chunks) <= chunk + 1 for s in listener.speaker.sources
    )
    return policy.early_end == "stop" or done >= policy.hold_until
