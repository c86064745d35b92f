"""A published figure beside ours: may they be compared, and do they agree?"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from llmx.claims.paper import PER_MACHINE, Claim, Ours
from llmx.claims.quantity import quantity
from llmx.claims.reproduce.beside import Beside
from llmx.core.figure import JudgeName
from llmx.core.record import Sparse
from llmx.report.figures.names import CONTROLLED
from llmx.report.numbers import number, number_span, points_span
from llmx.report.verdict.model import CANNOT

Word = Literal[
    "reproduced",
    "within noise",
    "not reproduced",
    "inconclusive",
    "not comparable",
    "could not be read",
    "not run here",
    "exploratory",
]


class Published(Sparse):
    """One published figure with its verdict."""

    younger: ClassVar[frozenset[str]] = frozenset({"note"})

    claim: Claim
    ours: Beside | None = None
    word: Word
    reason: str = Field(description="one or two sentences that the word follows from")
    note: str = Field(default="", description="what is wrong with the figure itself")


_UNREAD = "The figure exists and could not be read: not published here."


def published(claim: Claim, ours: Beside | None, explored: str = "", note: str = "") -> Published:
    """Compare a published figure with ours.

    Only a run at scale=paper is compared, as every other has other models and data; never a figure
    that belongs to one machine. A figure that could not be read is never reproduced.

    Args:
        explored: why ours is exploratory, so that there is no figure of ours; see
            :func:`llmx.claims.reproduce.beside.exploratory`.
        note: what is wrong with the published figure itself.
    """
    word, reason = _compared(claim, ours)
    if explored and ours is None:
        what = _UNREAD if claim.value is None else ""
        word, reason = "exploratory", f"{what} {explored} exploratory.".strip()
    return Published(claim=claim, ours=ours, word=word, reason=reason, note=note)


def _compared(claim: Claim, ours: Beside | None) -> tuple[Word, str]:
    if claim.value is None:
        return "could not be read", f"{_UNREAD}{_own(claim, ours)}"
    if claim.ours is None:
        return "not comparable", "No recipe measures this."
    if ours is None:
        return "not run here", f"No stored run of {claim.ours.recipe} holds it."
    if claim.unit in PER_MACHINE:
        what = f"A figure in {claim.unit} belongs to its models and its machine"
        return "not comparable", f"{what}; here: {said(ours)}."
    if apart := _apart(claim.ours, ours):
        return "not comparable", f"{apart}; here: {said(ours)}."
    return _agreement(claim, ours)


def _apart(wanted: Ours, ours: Beside) -> str:
    """Return why two figures are not of the same thing; empty = they may be compared."""
    if ours.scale != "paper":
        return f"Other models and data (scale={ours.scale})"
    if wanted.apart is not None:
        return wanted.apart
    if ours.unkept:
        return "Its outcomes by problem were not kept"
    if wanted.quantity == CONTROLLED != ours.quantity:
        return "Lengths are not controlled for in ours"
    judge = ours.judge
    if judge and (judge.kind != "endpoint" or judge.name != wanted.judge):
        return f"Another judge than {wanted.judge or 'the published one'}"
    return ""


def _own(claim: Claim, ours: Beside | None) -> str:
    """Say what stands beside a figure that could not be read, or what to type for it."""
    if claim.ours is None:
        return ""
    if ours is None:
        return f" `llmx run recipe={claim.ours.recipe} scale=paper` measures ours."
    return f" Ours, scale={ours.scale}: {said(ours)}."


def said(ours: Beside) -> str:
    """Return our comparison in words."""
    text = f"`{ours.arm}` with {_figure(ours)}"
    if ours.absolute is not None:
        text += f" (a gain of {number_span(ours.absolute, 0)} tokens/s)"
    if ours.accuracy is not None and "accuracy" not in ours.quantity and ours.against:
        text += f" at {points_span(ours.accuracy)} points of accuracy"
    return f"{text} (of {ours.unkept}; {CANNOT})" if ours.unkept else text


def said_judge(judge: JudgeName) -> str:
    """Return the judge in words."""
    if judge.kind is None:
        return "by a judge that the run does not name"
    if judge.kind == "rule":
        return f"by the rule `{judge.name}` on this machine, which knows nothing of quality"
    return f"by `{judge.name}`" + (" on this machine" if judge.kind == "local" else "")


def _figure(ours: Beside) -> str:
    by = f", {said_judge(ours.judge)}" if ours.judge else ""
    return f"{quantity(ours.quantity).told(ours.span, ours.against)}{by}"


def bounds(claim: Claim) -> tuple[float, float]:
    """Return the closed region that a claim says the true value lies in, in our units."""
    assert claim.value is not None
    scale = 0.01 if claim.unit in ("points", "percent") else 1.0
    if isinstance(claim.value, tuple):
        return claim.value[0] * scale, claim.value[1] * scale
    if claim.relation == "gt":
        return claim.value * scale, float("inf")
    if claim.relation == "le":
        return -float("inf"), (claim.value + (claim.tolerance or 0.0)) * scale
    slack = claim.tolerance or 0.0
    return (claim.value - slack) * scale, (claim.value + slack) * scale


def _agreement(claim: Claim, ours: Beside) -> tuple[Word, str]:
    low, high = bounds(claim)
    span = ours.span
    if span.low is None or span.high is None:
        return "inconclusive", f"One round gives no interval: {said(ours)}."
    if claim.relation == "le":
        # Whatever is less agrees with "up to": that alone reproduces nothing.
        word: Word = "not reproduced" if span.low > high else "inconclusive"
        return word, f"\u201cUp to\u201d is a bound from above alone: {said(ours)}."
    if low <= span.low and span.high <= high:
        return "reproduced", f"The whole interval agrees: {said(ours)}."
    if span.high < low or high < span.low:
        return "not reproduced", f"The whole interval lies elsewhere: {said(ours)}."
    if low <= span.estimate <= high:
        return (
            "within noise",
            f"Agrees, but the interval is wider: {said(ours)}. {_needed(claim, ours)}",
        )
    return "inconclusive", f"The interval touches both: {said(ours)}. {_needed(claim, ours)}"


def _needed(claim: Claim, ours: Beside) -> str:
    """Say how many problems would decide, as an interval narrows with the square root of n."""
    low, high = bounds(claim)
    span = ours.span
    assert span.low is not None and span.high is not None
    room = min(abs(span.estimate - end) for end in (low, high) if abs(end) != float("inf"))
    if room <= 0 or not ours.problems:
        return "No number of problems decides at this estimate."
    wide = max(span.high - span.estimate, span.estimate - span.low)
    enough = round(ours.problems * (wide / room) ** 2)
    return f"About {number(enough, 0)} problems would decide ({ours.problems} were used)."
