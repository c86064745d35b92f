"""Is a mined batch worth a larger random one?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Figure
from llmx.papers.b3 import figure_names as names
from llmx.papers.b3.report.said import batch_said
from llmx.papers.b3.verdicts.beside import adjusted, asked_of, figures_beside, unaudited
from llmx.report.numbers import number
from llmx.report.verdict.decide import decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import with_base
from llmx.report.verdict.model import Verdict


def batch_equivalence(
    e: Evidence,
    *,
    arms: Sequence[str] = (),
    control: str = "",
    pairs: Sequence[Sequence[str]] = (),
    bound: float = 1.0,
) -> Verdict:
    """Compare the batch of an arm with the control's batch of equal quality after equal samples.

    Shown: every arm's interval lies above `bound` times its own batch. Contradicted: one's lies
    below (Holm over the arms). Beyond the control's largest batch nothing is known but that it is.

    Args:
        control: the control at the arm's own batch; its other sizes are in the figure.
        pairs: arms, each with the control of its batch.
        bound: how many times as large the other batch is asked to be.
    """
    found = figures_beside(e, names.EQUAL_BATCH, with_base(arms, control, pairs))
    found = [one for one in found if _size(e, one.arm)]
    if not found:
        reason = "The run holds no control at two sizes of batches beside these arms."
        return Verdict(word="not comparable", reason=reason)
    if (withheld := unaudited(e, found)) is not None:
        return withheld
    sizes = [_size(e, one.arm) for one in found]
    asked = asked_of(found, [bound * size for size in sizes], [bound == 1] * len(found))
    shown = every(one.above() for one in asked)
    said = "; ".join(_said(one, size) for one, size in zip(found, sizes, strict=True))
    return decide(shown, some(one.below() for one in adjusted(asked))).verdict(
        reason=f"{said}; asked is more than {number(bound, 2)} times the batch.",
        numbers=tuple(one.number() for one in asked),
    )


def _size(e: Evidence, arm: str) -> float:
    found = e.figures.find(names.BATCH, arm)
    return 0.0 if found is None else found.span.estimate


def _said(one: Figure, size: float) -> str:
    control = ", ".join(f"`{name}`" for name in one.over)
    return f"`{one.arm}`, batches of {number(size, 0)}, equals {control} at {batch_said(one)}"
