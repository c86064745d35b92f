"""What is printed of a run whose stages report in a form of their own: ensembles, simulations."""

from __future__ import annotations

from pathlib import Path

from llmx.cli.console import show, table
from llmx.core.figure import Figures, Span
from llmx.report.figures.names import ACCURACY, ACCURACY_GAP, FIRST_TOKEN, FIRST_TOKEN_CUT, TOTAL
from llmx.report.numbers import number_span, percent_span, points_span

_PAGES = ("ensemble.md", "simulation.md", "win_rates.md")
_HEAD = ("arm", "accuracy, %", "− reference", "first token, s", "cut, %", "total, ×")


def show_pages(folder: Path) -> None:
    """Print the arms of an ensemble, other pages as they are, and the verdicts in one line."""
    from rich.markdown import Markdown

    from llmx.report.findings import verdict_line
    from llmx.report.gather import Word
    from llmx.report.reproduce.stored import load_stored
    from llmx.report.terminal import sentence

    if not any(page.name in _PAGES for page in folder.glob("*/*.md")):
        return
    run = load_stored(folder)
    timed = dict.fromkeys(one.arm for one in run.figures.of(FIRST_TOKEN))
    if timed:
        show(table(_HEAD, [_row(run.figures, arm) for arm in timed], right=_HEAD[1:]))
    for name in _PAGES[1:]:
        if name in run.texts:
            show(Markdown(run.texts[name]))
    words = [
        Word(id=one.id, word=one.word, p_all=one.p_all, tested=one.tested) for one in run.verdicts
    ]
    show(*map(sentence, verdict_line(words)))


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
