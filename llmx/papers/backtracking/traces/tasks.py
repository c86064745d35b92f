"""The tasks that traces are made for: from a generator's item, or from a stored instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.core.errors import ConfigError, nearest
from llmx.data.tasks.tasks import Entry
from llmx.papers.backtracking.traces.arc import ArcPuzzle
from llmx.papers.backtracking.traces.countdown import CountdownPuzzle
from llmx.papers.backtracking.traces.puzzle import Puzzle
from llmx.papers.backtracking.traces.sudoku import SudokuPuzzle

AnyPuzzle = Puzzle[Any, Any, Any]

PUZZLES: dict[str, type[CountdownPuzzle] | type[SudokuPuzzle] | type[ArcPuzzle]] = {
    "countdown": CountdownPuzzle,
    "sudoku": SudokuPuzzle,
    "mini_sudoku": SudokuPuzzle,
    "arc_1d": ArcPuzzle,
}
"""Kind of data → its search space."""


def require_task(kind: str) -> None:
    """Return if traces can be made for this kind of data.

    Raises:
        ConfigError: if not.
    """
    if kind not in PUZZLES:
        raise ConfigError(f"no traces are made for data kind '{kind}'", nearest(kind, PUZZLES))


def from_instance(kind: str, instance: Mapping[str, Any]) -> AnyPuzzle:
    """Return the problem of a row of ``train.jsonl``, for whoever replays a written trace set.

    Args:
        kind: the row's ``task``.
        instance: the row's ``instance``.

    Raises:
        ConfigError: for a task without traces.
    """
    require_task(kind)
    return PUZZLES[kind].of(instance)


def from_entry(kind: str, entry: Entry) -> AnyPuzzle:
    """Return the problem of a generator's item."""
    about = entry["metadata"]
    if kind == "countdown":
        return CountdownPuzzle(about["numbers"], about["target"])
    if kind == "arc_1d":
        pairs = [(one["input"], one["output"]) for one in about["train_examples"]]
        test = about["test_example"]
        return ArcPuzzle.of(
            {
                "examples": pairs,
                "test": test["input"],
                "solution": test["output"],
                "rule": about["task_name"],
            }
        )
    require_task(kind)
    return SudokuPuzzle(about["puzzle"])
