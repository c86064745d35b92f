"""Outputs of a model read as traces: what a report on training runs says of backtracking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from llmx.core.record import Record
from llmx.core.spec import DataSpec
from llmx.data.tasks.dataset import ReasoningTask
from llmx.data.tasks.options import problem_spec
from llmx.data.tasks.tags import opens_thinking
from llmx.papers.backtracking.traces.observe import observe, returns
from llmx.papers.backtracking.traces.options import trace_options
from llmx.papers.backtracking.traces.tasks import AnyPuzzle, from_entry
from llmx.report.training.evidence import TraceReading
from llmx.store.fingerprint import fingerprint


class TraceObserver:
    """Reads the outputs of arms on one kind of puzzle; see ``stages/training_evidence.py``."""

    def __init__(self) -> None:
        self._drawn: dict[str, Mapping[str, AnyPuzzle]] = {}

    def read(self, data: DataSpec, records: Mapping[str, Record]) -> dict[str, TraceReading]:
        """Return what each output to a known test problem is as a trace, by its problem."""
        puzzles, wording = self._problems(data), trace_options(data).wording
        return {
            name: _seen(puzzles[name], wording, record)
            for name, record in records.items()
            if name in puzzles
        }

    def counter(self, data: DataSpec) -> Callable[[str], int] | None:
        """Return what counts backtracks in a text: it takes the wording, and no problem."""
        puzzle = next(iter(self._problems(data).values()), None)
        if puzzle is None:
            return None
        return partial(returns, puzzle.phrases(trace_options(data).wording))

    def _problems(self, data: DataSpec) -> Mapping[str, AnyPuzzle]:
        """Return the test problems, drawn once for all arms that differ in their traces alone."""
        key = fingerprint({"kind": data.kind, **problem_spec(data)})
        if key not in self._drawn:
            entries = ReasoningTask(data).entries("test")
            drawn = {sample.id: from_entry(data.kind, entry) for sample, entry in entries}
            self._drawn[key] = drawn
        return self._drawn[key]


def _seen(puzzle: AnyPuzzle, wording: str, record: Record) -> TraceReading:
    found = observe(puzzle, wording, record.text, opens_thinking(record.prompt))
    return TraceReading(found.returns, found.holds)
