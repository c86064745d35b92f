"""What is lost where thinking is cut short, and is what is left as good as not thinking at all?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Figure
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.verdicts.fit import at_floor, fit, points_of
from llmx.papers.inference_scaling.verdicts.lead import adjusted, leads, listed
from llmx.report.verdict.decide import Support, decide, every, some
from llmx.report.verdict.evidence import Evidence, named
from llmx.report.verdict.model import Verdict
from llmx.report.verdict.schema import MARGIN


def truncation_hurts(
    e: Evidence,
    *,
    pairs: Sequence[Sequence[str]],
    kept: float = 50,
    margin: float = MARGIN,
) -> Verdict:
    """Judge answers after thinking that was cut, beside whole thinking and a model without any.

    Shown: with `kept` percent of its thinking, or the most below that, every first arm is surely
    worse than with all of it; and with the least that was kept it is not better than one answer of
    its direct model by more than `margin` (one-sided at 5 %). All have to hold. Contradicted: some
    cut surely gains, or the least that was kept is surely better than the direct model (Holm).
    Where a direct model is at the floor, or the answers after the least that was kept are, that
    half is not tested, and the reason says so: the model was never taught to answer from so little.
    An arm that is at the floor with all of its thinking cannot go on with an answer, and is left
    out.

    Args:
        pairs: each an arm that thinks and one that answers directly.
        kept: percent of the thinking.
    """
    thinking = fit(e, (pair[0] for pair in pairs), ("truncate",))
    direct = fit(e, (pair[1] for pair in pairs))
    if (refused := thinking.refusal()) is not None:
        return refused
    losses = [one for arm in thinking.arms if (one := _at(e, arm, kept)) is not None]
    if not losses:
        reason = "The run holds no answers after a part of the thinking."
        return Verdict(word="not comparable", reason=reason)
    left = [(one, other) for one, other in pairs if one in thinking.arms and other in direct.arms]
    least = [found for pair in left if (found := _least(e, *pair)) is not None]
    beside = [one for one in least if not _floored(e, one)]
    floors = [named(direct.unfit), *(_named(one) for one in least if one not in beside)]
    return thinking.said(_decided(losses, beside, margin, "; ".join(filter(None, floors))))


_ALONE = "Tested is the loss alone, as nothing"


def _decided(
    losses: Sequence[Figure], beside: Sequence[Figure], margin: float, floor: str
) -> Verdict:
    lost, over = leads(losses, family=False), leads(beside, family=False)
    shown = every([*(one.below() for one in lost), *(one.under(margin) for one in over)])
    against: list[Support] = [one.above() for one in (*lost, *over)]
    reason = f"Beside whole thinking: {listed(lost)}."
    if over:
        named_ = "; ".join(f"`{one.arm}` {one.said()} from `{one.figure.against}`" for one in over)
        reason += f" With the least that was kept: {named_}{over[0].at()}."
    if floor:
        reason += f" {'Nothing' if over else _ALONE} is decided by {floor}."
    return decide(shown, some(adjusted(against))).verdict(
        reason=reason, numbers=tuple(one.number() for one in (*lost, *over))
    )


def _at(e: Evidence, arm: str, kept: float) -> Figure | None:
    """Return the loss at the most that was kept up to `kept` percent."""
    known = [one for one in e.figures.of(figure_names.BESIDE_FULL, {arm}) if one.at is not None]
    return max(
        (one for one in known if (one.at or 0.0) <= kept),
        key=lambda one: one.at or 0.0,
        default=None,
    )


def _floored(e: Evidence, least: Figure) -> bool:
    """Whether the answers after the least that was kept are at the floor."""
    known = points_of(e, figure_names.accuracy("truncate"), least.arm)
    return any(one.at == least.at and at_floor(e, one) for one in known)


def _named(least: Figure) -> str:
    return f"`{least.arm}` (at the floor with {least.at:g} {least.setting} kept)"


def _least(e: Evidence, arm: str, direct: str) -> Figure | None:
    known = e.figures.of(figure_names.BESIDE_SINGLE, {arm})
    found = [one for one in known if one.against == direct and one.at is not None]
    return min(found, key=lambda one: one.at or 0.0, default=None)
