"""What does an option cost, and what does it gain, beside the same arm without it?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.record import ACCURACY
from llmx.report.numbers import number_span
from llmx.report.paired_table import ratio_of, tokens
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import Gap, counts, gaps
from llmx.report.verdict.model import Number, Verdict


def costs_and_gains(
    e: Evidence, *, pairs: Sequence[Sequence[str]], metric: str = ACCURACY
) -> Verdict:
    """Compare each first arm of a pair with its second: a metric, speed and draft share.

    No claim is judged.
    """
    kept = [(first, second) for first, second in pairs if {first, second} <= e.arms.keys()]
    found = gaps(e, kept, metric)
    if not found:
        return Verdict(word="not comparable", reason="The arms share no scored problem.")
    numbers = [
        number for gap in found for number in (gap.number(), *_speeds(e, gap), *_shares(gap))
    ]
    return Verdict(
        word="measured",
        reason=". ".join(_sentence(e, gap) for gap in found) + ".",
        numbers=tuple(numbers),
    )


def _speeds(e: Evidence, gap: Gap) -> list[Number]:
    found = {unit: e.faster(gap.first, gap.second, unit) for unit in ("tokens", "problems")}
    return [
        speed.number(f"{unit}/s", gap.first, gap.second)
        for unit, speed in found.items()
        if speed is not None
    ]


def _shares(gap: Gap) -> list[Number]:
    """Return the draft share of both arms; nothing for an arm that drafts nothing."""
    table, found = gap.table, []
    for name, files in ((gap.first, table.first), (gap.second, table.second)):
        accepted = table.values(files, lambda score: float(score.accepted))
        if accepted.any():
            span = ratio_of(table, accepted, table.values(files, tokens)).span
            found.append(
                Number(what="draft share", arm=name, span=span, unit="share", **counts(table))
            )
    return found


def _sentence(e: Evidence, gap: Gap) -> str:
    speed = e.faster(gap.first, gap.second, "tokens")
    times = f", {number_span(speed.span, 2)} times its tokens/s" if speed else ""
    return f"`{gap.first}` beside `{gap.second}`: {gap.said()}{times}"
