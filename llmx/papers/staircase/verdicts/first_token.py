"""How much earlier does the first token come than from the reference?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.figures import names
from llmx.report.numbers import percent, percent_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Verdict
from llmx.report.verdict.over_rounds import UNTIMED, decided, gains


def first_token_cut(e: Evidence, *, arms: Sequence[str], aim: float = 0.93) -> Verdict:
    """Judge the share of the reference's time to the first token that arms save.

    Drafts and answers end by themselves in the rounds that it rests on. Shown: of at least one arm
    the 95 % interval lies at or above `aim`, and p after Holm over the arms. Contradicted: of every
    arm it lies below.
    """
    found = gains(e, arms, names.FIRST_TOKEN_CUT, aim)
    if not found:
        return Verdict(word="not comparable", reason=UNTIMED)
    said = "; ".join(f"`{one.arm}` by {percent_span(one.span)} %" for one in found)
    return decided(found, aim).verdict(
        reason=f"The time to the first token falls: {said}; asked are {percent(aim)} %.",
        numbers=tuple(one.number(names.FIRST_TOKEN_CUT, "share") for one in found),
    )
