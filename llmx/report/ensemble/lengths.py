"""How the cut of the time to the first token depends on how long drafts are.

A mixture waits for its longest draft, staircase streaming for a first chunk of it: were both paid
by the token alone, a share of 1 − first chunk / length would be cut. Whoever chooses the length of
the drafts chooses this figure; so every length is reported beside that line, and the verdict rests
on drafts that end by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llmx.core.figure import Span
from llmx.core.record import Frozen
from llmx.report.ensemble.figures import cut

Rows = Sequence[Mapping[str, Any]]


class LengthFigures(Frozen):
    """One arm at one length of drafts.

    Attributes:
        forced: whether every draft had just that length; else drafts ended by themselves, and
            `tokens` is the mean length of the reference's.
        line: 1 − first chunk / tokens.
    """

    arm: str
    forced: bool
    tokens: float
    rounds: int
    cut: Span
    line: float


def length_figures(
    rows: Rows, reference: str, first_chunks: Mapping[str, int]
) -> list[LengthFigures]:
    """Return a figure an arm and length that the reference was timed at too, by arm and length.

    Args:
        rows: of latency stages.
        first_chunks: arm → tokens of its first chunk, for the arms that stream in chunks.
    """
    timed: dict[tuple[str, int | None], list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: int(row["round"])):
        timed.setdefault((row["arm"], row["length"]), []).append(row)
    found = [
        _figure(arm, length, mine, timed[reference, length], first_chunks[arm])
        for (arm, length), mine in timed.items()
        if arm in first_chunks and len(timed.get((reference, length), ())) == len(mine) >= 2
    ]
    places = {arm: place for place, arm in enumerate(first_chunks)}
    return sorted(found, key=lambda one: (places[one.arm], one.tokens))


def _figure(arm: str, length: int | None, mine: Rows, base: Rows, first: int) -> LengthFigures:
    tokens = _drafted(base) if length is None else float(length)
    return LengthFigures(
        arm=arm,
        forced=length is not None,
        tokens=tokens,
        rounds=len(mine),
        cut=cut(mine, base),
        line=max(0.0, 1 - first / tokens),
    )


def _drafted(base: Rows) -> float:
    """Return the mean length of the reference's drafts, which were all written to their end."""
    return float(np.sum([row["drafted"] for row in base]) / np.sum([row["drafts"] for row in base]))
