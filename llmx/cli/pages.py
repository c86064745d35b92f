"""What is printed of a run whose stages report in a form of their own: ensembles, simulations."""

from __future__ import annotations

from pathlib import Path

from llmx.cli.console import show, table
from llmx.report.numbers import number, number_span, percent_span, points_span
from llmx.report.plot import in_percent
from llmx.report.results import Span
from llmx.report.streamed import Ends, Streamed

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
    if run.streams.arms:
        show(table(_HEAD, [_row(arm) for arm in run.streams.arms], right=_HEAD[1:]))
    for name in _PAGES[1:]:
        if name in run.texts:
            show(Markdown(run.texts[name]))
    words = [
        Word(id=one.id, word=one.word, p_all=one.p_all, tested=one.tested) for one in run.verdicts
    ]
    show(*map(sentence, verdict_line(words)))


def _row(arm: Streamed) -> tuple[str, ...]:
    cut = _span(arm.ttft_cut)
    return (
        arm.arm,
        percent_span(_span(arm.accuracy)),
        points_span(_span(arm.gain)),
        number(arm.ttft, 3),
        number_span(in_percent(cut) if cut else None, 1),
        number_span(_span(arm.total_ratio), 2),
    )


def _span(ends: Ends | None) -> Span | None:
    return None if ends is None else ends.span()
