"""Records of an input, problem by problem: one answer of each, or several draws in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from llmx.core.errors import DataError, RunError
from llmx.core.permuted import in_draw
from llmx.core.record import Record, Sample
from llmx.store.rows import rows

Draws = tuple[Record, ...]
"""The answers to one problem, in the order of their draws."""


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
        RunError: naming the first record that is not in its place: draws follow each other, and
            each problem has the same.
    """
    held: list[Record] = []
    wanted: range | None = None
    for record in rows(path, Record):
        if held and (record.id, record.draw) != (held[0].id, held[-1].draw + 1):
            wanted = _whole(path, held, wanted)
            yield tuple(held)
            held = []
        held.append(record)
    if held:
        _whole(path, held, wanted)
        yield tuple(held)


def _whole(path: Path, held: list[Record], wanted: range | None) -> range:
    """Return which draws a problem has; they have to be those of the problems before."""
    there = range(held[0].draw, held[-1].draw + 1)
    if wanted in (None, there):
        return there
    what = f"it holds {_named(there)} of {held[0].id}, and {_named(wanted)} of the problems before"
    hint = f"`llmx runs check --repair`, or delete {path.parent}; the same command makes it again"
    raise RunError(f"{path} is damaged: {what}", hint)


def _named(draws: range) -> str:
    return f"draws {draws[0]} to {draws[-1]}"


def asked_of(problems: Mapping[str, Sample], record: Record) -> Sample:
    """Return the problem that a record answers, as its draw showed it.

    Raises:
        DataError: if the dataset has no such problem.
    """
    return in_draw(problem_of(problems, record), record.draw)


def problem_of(problems: Mapping[str, Sample], record: Record) -> Sample:
    """Return the problem that a record answers, as the first draw shows it.

    Raises:
        DataError: if the dataset has no such problem.
    """
    if record.id not in problems:
        raise DataError(
            f"record '{record.id}' has no sample in the dataset it is scored against",
            "score with the data and split that were decoded",
        )
    return problems[record.id]
