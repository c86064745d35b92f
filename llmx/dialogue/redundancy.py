"""Does a chunk say again what was shown: by n-grams, and by starting over.

The paper names redundancy handling and not its mechanism; this one is ours.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from llmx.core.stream import Piece, ShownText

REPEATED = 0.5  # a chunk half of whose n-grams were shown before repeats them


def overlap(before: Sequence[Hashable], chunk: Sequence[Hashable], n: int) -> float:
    """Return the share of the chunk's n-grams that occur in `before`; 0 for a chunk without any."""
    known = {tuple(before[at : at + n]) for at in range(len(before) - n + 1)}
    new = [tuple(chunk[at : at + n]) for at in range(len(chunk) - n + 1)]
    return sum(gram in known for gram in new) / len(new) if new else 0.0


def restarts(before: Sequence[Hashable], chunk: Sequence[Hashable], n: int) -> bool:
    """Whether the chunk begins as the whole answer did."""
    return len(before) >= n and len(chunk) >= n and tuple(before[:n]) == tuple(chunk[:n])


def repeats(shown: ShownText, chunk: Sequence[Piece], n: int) -> bool:
    """Whether a chunk repeats the answer so far, by token ids, or by words where there are none."""
    ids = [one for piece in chunk for one in piece.ids]
    text = "".join(piece.text for piece in chunk)
    old: Sequence[Hashable] = shown.ids if ids else shown.text.split()
    new: Sequence[Hashable] = ids or text.split()
    return overlap(old, new, n) >= REPEATED or restarts(old, new, n)
