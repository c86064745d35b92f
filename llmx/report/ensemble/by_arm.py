"""The figures of streams as tables, sentences and pictures ask for them."""

from __future__ import annotations

from collections.abc import Iterator

from llmx.core.figure import Figure, Figures
from llmx.report.figures import names
from llmx.report.figures.streams import LENGTH, NATURAL

Streams = dict[str, dict[str, Figure]]
"""Arm → quantity → its figure; a total time over the reference's is :data:`OVER`."""

OVER = f"{names.TOTAL} over the reference"


def streams_by_arm(figures: Figures) -> Streams:
    """Return what arms come to by themselves and beside their reference, in their order."""
    found: Streams = {}
    for one in figures.figures:
        if not one.swept():
            beside = one.quantity == names.TOTAL and one.against
            found.setdefault(one.arm, {}).setdefault(OVER if beside else one.quantity, one)
    return found


def cuts_by_length(figures: Figures) -> Iterator[list[Figure]]:
    """Yield the cuts of each arm that was timed at several lengths of drafts."""
    cuts = [one for one in figures.of(names.FIRST_TOKEN_CUT) if one.setting in (LENGTH, NATURAL)]
    for arm in dict.fromkeys(one.arm for one in cuts):
        mine = [one for one in cuts if one.arm == arm]
        if len(mine) > 1:
            yield mine
