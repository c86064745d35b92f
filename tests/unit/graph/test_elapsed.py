"""Time of a plan: its laws on drawn graphs, and examples by hand."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.stage import Cost
from llmx.graph.plan import PlannedStage, elapsed


def planned(*stages):
    """Return nodes and rows of (seconds, inputs by place, timing)."""
    nodes = [
        SimpleNamespace(fingerprint=str(n), inputs={place: str(place) for place in inputs})
        for n, (_, inputs, _) in enumerate(stages)
    ]
    rows = [
        PlannedStage("t", "k", str(n), False, timing, Cost(seconds=taken))
        for n, (taken, _, timing) in enumerate(stages)
    ]
    return nodes, rows


@pytest.mark.parametrize(
    ("stages", "processes", "wanted"),
    [
        ([(10, (), False), (10, (), False)], 2, 10),  # side by side
        ([(10, (), False), (10, (0,), False)], 2, 20),  # one after the other
        ([(10, (), False), (10, (0,), False), (8, (), False), (8, (), False)], 2, 20),
        ([(10, (), False), (10, (), False), (10, (), False)], 2, 15),  # cores are the limit
        ([(10, (), False), (6, (0,), True), (6, (0,), True)], 2, 22),  # measured alone
        ([(10, (), False), (6, (0,), True), (5, (1,), False)], 9, 21),
        ([(None, (), False)], 1, 0),
        ([], 1, 0),
    ],
)
def test_by_hand(stages, processes, wanted):
    assert elapsed(*planned(*stages), processes) == wanted


@pytest.mark.parametrize(("parts", "processes", "wanted"), [(1, 2, 10), (5, 2, 5), (2, 4, 5)])
def test_a_stage_with_parts_is_shared_out(parts, processes, wanted):
    nodes, (row,) = planned((10, (), False))
    rows = [replace(row, parts=parts)]
    assert elapsed(nodes, rows, processes) == wanted


def test_what_is_done_takes_nothing():
    nodes, rows = planned((10, (), False), (10, (0,), False))
    rows[0] = PlannedStage("t", "k", "0", True, False, Cost(seconds=10))
    assert elapsed(nodes, rows, 4) == 10


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 8))
    return [
        (
            draw(st.integers(0, 50)),
            draw(st.sets(st.integers(0, place - 1), max_size=3)) if place else set(),
            draw(st.booleans()),
        )
        for place in range(count)
    ]


@given(graphs(), st.integers(1, 6))
def test_between_the_longest_stage_and_the_sum(stages, processes):
    taken = elapsed(*planned(*stages), processes)
    assert max(one[0] for one in stages) <= taken <= sum(one[0] for one in stages)
    assert elapsed(*planned(*stages), processes + 1) <= taken
    assert elapsed(*planned(*stages), 1) == pytest.approx(sum(one[0] for one in stages))
