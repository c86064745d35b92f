"""Figures of an arm beside its control, and what speaks for them lying on a side of a value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure
from llmx.report.verdict.decide import LEVEL, Support
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.multiple import holm


@dataclass(frozen=True)
class FigureBeside:
    """A figure of an arm beside its control; `p` is of the figure being what is asked."""

    figure: Figure
    value: float
    p: float

    def above(self) -> Support:
        """Return what speaks for more than what is asked: interval and p value both."""
        return self._sure(self.figure.span.above(self.value))

    def below(self) -> Support:
        """Return what speaks for less."""
        return self._sure(self.figure.span.below(self.value))

    def _sure(self, beyond: bool) -> Support:
        return Support(beyond and self.p <= LEVEL, self.p, self.figure.lone)

    def number(self) -> Number:
        """Return it as a figure of a verdict."""
        one = self.figure
        return Number(
            what=one.quantity, arm=one.arm, against=one.against, span=one.span, unit=one.unit,
            p=self.p, problems=one.n, seeds=one.seeds, lone=one.lone,
        )  # fmt: skip


def figures_beside(e: Evidence, quantity: str, pairs: Iterable[tuple[str, str]]) -> list[Figure]:
    """Return the figures of a quantity of arms beside their controls, of those that there are."""
    known = {(one.arm, one.against): one for one in reversed(e.figures.of(quantity))}
    return [known[pair] for pair in pairs if pair in known]


def asked_of(
    found: Sequence[Figure], values: Sequence[float], known: Sequence[bool]
) -> list[FigureBeside]:
    """Return figures with what is asked of each, and p of their being just that.

    The p values of several are adjusted by the caller where one of them is enough for a word.

    Args:
        known: whether the p value of a figure is of that very value. Of another, all that is known
            of an interval that leaves it out is that p is at most 5 %.
    """
    raw = [_p(one, value, own) for one, value, own in zip(found, values, known, strict=True)]
    return [FigureBeside(*each) for each in zip(found, values, raw, strict=True)]


def _p(one: Figure, value: float, known: bool) -> float:
    if known and one.p is not None:
        return one.p
    return LEVEL if one.span.above(value) or one.span.below(value) else 1.0


def adjusted(found: Sequence[FigureBeside]) -> list[FigureBeside]:
    """Return the same with p after Holm: one of them is enough for a word."""
    return [
        FigureBeside(one.figure, one.value, p)
        for one, p in zip(found, holm([one.p for one in found]), strict=True)
    ]


def unaudited(e: Evidence, found: Iterable[Figure]) -> Verdict | None:
    """Return that nothing is said where a figure rests on an arm whose audit failed, or that has
    none; None where all may be used.
    """
    over = dict.fromkeys(name for one in found for name in one.over)
    lost = [name for name in over if name in e.failed or name not in e.audited]
    if not lost:
        return None
    named = ", ".join(f"`{name}` ({e.failed.get(name, 'no audit')})" for name in lost)
    text = f"It rests on arms that have passed no audit: {named}."
    return Verdict(word="withheld", reason=text, withheld=tuple(lost))
