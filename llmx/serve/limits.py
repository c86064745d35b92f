"""What one client may take: sizes, counts and times."""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_BODY = 1 << 20  # bytes
LARGEST_DRAIN = 32 << 20  # bytes of a body that is refused and read all the same, for the answer


@dataclass(frozen=True)
class Limits:
    """Limits that are checked before a model, or its tokenizer, is asked.

    Attributes:
        connections: open at once; the one that has waited longest for a request makes room.
        messages: of a request, and parts of their contents.
        characters: of all texts of a request.
        header_seconds: from a connection, or a request's first byte, to the end of its head.
        body_seconds: from there to the end of its body.
        reader_seconds: in which a reader takes nothing of what waits for it.
    """

    connections: int = 512
    messages: int = 1024
    characters: int = 1 << 18
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    reader_seconds: float = 60.0
