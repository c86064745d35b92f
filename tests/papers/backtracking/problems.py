"""Problems that the tests of traces share, drawn once a process."""

from functools import cache

from counts import count

from llmx.core.spec import DataSpec
from llmx.data.tasks.dataset import ReasoningTask
from llmx.papers.backtracking.traces.arms import trace
from llmx.papers.backtracking.traces.options import TraceOptions
from llmx.papers.backtracking.traces.puzzle import TooFew
from llmx.papers.backtracking.traces.tasks import from_entry

SMALL = {"min_numbers": 3, "max_numbers": 3, "min_value": 1, "max_value": 20}
# A configuration that draws quickly, and one like the published.
EASY = {
    "countdown": {**SMALL, "min_target": 10, "max_target": 99},
    "sudoku": {"min_empty": 30, "max_empty": 40},
    "mini_sudoku": {},
    "arc_1d": {},
}
KINDS = sorted(EASY)
MANY = count(60, 240)
"""Problems as published, drawn once for all that look at many."""


@cache
def entries(kind, count, published=False):
    """The first problems of the window that traces are made of, with the items behind them."""
    options = {"sft": count, "generator": {} if published else EASY[kind]}
    return ReasoningTask(DataSpec(kind=kind, test=1, calibration=1, options=options)).entries("sft")


def puzzles(kind, count):
    return [from_entry(kind, entry) for _, entry in entries(kind, count)]


@cache
def traced(kind, count, published=False, **options):
    """Return the traces that can be made of so many problems."""
    found = []
    for sample, entry in entries(kind, count, published):
        try:
            found.append(trace(kind, sample, entry, TraceOptions(**options), seed=0))
        except TooFew:
            continue
    return found
