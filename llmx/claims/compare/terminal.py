"""A comparison for the terminal: tables, and the first flips of each pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from llmx.claims.compare import words
from llmx.claims.compare.model import Compared, Comparison

_QUESTION = 60


def render(found: Compared, flips: int) -> RenderableType:
    """Return the comparisons with at most `flips` samples each way."""
    return Group(*(part for one in found.comparisons for part in _one(one, flips)))


def _one(one: Comparison, flips: int) -> Iterator[RenderableType]:
    yield Text(words.title(one), style="bold")
    head = ("", one.first.name, one.second.name, "difference")
    yield Padding(_table(head, words.rows(one)), (0, 0, 1, 0))
    for note in words.notes(one):
        yield Text(f"• {note}")
    changes = [f"{c.key}: {c.first or 'absent'} → {c.second or 'absent'}" for c in one.changed]
    yield Text(f"• Settings that differ: {'; '.join(changes) or 'none'}")
    yield from _flips(one, flips)


def _flips(one: Comparison, most: int) -> Iterator[RenderableType]:
    for becomes in ("wrong", "right"):
        found = [flip for flip in one.flips if flip.becomes == becomes]
        if not found:
            continue
        shown = found[:most]
        more = f", the first {len(shown)}" if len(shown) < len(found) else ""
        yield Text(f"\n{len(found)} samples become {becomes}{more}:", style="bold")
        head = ("sample", "reference", "answers", "differs at", "question")
        cells = [(*words.flip(flip), _short(flip.question)) for flip in shown]
        yield _table(head, cells)
    yield Text("")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    made = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for title in head:
        made.add_column(title, overflow="fold")
    for cells in rows:
        made.add_row(*(Text(cell) for cell in cells))
    return made


def _short(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= _QUESTION else f"{line[: _QUESTION - 1]}…"
