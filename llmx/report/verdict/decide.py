"""From what speaks for each half of a statement to one word and its p value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from llmx.report.verdict.model import Verdict, Word

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
