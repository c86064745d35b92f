"""Are arms more accurate than another one?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.numbers import points_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import Gap, gaps
from llmx.report.verdict.model import Verdict, Word

LEVEL = 0.05
INDICATIVE = " One seed: indicative."


def more_accurate(e: Evidence, *, arms: Sequence[str], control: str) -> Verdict:
    """Compare arms with a control, paired by problem and seed.

    Shown: every arm is surely better. Contradicted: one is surely worse. See :func:`above`.
    """
    found = gaps(e, [(arm, control) for arm in arms])
    if not found:
        return Verdict(word="not comparable", reason="The arms share no scored problem.")
    reason = "; ".join(
        f"`{gap.first}` is {points_span(gap.span)} points from `{gap.second}`" for gap in found
    )
    return Verdict(
        word=_word(found),
        reason=f"{reason}.{indicative(found)}",
        numbers=tuple(gap.number() for gap in found),
    )


def above(gap: Gap) -> bool:
    """Whether the first arm is surely better: interval above 0, and sign flips after Holm.

    The interval counts the noise of seeds, the p value that several pairs were looked at.
    """
    return gap.p < LEVEL and gap.span.above(0)


def below(gap: Gap) -> bool:
    """Whether the first arm is surely worse."""
    return gap.p < LEVEL and gap.span.below(0)


def indicative(found: Sequence[Gap]) -> str:
    """Say so where one seed is all there is: its intervals know nothing of other seeds."""
    return INDICATIVE if any(gap.table.seeds == 1 for gap in found) else ""


def _word(found: Sequence[Gap]) -> Word:
    if any(below(gap) for gap in found):
        return "contradicted here"
    return "shown here" if all(above(gap) for gap in found) else "not shown here"
