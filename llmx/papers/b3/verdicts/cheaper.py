"""Does an arm reach its control's quality for less?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.papers.b3 import figure_names as names
from llmx.papers.b3.report.said import ratio_said
from llmx.papers.b3.verdicts.beside import adjusted, asked_of, figures_beside
from llmx.report.numbers import number
from llmx.report.verdict.decide import decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import with_base
from llmx.report.verdict.model import Verdict


def cheaper_at_equal_quality(
    e: Evidence,
    *,
    arms: Sequence[str] = (),
    control: str = "",
    pairs: Sequence[Sequence[str]] = (),
    cost: str = "seconds",
    bound: float = 1.0,
) -> Verdict:
    """Compare what an arm needs for the quality that its control ends with.

    Shown: every arm's ratio lies below `bound`. Contradicted: one's lies above, or it surely never
    gets there although it spent as much (Holm over the arms).

    Args:
        cost: ``seconds`` of training as they were measured (their own noise is not in the
            interval), ``samples``, or ``texts`` that were encoded.
        bound: share of what the control spent.
    """
    if cost not in names.SETTINGS:
        known = ", ".join(names.SETTINGS)
        return Verdict(word="not comparable", reason=f"There is no cost '{cost}'; known: {known}.")
    found = figures_beside(e, names.to_equal(cost), with_base(arms, control, pairs))
    if not found:
        reason = "The run holds no learning curve of an arm beside one of its control."
        return Verdict(word="not comparable", reason=reason)
    asked = asked_of(found, [bound] * len(found), [bound == 1] * len(found))
    said = "; ".join(f"`{one.arm}` {ratio_said(one)} times `{one.against}`" for one in found)
    shown, against = every(o.below() for o in asked), some(o.above() for o in adjusted(asked))
    return decide(shown, against).verdict(
        reason=f"{names.SETTINGS[cost].capitalize()} to equal quality: {said}; asked is less than"
        f" {number(bound, 2)} times.",
        numbers=tuple(one.number() for one in asked),
    )
