"""How many problems offer k backtracks, and how long their traces are: a Markdown table.

    python scripts/trace_yields.py --problems 2000

Every trace is made, written, read back and replayed. `--style authors` counts instead what the
released generators' traces hold.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from statistics import fmean
from typing import Any

from llmx.core.spec import DataSpec
from llmx.data.tasks.dataset import ReasoningTask
from llmx.papers.backtracking.traces.arms import TracedProblem, trace
from llmx.papers.backtracking.traces.events import backtracks
from llmx.papers.backtracking.traces.manifest import holding
from llmx.papers.backtracking.traces.options import TraceOptions
from llmx.papers.backtracking.traces.puzzle import TooFew
from llmx.papers.backtracking.traces.replay import replay

SMALL = {"min_numbers": 3, "max_numbers": 3, "min_value": 1, "max_value": 20}
TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "countdown, 3 numbers": ("countdown", {**SMALL, "min_target": 10, "max_target": 99}),
    "countdown, 4 to 6 numbers": ("countdown", {}),
    "sudoku 4 × 4": ("mini_sudoku", {}),
    "sudoku 9 × 9": ("sudoku", {}),
    "arc_1d": ("arc_1d", {}),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=2000)
    parser.add_argument("--k", type=int, nargs="+", default=[0, 1, 3, 5, 10])
    parser.add_argument("--style", choices=["exact", "authors"], default="exact")
    given = parser.parse_args()
    lines = _exact(given) if given.style == "exact" else _authors(given)
    for line in lines:
        print(line, flush=True)


def _exact(given: argparse.Namespace) -> Iterator[str]:
    yield "| task | k | n | yield | characters, plain | characters, terse |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, (kind, generator) in TASKS.items():
        problems = problems_of(kind, generator, given.problems)
        for k in given.k:
            told = list(told_of(kind, problems, TraceOptions(k=k)))
            sizes = [f"{fmean(_sizes(told, wording, k)):.0f}" for wording in ("plain", "terse")]
            share = f"{len(told) / len(problems):.1%}"
            yield f"| {name} | {k} | {len(problems)} | {share} | {' | '.join(sizes)} |"


def _authors(given: argparse.Namespace) -> Iterator[str]:
    yield "| task | k | n | backtracks present | traces that hold | most frequent fault |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, (kind, generator) in TASKS.items():
        problems = problems_of(kind, generator, given.problems)
        for k in given.k:
            told = list(told_of(kind, problems, TraceOptions(k=k, style="authors")))
            found = holding(told)
            mean = fmean(backtracks(one.events) for one in told)
            first = next(iter(Counter(found["faults"]).most_common(1)), ("none", 0))
            share, most = found["hold"] / len(told), f"{first[0]} ({first[1]})"
            yield f"| {name} | {k} | {len(told)} | {mean:.2f} | {share:.1%} | {most} |"


def problems_of(kind: str, generator: dict[str, Any], wanted: int) -> list[Any]:
    """Return problems of the `sft` split with the items they were made from."""
    options = {"generator": generator, "sft": wanted}
    return ReasoningTask(DataSpec(kind=kind, test=1, calibration=1, options=options)).entries("sft")


def told_of(kind: str, problems: list[Any], options: TraceOptions) -> Iterator[TracedProblem]:
    """Yield the traces of those problems that offer them."""
    for sample, entry in problems:
        try:
            yield trace(kind, sample, entry, options, seed=0)
        except TooFew:
            continue


def _sizes(told: list[TracedProblem], wording: str, k: int) -> Iterator[int]:
    for one in told:
        phrases = one.puzzle.phrases(wording)
        text = phrases.write(one.events, opened=False)
        replay(one.puzzle, phrases.read(text, opened=False), k)
        yield len(text)


if __name__ == "__main__":
    main()
