"""Records of an input, problem by problem: one answer of each, or several draws in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from llmx.core.errors import DataError, RunError
from llmx.core.record import Record, Sample
from llmx.store.rows import rows

Draws = tuple[Record, ...]
"""The answers to one problem, draw 0 first."""


def records_in(inputs: Mapping[str, Path], kind: str) -> Path:
    """Return the records of the only input that holds any.

    Args:
        kind: of the stage that reads them, for the message.

    Raises:
        RunError: if there are none, or several.
    """
    found = [path / "samples.jsonl" for path in inputs.values()]
    found = [path for path in found if path.exists()]
    if len(found) != 1:
        raise RunError(
            f"stage '{kind}' needs exactly one decode stage, its inputs are: {', '.join(inputs)}",
            "name it in the recipe: needs: [generate]",
        )
    return found[0]


def by_problem(path: Path) -> Iterator[Draws]:
    """Yield the draws of each problem; the records of no more than one are held at once.

    Raises:
        RunError: naming the first record that is not in its place: draws are 0, 1, 2 … of each
            problem, as many of one as of another.
    """
    held: list[Record] = []
    draws: int | None = None
    for record in rows(path, Record):
        if record.draw == 0 and held:
            draws = _as_many(path, held, draws)
            yield tuple(held)
            held = []
        if record.draw != len(held) or (held and held[0].id != record.id):
            raise _damaged(path, f"draw {record.draw} of {record.id} is not in its place")
        held.append(record)
    if held:
        _as_many(path, held, draws)
        yield tuple(held)


def _as_many(path: Path, held: list[Record], draws: int | None) -> int:
    if draws is not None and len(held) != draws:
        what = f"it holds {len(held)} draws of {held[0].id}, and {draws} of the problems before"
        raise _damaged(path, what)
    return len(held)


def _damaged(path: Path, what: str) -> RunError:
    hint = f"`llmx runs check --repair`, or delete {path.parent}; the same command makes it again"
    return RunError(f"{path} is damaged: {what}", hint)


def problem_of(problems: Mapping[str, Sample], record: Record) -> Sample:
    """Return the problem that a record answers.

    Raises:
        DataError: if the dataset has no such problem.
    """
    if record.id not in problems:
        raise DataError(
            f"record '{record.id}' has no sample in the dataset it is scored against",
            "score with the data and split that were decoded",
        )
    return problems[record.id]
