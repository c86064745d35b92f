"""Is the leading answer as often right as it has votes? And what turns in a round of revision?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from llmx.core.figure import Figure
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.contrast import mean_gap
from llmx.papers.inference_scaling.gathered import LiveOutcomes
from llmx.papers.inference_scaling.points import Floats, ProblemDraws

BINS = 10


def leading(one: ProblemDraws) -> tuple[float, float]:
    """Return the leading answer's share of all draws, and how often it is right; ties share.

    A problem without any answer has a share of 0, and is wrong.
    """
    counts = one.counts
    if not counts.sum():
        return 0.0, 0.0
    first = counts == counts.max()
    return float(counts.max() / one.draws), float(one.right[first].mean())


def of_margins(arm: str, drawn: Sequence[ProblemDraws]) -> Iterator[Figure]:
    """Yield the accuracy of the leading answer by its share of the votes, in tenths."""
    found = np.array([leading(one) for one in drawn])
    tenth = np.minimum((BINS * found[:, 0] + 1e-9).astype(int), BINS - 1)
    for at in range(BINS):
        held = tenth == at
        if held.any():
            labels = [one.cluster for one, inside in zip(drawn, held, strict=True) if inside]
            gap = mean_gap(found[held, 1], labels, bounds=(0.0, 1.0))
            yield Figure(
                quantity=figure_names.LEADING,
                arm=arm,
                span=gap.span,
                unit="share",
                n=gap.n,
                setting=figure_names.SHARE_OF_VOTES,
                at=100 * float(found[held, 0].mean()),
            )


_SHARES = {
    ("revise", "lost"): figure_names.LOST,
    ("revise", "won"): figure_names.WON,
    ("truncate", "already"): figure_names.PRESENT,
    **{
        (method, "used"): figure_names.stopped(figure_names.USED, method)
        for method in map(figure_names.live, figure_names.RULES)
    },
}


def of_live(found: LiveOutcomes, clusters: Sequence[str]) -> Iterator[Figure]:
    """Yield what a method with calls counted beside right and wrong: flips, ties, lost scores."""
    method, size = found.point.method, found.point.size
    for name, values in found.shares.items():
        if method == "revise" and size == 0:
            continue  # nothing turns before the first round
        quantity = _SHARES.get((method, name), figure_names.share_of(name, method))
        yield _share(quantity, found, values, clusters, name)


def _share(
    quantity: str, found: LiveOutcomes, values: Floats, clusters: Sequence[str], name: str
) -> Figure:
    counted = name == "used"  # answers, of which there are one or more
    gap = mean_gap(values, clusters, bounds=None if counted else (0.0, 1.0))
    return Figure(
        quantity=quantity,
        arm=found.point.arm,
        span=gap.span,
        unit=_counted(quantity) if counted else "share",
        n=gap.n,
        setting=figure_names.setting(found.point.method),
        at=found.point.size,
    )


def _counted(quantity: str) -> str:
    """Return what is counted: a stopping rule's answers are draws, as those of its replay are."""
    return "draws" if quantity.startswith(figure_names.USED) else "answers"
