"""Do more answers still help, or has voting given what it gives?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.verdicts.fit import fit
from llmx.papers.inference_scaling.verdicts.lead import (
    Lead,
    adjusted,
    leads,
    listed,
    margin_said,
)
from llmx.report.verdict.decide import decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Verdict


def saturates(e: Evidence, *, arms: Sequence[str], bound: float = 0.01) -> Verdict:
    """Judge what the last doubling of the votes has added.

    Shown: of every arm surely less than `bound`, one-sided at 5 %; all have to, so no p value is
    adjusted. Contradicted: of some arm surely more, at 5 % over the arms.

    Args:
        bound: a share of problems: 0.01 is one point.
    """
    able = fit(e, arms)
    if (refused := able.refusal()) is not None:
        return refused
    found = [one for arm in able.arms if (one := _last(e, arm)) is not None]
    if not found:
        reason = "The run holds no votes over twice as many answers."
        return Verdict(word="not comparable", reason=reason)
    shown = every(one.under(bound) for one in found)
    against = some(adjusted(one.over(bound) for one in found))
    told = "; ".join(said for one in found if (said := _since(e, one.arm, bound)))
    verdict = decide(shown, against).verdict(
        reason=f"Gain of the last doubling: {listed(found)}; the bound is {margin_said(bound)}."
        f"{f' {told}.' if told else ''}",
        numbers=tuple(one.number() for one in found),
    )
    return able.said(verdict)


def _doublings(e: Evidence, arm: str) -> list[Lead]:
    known = leads(e.figures.of(figure_names.DOUBLING, {arm}), family=False)
    return sorted(known, key=lambda one: one.figure.at or 0.0)


def _last(e: Evidence, arm: str) -> Lead | None:
    return next(reversed(_doublings(e, arm)), None)


def _since(e: Evidence, arm: str, bound: float) -> str:
    """Say from how many votes on every doubling adds surely less than the bound; else nothing."""
    found = _doublings(e, arm)
    small = [one.under(bound).sure for one in found]
    from_ = next((at for at in range(len(found)) if all(small[at:])), None)
    if from_ is None:
        return ""
    votes = (found[from_].figure.at or 0) / 2
    return f"From {votes:g} votes on no doubling adds as much to `{arm}`"
