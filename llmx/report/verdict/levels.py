"""Are problems of one level answered better than those of the next, by each arm alone?

A level is what the metadata of a problem say under a key that the finding names. Levels have
problems of their own, so nothing is paired; arms are not compared with each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, RIGHT, Metric
from llmx.report.figures.names import gap_of
from llmx.report.gather import ArmFiles
from llmx.report.level_difference import LevelDifference, level_difference
from llmx.report.measure import value_span
from llmx.report.numbers import gap_unit, gap_words, level, level_unit, margin_words
from llmx.report.verdict.decide import LEVEL, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence, Unfit
from llmx.report.verdict.floor import at_a_limit
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.multiple import holm

Levels = Sequence[str | float]

LOSS = 0.2
"""20 points of accuracy: what `drop` asks for where a finding says nothing."""


def problems_of_level(e: Evidence, by: str, name: str | float) -> set[str]:
    """Return the problems whose trait has a value."""
    return {one for one, value in e.traits.get(by, {}).items() if _word(value) == _word(name)}


def _word(value: str | float) -> str:
    """Return what a level is compared by: 3 and 3.0 are one."""
    return value if isinstance(value, str) else f"{value:g}"


def restricted(files: ArmFiles, ids: Collection[str]) -> ArmFiles:
    """Return an arm's scores of some problems alone."""
    kept = {name: score for name, score in files.scores.items() if name in ids}
    runs = tuple(restricted(run, ids) for run in files.seeds)
    return replace(files, scores=kept, seeds=runs)


def level_at_a_limit(
    e: Evidence, name: str, by: str, levels: Levels, metric: Metric = RIGHT
) -> Unfit | None:
    """Return why an arm decides nothing by levels: one of them is at the floor or the ceiling."""
    for one in levels:
        part = restricted(e.arm(name), problems_of_level(e, by, one))
        found = at_a_limit(name, part, metric) if part.scores else None
        if found is not None:
            return replace(found, why=f"{one} is {found.why}")
    return None


@dataclass(frozen=True)
class LevelGap:
    """What an arm loses from one level to the next, and p of its being `bound`.

    Attributes:
        sign: 1 where more of the metric is better, else -1; `span` is the loss, whichever way.
    """

    arm: str
    levels: tuple[str, str]
    found: LevelDifference
    span: Span
    p: float
    metric: Metric
    bound: float = 0.0

    def above(self) -> Support:
        """Return what speaks for a loss beyond the bound: interval and p value both."""
        return Support(self.p <= LEVEL and self.span.above(self.bound), self.p, self.found.lone)

    def below(self) -> Support:
        """Return what speaks for less."""
        return Support(self.p <= LEVEL and self.span.below(self.bound), self.p, self.found.lone)

    def number(self) -> Number:
        """Return it as a figure of a verdict."""
        return Number(
            what=f"{gap_of(self.metric.name)}, {self.levels[0]} minus {self.levels[1]}",
            arm=self.arm, span=self.span.scaled(self.metric.signed), unit=gap_unit(self.metric),
            p=self.p, problems=self.found.problems, seeds=self.found.seeds, lone=self.found.lone,
            metric="" if self.metric.name == ACCURACY else self.metric.name,
        )  # fmt: skip


def ordered(
    e: Evidence,
    *,
    arms: Sequence[str],
    by: str,
    levels: Levels,
    metric: str = ACCURACY,
    clustered: bool = False,
) -> Verdict:
    """Compare each level with the next, for every arm by itself.

    Shown: of every arm, each level is surely answered better than the next. Contradicted: some
    level is surely answered worse. Intervals hold together (Bonferroni over all arms and
    neighbours), and p values are adjusted over the same (Holm).

    Args:
        by: key in the metadata of the problems.
        levels: its values, from the one that should be answered best.
        metric: by which better is meant, whichever way that is.
        clustered: whether the problems of one cluster are drawn together.
    """
    of = e.metric(metric)
    pairs = list(pairwise(levels))
    found = _gaps(e, arms, by, pairs, of, clustered, 1 - LEVEL / (len(arms) * len(pairs)))
    if not found:
        return _nothing(e, by, levels)
    numbers = (*_level_numbers(e, found, by, of), *(gap.number() for gap in found))
    said = "; ".join(_said(e, name, by, levels, found, of) for name in _named(found))
    together = f"all {len(found)} intervals together at 95 %" if len(found) > 1 else "95 % interval"
    return decide(every(gap.above() for gap in found), some(gap.below() for gap in found)).verdict(
        reason=f"{said} ({together}).", numbers=numbers
    )


def drop(
    e: Evidence,
    *,
    arms: Sequence[str],
    by: str,
    levels: Levels,
    bound: float | None = None,
    metric: str = ACCURACY,
    clustered: bool = False,
) -> Verdict:
    """Compare what each arm loses from one level to another with a bound.

    Shown: the 95 % interval of every arm's loss lies above the bound. Contradicted: that of one
    lies below (Holm over the arms).

    Args:
        by, levels, metric, clustered: as of :func:`ordered`; there are two levels.
        bound: in the unit of the metric; of accuracy, and of what is in percent, a share. None =
            :data:`LOSS`.
    """
    bound = LOSS if bound is None else bound
    of, ends = e.metric(metric), (levels[0], levels[-1])
    found = _gaps(e, arms, by, [ends], of, clustered, 1 - LEVEL, bound)
    if not found:
        return _nothing(e, by, ends)
    less = [replace(gap, p=p) for gap, p in zip(found, holm([g.p for g in found]), strict=True)]
    said = "; ".join(
        f"`{gap.arm}` loses {gap_words(gap.span, of)} from {ends[0]} to {ends[1]}" for gap in found
    )
    return decide(every(gap.above() for gap in found), some(gap.below() for gap in less)).verdict(
        reason=f"{said}; asked is a loss of more than {margin_words(bound, of)}.",
        numbers=(*_level_numbers(e, found, by, of), *(gap.number() for gap in found)),
    )


def _gaps(
    e: Evidence,
    arms: Sequence[str],
    by: str,
    pairs: Sequence[tuple[str | float, str | float]],
    metric: Metric,
    clustered: bool,
    at: float,
    bound: float = 0.0,
) -> list[LevelGap]:
    """Return the losses that can be told; p after Holm where the bound is 0.

    Args:
        at: level of the intervals.
    """
    known: dict[tuple[str, str, str], LevelDifference] = {}
    for name in arms:
        for high, low in pairs:
            parts = [problems_of_level(e, by, one) for one in (high, low)]
            one = level_difference(e.arm(name), parts[0], parts[1], metric, clustered)
            if one is not None:
                known[name, _word(high), _word(low)] = one
    ps = [one.p_value(bound) for one in known.values()]
    return [
        LevelGap(name, (high, low), one, one.span(at), p, metric, bound)
        for ((name, high, low), one), p in zip(
            known.items(), ps if bound else holm(ps), strict=True
        )
    ]


def _named(found: Sequence[LevelGap]) -> list[str]:
    return list(dict.fromkeys(gap.arm for gap in found))


def _level_spans(
    e: Evidence, name: str, by: str, levels: Levels, metric: Metric
) -> Mapping[str, tuple[Span, int]]:
    parts = {_word(one): restricted(e.arm(name), problems_of_level(e, by, one)) for one in levels}
    return {
        one: (value_span(part, metric), len(part.scores))
        for one, part in parts.items()
        if part.scores
    }


def _said(
    e: Evidence, name: str, by: str, levels: Levels, found: Sequence[LevelGap], metric: Metric
) -> str:
    spans = _level_spans(e, name, by, levels, metric)
    unit = " %" if metric.unit == "%" else ""
    shown = ", ".join(f"{one} {level(span, metric)}{unit}" for one, (span, _) in spans.items())
    steps = ", ".join(
        f"{gap.levels[0]} minus {gap.levels[1]} {gap_words(gap.number().span, metric)}"
        for gap in found
        if gap.arm == name
    )
    return f"`{name}`: {shown}; {steps}"


def _level_numbers(
    e: Evidence, found: Sequence[LevelGap], by: str, metric: Metric
) -> Iterator[Number]:
    """Yield what each arm comes to on each level."""
    for name in _named(found):
        mine = [gap for gap in found if gap.arm == name]
        asked = list(dict.fromkeys(one for gap in mine for one in gap.levels))
        for one, (span, problems) in _level_spans(e, name, by, asked, metric).items():
            yield Number(
                what=f"{metric.name}, {one}", arm=name, span=span,
                unit=level_unit(metric) or "of 1", problems=problems, seeds=mine[0].found.seeds,
                metric="" if metric.name == ACCURACY else metric.name,
            )  # fmt: skip


def _nothing(e: Evidence, by: str, levels: Levels) -> Verdict:
    lacking = [str(one) for one in levels if not problems_of_level(e, by, one)]
    if not e.traits.get(by):
        why = f"No problem says its `{by}`."
    elif lacking:
        why = f"There is no problem of `{by}` {', '.join(lacking)}."
    else:
        why = "No arm has two scored problems of each level."
    return Verdict(word="not comparable", reason=why)
