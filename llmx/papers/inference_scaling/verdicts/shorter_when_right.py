"""Do right answers differ from wrong ones in length, or in the words that they use?

Pooled over problems, as published, a hard problem alone makes wrong answers long: it is answered
wrongly more often, and at greater length. Within problems that have both kinds of answers it does
not. Both are shown, whichever the word rests on.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.verdicts.fit import uncut
from llmx.papers.inference_scaling.verdicts.lead import Lead, leads, listed
from llmx.report.verdict.decide import decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Verdict

FILINGS = ("a", "b")
"""How the disputed words are filed; see :mod:`llmx.papers.inference_scaling.features.lexicon`."""


def shorter_when_right(e: Evidence, *, arms: Sequence[str], within: bool = False) -> Verdict:
    """Compare lengths in tokens of right and wrong answers.

    Shown: the right answers of every arm are surely shorter; all have to be, so no p value is
    adjusted. Contradicted: those of some arm are surely longer (Holm over the arms).

    Args:
        within: whether the word rests on the difference within problems.
    """
    pair = (figure_names.SHORTER, figure_names.SHORTER_WITHIN)
    return _compared(e, arms, [pair], within, more=False)


def markers_when_right(
    e: Evidence,
    *,
    arms: Sequence[str],
    markers: str,
    filings: Sequence[str] = FILINGS,
    more: bool = False,
    within: bool = False,
) -> Verdict:
    """Compare markers of a category, a thousand words, of right and wrong answers.

    Shown: in every arm and under every filing of the disputed words right answers have surely fewer
    of them. Contradicted: somewhere surely more (Holm over all). Not testable: no answer of any arm
    holds one.

    Args:
        markers: ``hedging``, ``thinking`` or ``discourse``.
        more: whether right answers are said to have more.
        within: whether the word rests on the difference within problems.
    """
    if not _any_marker(e, arms, markers, filings):
        named = ", ".join(f"`{arm}`" for arm in arms)
        reason = f"No answer of {named} holds a {markers} marker, under any filing."
        return Verdict(word="not testable here", reason=reason)
    pairs = [
        (figure_names.density(markers, one), figure_names.density(markers, one, within=True))
        for one in filings
    ]
    return _compared(e, arms, pairs, within, more)


def _any_marker(e: Evidence, arms: Sequence[str], markers: str, filings: Sequence[str]) -> bool:
    """Whether markers were found, or the run does not say how many."""
    known = [
        one for filing in filings for one in e.figures.of(figure_names.seen(markers, filing), arms)
    ]
    return not known or any(one.span.estimate > 0 for one in known)


def _compared(
    e: Evidence,
    arms: Sequence[str],
    quantities: Sequence[tuple[str, str]],
    within: bool,
    more: bool,
) -> Verdict:
    able = uncut(e, arms)
    if (refused := able.refusal()) is not None:
        return refused
    pooled, inside = (
        [one for pair in quantities for one in e.figures.of(pair[at], able.arms)] for at in (0, 1)
    )
    judged = leads(inside if within else pooled)
    if not judged:
        reason = "The run holds no arm with both right and wrong answers."
        return Verdict(word="not comparable", reason=reason)
    less = [one.below() for one in leads(inside if within else pooled, family=False)]
    greater = [one.above() for one in judged]
    if more:
        less, greater = (
            [one.above() for one in leads(inside if within else pooled, family=False)],
            [one.below() for one in judged],
        )
    beside = leads(pooled if within else inside)
    shown = [one.number().model_copy(update=_RESTS_ON_NOTHING) for one in beside]
    return decide(every(less), some(greater)).verdict(
        reason=_reason(judged, beside, within),
        numbers=(*(one.number() for one in judged), *shown),
    )


_RESTS_ON_NOTHING = {"problems": 0, "seeds": 0}
"""Of figures that stand beside: the word does not rest on them, nor on how many they are of."""


def _reason(judged: Sequence[Lead], beside: Sequence[Lead], within: bool) -> str:
    pooled, inside = (beside, judged) if within else (judged, beside)
    said = f"Right minus wrong, pooled: {listed(pooled) or 'not measured'}"
    mixed = "; ".join(f"{listed([one])} ({one.figure.n} problems)" for one in inside)
    return f"{said}; within problems that have both: {mixed or 'none has both'}."
