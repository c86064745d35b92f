"""How many times the reference's tokens a second does a reader get, end to end?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.figures import names
from llmx.report.numbers import number_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Verdict
from llmx.report.verdict.over_rounds import UNTIMED, decided, gains


def end_to_end_speed(e: Evidence, *, arms: Sequence[str], aim: float = 1.6) -> Verdict:
    """Compare tokens of the answer over seconds from request to last token with the reference.

    Shown: of at least one arm the 95 % interval of the ratio lies at or above `aim`, and p after
    Holm over the arms. Contradicted: of every arm it lies below.
    """
    found = gains(e, arms, names.END_TO_END, aim)
    if not found:
        return Verdict(word="not comparable", reason=UNTIMED)
    said = "; ".join(f"`{one.arm}` {number_span(one.span, 2)} times" for one in found)
    return decided(found, aim).verdict(
        reason=f"Tokens/s end to end, beside the reference: {said}; asked are {aim:g} times.",
        numbers=tuple(one.number(names.END_TO_END, "times") for one in found),
    )
