"""What does an option cost, and what does it gain, beside the same arm without it?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.numbers import number_span, points_span
from llmx.report.paired_table import tokens
from llmx.report.timing import as_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import Gap, gaps
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.ratio import ratio_of_means


def costs_and_gains(e: Evidence, *, pairs: Sequence[Sequence[str]]) -> Verdict:
    """Compare each first arm of a pair with its second: accuracy, speed and draft share.

    No claim is judged.
    """
    kept = [(first, second) for first, second in pairs if {first, second} <= e.arms.keys()]
    found = gaps(e, kept)
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
        Number(what=f"{unit}/s", arm=gap.first, against=gap.second, span=span, unit="times")
        for unit, span in found.items()
        if span is not None
    ]


def _shares(gap: Gap) -> list[Number]:
    """Return the draft share of both arms; nothing for an arm that drafts nothing."""
    table, found = gap.table, []
    for name, files in ((gap.first, table.first), (gap.second, table.second)):
        accepted = table.values(files, lambda score: float(score.accepted)).mean(1)
        if accepted.any():
            span = as_span(ratio_of_means(accepted, table.values(files, tokens).mean(1)))
            found.append(Number(what="draft share", arm=name, span=span, unit="share"))
    return found


def _sentence(e: Evidence, gap: Gap) -> str:
    speed = e.faster(gap.first, gap.second, "tokens")
    times = f", {number_span(speed, 2)} times its tokens/s" if speed else ""
    return f"`{gap.first}` beside `{gap.second}`: {points_span(gap.span)} points{times}"
