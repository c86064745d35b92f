"""All findings of a page are one family: which words stand when every one is counted?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.verdict.decide import LEVEL
from llmx.report.verdict.model import DECISIVE, Verdict, Word
from llmx.stats.multiple import holm

TESTED: tuple[Word, ...] = (*DECISIVE, "not shown here", "indicative")
"""Words of findings that were tested. The others test nothing, and do not count."""


def over_all(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Return the verdicts of one page, each with its p value after Holm over all tested findings.

    A finding that decides nothing counts as tried (p = 1). So does a decisive one whose p value is
    not known, as of a file of version 1; of it nothing is said.
    """
    places = [at for at, verdict in enumerate(verdicts) if verdict.word in TESTED]
    known = [_p(verdicts[at]) for at in places]
    adjusted = holm([1.0 if p is None else p for p in known])
    found = {at: p for at, own, p in zip(places, known, adjusted, strict=True) if own is not None}
    return tuple(
        verdict.model_copy(
            update={"p_all": found.get(at), "tested": len(places) if at in places else 0}
        )
        for at, verdict in enumerate(verdicts)
    )


def _p(verdict: Verdict) -> float | None:
    return verdict.p if verdict.word in DECISIVE else None


def said_over_all(word: str, p_all: float | None, tested: int) -> str:
    """Say whether a decisive word stands over all findings of its page; else nothing."""
    if word not in DECISIVE or tested < 2:
        return ""
    if p_all is None:
        return f"not known over all {tested} findings of this page"
    return f"{'also' if p_all <= LEVEL else 'not'} over all {tested} findings of this page"
