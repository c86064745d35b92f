"""The verdict test `longer` and the quantities of the paper."""

from llmx.claims.quantity import Quantity
from llmx.core.figure import Span
from llmx.report.verdict.finding_test import FindingTest
from llmx.report.verdict.model import Number, Verdict

FIGURE = "digits of an answer"


def longer(e, *, arms, control, digits=0.0):
    """Shown: every answer of an arm is longer than the control's by more than `digits`."""
    numbers = [_gap(e, arm, control) for arm in arms]
    shown = all(number.span.low > digits for number in numbers)
    word = "shown here" if shown else "not shown here"
    reason = f"Answers are longer by {', '.join(f'{n.span.estimate:g}' for n in numbers)} digits."
    return Verdict(word=word, reason=reason, p=0.001 if shown else None, numbers=tuple(numbers))


def _gap(e, arm, control):
    ours, theirs = e.arm(arm).scores, e.arm(control).scores
    gaps = [ours[name].tokens - theirs[name].tokens for name in ours if name in theirs]
    span = Span(estimate=sum(gaps) / len(gaps), low=min(gaps), high=max(gaps))
    shown = {"what": FIGURE, "arm": arm, "against": control, "unit": "digits"}
    return Number(**shown, span=span, problems=len(gaps), seeds=1, p=0.001)


LONGER = FindingTest(function=longer, fields=frozenset({"arms", "control", "digits"}))
MARKS = Quantity("{figure} marks from `{against}`", unit="marks", figure="marks difference")
DIGITS = Quantity("{figure} digits more than `{against}`", unit="digits", figure=FIGURE)
