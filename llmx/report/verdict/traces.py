"""Do the outputs of an arm do what a statement about traces speaks of?"""

from __future__ import annotations

from llmx.report.figures import names
from llmx.report.numbers import percent, percent_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number
from llmx.report.verdict.unfit import Unfit

LEAST = 0.5
"""Share of an arm's outputs after training that have to be whole traces: half."""


def no_whole_traces(e: Evidence, name: str) -> Unfit | None:
    """Return why an arm is no evidence on backtracks; None where half of its outputs are traces.

    A whole trace is one whose every step was replayed and holds, to the right answer. An arm of
    which the run does not say how many there are is no evidence either.
    """
    found = e.figures.find(f"{names.WHOLE} after", name)
    if found is None:
        return Unfit(name, "the run does not say how many of its outputs are whole traces", ())
    whole = found.span
    if whole.estimate >= LEAST:
        return None
    why = f"{percent_span(whole)} % of its outputs are whole traces, asked are {percent(LEAST, 0)}"
    return Unfit(name, why, (Number(what=names.WHOLE, arm=name, span=whole, unit="share"),))
