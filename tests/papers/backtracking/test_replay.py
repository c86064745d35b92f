"""Exactly k backtracks, each step checked by the replayer, from what stands in the file."""

import json

import pytest
from problems import KINDS, MANY, entries, puzzles, traced

from llmx.core.registry import lookup
from llmx.papers.backtracking.traces.arms import row
from llmx.papers.backtracking.traces.events import Again, Fail, Return, backtracks
from llmx.papers.backtracking.traces.options import TraceOptions
from llmx.papers.backtracking.traces.replay import RefusedTrace, replay
from llmx.papers.backtracking.traces.search import search
from llmx.papers.backtracking.traces.tasks import from_instance

ALL_K = (0, 1, 3, 5, 10)
MANY_K = (*range(7), 8, 10)


def replayed(kind, one, options):
    """Replay a row as it is written to the file: text and instance, nothing else."""
    line = json.loads(json.dumps(row(kind, one.sample, one, options)))
    puzzle = from_instance(line["task"], line["instance"])
    events = puzzle.phrases(line["wording"]).read(line["solution"], opened=False)
    assert events == one.events
    parts = lookup("reward", kind)(line["question"], line["solution"], line)
    assert sum(parts.values()) == (0.1 if line["content"] == "incorrect" else 1.0)
    return replay(puzzle, events, line["k"], wrong_answer=line["content"] == "incorrect")


def check(kind, count, published, **options):
    told = traced(kind, count, published, **options)
    for one in told:
        found = replayed(kind, one, TraceOptions(**options))
        assert found.backtracks == options.get("k", 0) == backtracks(one.events)
        assert found.backtracks == sum(isinstance(event, Fail) for event in one.events)
    return told


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", ALL_K)
def test_a_trace_has_exactly_k_backtracks_and_holds(kind, k):
    told = check(kind, 20, False, k=k)
    assert len(told) > 10, "most problems offer k backtracks"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wording", ["plain", "terse"])
@pytest.mark.parametrize("content", ["correct", "incorrect"])
def test_every_wording_and_content_holds(kind, wording, content):
    assert check(kind, 20, False, k=2, wording=wording, content=content)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_hundreds_of_traces_of_a_task_hold(kind):
    """No (problem, k) twice, as published; a problem's traces alternate between the wordings.

    In the thorough run it is 2,000 of each task.
    """
    seen = set()
    for k in MANY_K:
        told = traced(kind, MANY, True, k=k)
        assert len(told) > MANY / 2, "half of the published problems offer k backtracks"
        for place, one in enumerate(told):
            wording = ("plain", "terse")[(place + k) % 2]
            found = replayed(kind, one, TraceOptions(k=k, wording=wording))
            assert found.backtracks == k == backtracks(one.events)
            seen.add((one.sample.id, found.backtracks))
    assert len(seen) >= MANY * 25 / 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_verbose_control_is_as_long_as_the_trace_that_it_matches(kind):
    long = {one.sample.id: one for one in traced(kind, 20, k=3)}
    for one in traced(kind, 20, k=0, control="verbose", match=3):
        replay(one.puzzle, one.events, 0)
        phrases = one.puzzle.phrases("plain")
        wanted = len(phrases.write(long[one.sample.id].events, True))
        lines = [len(phrases.line(event)) for event in one.events if isinstance(event, Again)]
        assert wanted <= len(phrases.write(one.events, True)) <= wanted + max(lines) + 1
        assert not any(isinstance(event, Return) for event in one.events)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trace_is_fixed_by_seed_index_and_k(kind):
    puzzle = puzzles(kind, 3)[0]
    assert search(puzzle, 2, 0, 5) == search(puzzle, 2, 0, 5)
    others = [search(puzzle, 2, 0, index) for index in range(6, 16)]
    assert any(other != search(puzzle, 2, 0, 5) for other in others)


@pytest.mark.parametrize("kind", KINDS)
def test_the_final_path_is_the_same_for_every_k(kind):
    for sample, _ in entries(kind, 3):
        assert sample.id.startswith("sft-")
    puzzle = puzzles(kind, 3)[1]
    answers = {search(puzzle, k, 0, 1)[-1] for k in (0, 1, 2)}
    assert len(answers) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_released_generators_make_is_counted_not_trusted(kind):
    told = traced(kind, 40, True, k=3, style="authors")
    holds = 0
    for one in told:
        assert backtracks(one.events) <= 3
        try:
            replay(one.puzzle, one.events)
            holds += 1
        except RefusedTrace:
            pass
    least_faulty = {"countdown": 0.5, "sudoku": 0.5, "mini_sudoku": 0.1, "arc_1d": 0.0}[kind]
    assert holds <= (1 - least_faulty) * len(told)
