"""A trace set of 76,800 has to fit: nothing of a search may stay with its problem."""

import gc
import tracemalloc

import pytest
from problems import KINDS, entries

from llmx.papers.backtracking.traces.arms import TracedProblem, trace
from llmx.papers.backtracking.traces.chains import reaches
from llmx.papers.backtracking.traces.options import TraceOptions
from llmx.papers.backtracking.traces.replay import RefusedTrace, replay


def told(kind: str, count: int, **options) -> list[TracedProblem]:
    asked = TraceOptions(k=1, **options)
    return [trace(kind, *entry, asked, seed=0) for entry in entries(kind, count, True)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_keeps_nothing_of_the_search_for_its_trace(kind):
    for one in told(kind, 5):
        kept = vars(one.puzzle).values()
        assert not any(hasattr(value, "cache_info") for value in kept)


@pytest.mark.parametrize("style", ["exact", "authors"])
def test_a_trace_that_is_held_takes_a_few_kilobytes(style):
    """Also when it is replayed, as the stage does with traces of the authors' style."""
    count = 40
    told("countdown", count, style=style)  # fills what is kept for all problems together
    tracemalloc.start()
    held = told("countdown", count, style=style)
    for one in held:
        try:
            replay(one.puzzle, one.events)
        except RefusedTrace:
            continue
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] / len(held)
    tracemalloc.stop()
    assert size < 10_000, "bytes a trace; six numbers have over 100,000 of search"


def test_what_is_kept_of_chains_is_bounded():
    assert reaches.cache_info().maxsize is not None
