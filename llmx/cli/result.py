"""What is printed at the end of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmx.cli.console import show, table
from llmx.config.yaml_file import shown
from llmx.core.figure import Figures, Span
from llmx.report.figures.names import ACCURACY, ACCURACY_GAP, FIRST_TOKEN, FIRST_TOKEN_CUT, TOTAL
from llmx.report.numbers import number_span, percent_span, points_span

if TYPE_CHECKING:
    from llmx.runs.result import RunResult


_PAGES = ("ensemble.md", "simulation.md", "win_rates.md")
_HEAD = ("arm", "accuracy, %", "− reference", "first token, s", "cut, %", "total, ×")


_SCORED = ("arm", "scored by", "accuracy, %", "problems")
_REPORTING = ("report", "ensemble_report", "training_report")


def show_pages(folder: Path) -> None:
    """Print the arms of an ensemble, other pages as they are, and the verdicts in one line."""
    from rich.markdown import Markdown

    from llmx.claims.reproduce.stored import load_stored
    from llmx.report.findings import verdict_lines
    from llmx.report.gather import Word
    from llmx.report.terminal import sentence

    if not any(page.name in _PAGES for page in folder.glob("*/*.md")):
        return
    run = load_stored(folder)
    if any(run.figures.of(FIRST_TOKEN)):
        found = (*run.figures.of(ACCURACY), *run.figures.of(FIRST_TOKEN))
        arms = dict.fromkeys(one.arm for one in found)
        show(table(_HEAD, [_row(run.figures, arm) for arm in arms], right=_HEAD[1:]))
    for name in _PAGES[1:]:
        if name in run.texts:
            show(Markdown(run.texts[name]))
    words = [Word.model_validate(one.model_dump()) for one in run.verdicts]
    show(*map(sentence, verdict_lines(words)))


def _row(known: Figures, arm: str) -> tuple[str, ...]:
    def alone(quantity: str) -> Span | None:
        found = known.find(quantity, arm)
        return found.span if found else None

    def beside(quantity: str) -> Span | None:
        found = (one.span for one in known.of(quantity, (arm,)) if one.against)
        return next(found, None)

    return (
        arm,
        percent_span(alone(ACCURACY)),
        points_span(beside(ACCURACY_GAP)),
        number_span(alone(FIRST_TOKEN), 3),
        percent_span(beside(FIRST_TOKEN_CUT)),
        number_span(beside(TOTAL), 2),
    )


def show_scores(result: RunResult) -> None:
    """Print the accuracy of each arm of a recipe that has no report: one line a scored arm."""
    rows = [
        (arm, stage, percent_span(span), str(problems))
        for arm, stage, span, problems in result.scored()
    ]
    if rows:
        show(table(_SCORED, rows, right=_SCORED[2:]))


def show_warnings(folder: Path) -> None:
    """Print a line for each training that had no signal."""
    if not any(folder.glob("*/training.json")) and not any(folder.glob("*/*/training.json")):
        return
    from llmx.report.training.signal import in_run

    for name, why in in_run(folder).items():
        show(f"warning: {name} was trained without signal: {why}")


def show_result(result: RunResult) -> None:
    """Print the table of a run, or the pages of its stages, and where everything lies."""
    if result.results is not None:
        from llmx.report.figures.read import results_in
        from llmx.report.terminal import render

        show(render(results_in(result.folder.path)))
    else:
        show_pages(result.folder.path)
        if not any(stage.kind in _REPORTING for stage in result.spec.stages):
            show_scores(result)
    show_warnings(result.folder.path)
    for label, path in {**result.files, "run": result.folder.path}.items():
        show(f"{label:<10}{shown(path.absolute())}")
