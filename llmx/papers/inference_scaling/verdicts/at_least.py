"""Is one way of spending compute as good as others that cost as much?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.verdicts.fit import fit
from llmx.papers.inference_scaling.verdicts.lead import Lead, leads, margin_said
from llmx.report.verdict.decide import decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Verdict
from llmx.report.verdict.schema import MARGIN


def at_least(
    e: Evidence,
    *,
    arms: Sequence[str],
    than: Sequence[str],
    method: str = "majority",
    cost: str = "completion",
    margin: float = MARGIN,
    more: bool = False,
) -> Verdict:
    """Compare a method with others, each at the largest size that costs no more than the other.

    Shown: of every arm, method and size the one-sided 95 % bound lies above −`margin`; all have to
    pass, so no p value is adjusted (Berger 1982). With `more` it has to be surely better everywhere
    (Holm). Contradicted: somewhere the other is surely better (Holm over all comparisons). Left out
    is another method where the model cannot follow it: at its smallest size it is at the floor, or
    its judge gives no score to more than half of the answers.

    Args:
        than: the other methods.
        cost: what is matched, by its name in points.
        more: whether as good is not enough.
    """
    able = fit(e, arms, than)
    if (refused := able.refusal()) is not None:
        return refused
    names = {figure_names.matched(method, other, cost): able.of(other) for other in than}
    found = leads(one for name in sorted(names) for one in e.figures.of(name, names[name]))
    if not found and able.lost:
        return able.nothing()
    if not found:
        other = ", ".join(figure_names.label(one) for one in than)
        reason = f"The run holds no {other} beside a {figure_names.label(method)} of its {cost}."
        return Verdict(word="not comparable", reason=reason)
    shown = every(one.above() if more else one.over(-margin) for one in found)
    verdict = decide(shown, some(one.below() for one in found)).verdict(
        reason=_reason(found, method, cost, None if more else margin),
        numbers=tuple(one.number() for one in found),
    )
    return able.said(verdict)


def _reason(found: Sequence[Lead], method: str, cost: str, margin: float | None) -> str:
    said = "; ".join(f"`{one.arm}` {one.said()} {_beside(one)}" for one in found)
    asked = "asked is a lead" if margin is None else f"the margin is {margin_said(margin)}"
    return f"{figure_names.label(method).capitalize()} at no more {cost}: {said}; {asked}."


def _beside(one: Lead) -> str:
    """Name the other method and its size."""
    other = one.figure.quantity.partition(" over ")[2].rpartition(" at matched ")[0]
    return f"from {other}{one.at()}"
