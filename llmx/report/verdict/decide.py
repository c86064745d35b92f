"""From what speaks for each half of a statement to one word and its p value.

All findings of a page are one family: which words stand when every one is counted?
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmx.report.verdict.model import DECISIVE, Verdict, Word
from llmx.stats.multiple import holm

LEVEL = 0.05
"""Chance that a finding is decided wrongly, over all comparisons that its word could rest on."""


@dataclass(frozen=True)
class Support:
    """What speaks for one half of a word.

    Attributes:
        sure: whether interval and p value agree that it is so.
        p: after the adjustment for all comparisons of the verdict.
        lone: whether it rests on one seed of a training: another training could say otherwise.
    """

    sure: bool
    p: float
    lone: bool = False


NOTHING = Support(sure=False, p=1.0)


def every(parts: Iterable[Support]) -> Support:
    """Return what speaks for all of several at once: the weakest decides."""
    found = list(parts)
    if not found:
        return NOTHING
    return Support(
        sure=all(one.sure for one in found),
        p=max(one.p for one in found),
        lone=any(one.lone for one in found),
    )


def some(parts: Iterable[Support]) -> Support:
    """Return what speaks for at least one of several: the strongest that several seeds bear out.

    The p values have to be adjusted for being several (Holm).
    """
    sure = [one for one in parts if one.sure]
    firm = [one for one in sure if not one.lone]
    return min(firm or sure, key=lambda one: one.p, default=NOTHING)


@dataclass(frozen=True)
class DecidedWord:
    """A word with its p value; `leans`: of an indicative one, the word that it points to."""

    word: Word
    p: float | None = None
    leans: Word | None = None

    def verdict(self, **fields: object) -> Verdict:
        """Return it as a verdict with further fields."""
        return Verdict.model_validate(
            {"word": self.word, "p": self.p, "leans": self.leans, **fields}
        )


def decide(shown: Support, contradicted: Support = NOTHING) -> DecidedWord:
    """Return *shown here*, *contradicted here* or *not shown here*.

    What rests on one seed of a training alone is *indicative*, and says which way it points. Its p
    value knows nothing of other trainings, and is not given.
    """
    halves: tuple[tuple[Word, Support], ...] = (
        ("contradicted here", contradicted),
        ("shown here", shown),
    )
    for word, half in halves:
        if half.sure and not half.lone:
            return DecidedWord(word, half.p)
    for word, half in halves:
        if half.sure:
            return DecidedWord("indicative", leans=word)
    return DecidedWord("not shown here")


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
