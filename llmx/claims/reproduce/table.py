"""A paper's figures as the paper has them: a row a method, a column a metric; ours in each cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from llmx.claims.paper import Claim
from llmx.claims.quantity import quantity
from llmx.claims.reproduce.beside import Beside
from llmx.claims.reproduce.claims import Published
from llmx.core.names import several
from llmx.report.numbers import NONE, number_span, percent_span, points_span

_UNITS = {"percent": "%", "seconds": "s", "times": "×"}


@dataclass(frozen=True)
class Cell:
    """One figure: as published, as measured here, what is said of the two, and why.

    Attributes:
        note: number of the table's note on the published figure, from 1; None = there is none.
    """

    published: str
    ours: str
    word: str
    reason: str
    note: int | None = None

    @property
    def mark(self) -> str:
        """The mark of its note, to stand behind the published figure: `` [1]``."""
        return f" [{self.note}]" if self.note else ""


@dataclass(frozen=True)
class FigureTable:
    """Figures of one table of a paper.

    Attributes:
        columns: metrics, with their units where `alone` does not say it of all.
        rows: (method, its cell in each column); None where nothing is published.
        notes: what is wrong with published figures; their cells name them by number.
        alone: that nothing of ours stands beside any figure of it, and why; empty = something may.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    notes: tuple[str, ...] = ()
    alone: str = ""


def figure_tables(claims: Sequence[Published]) -> list[FigureTable]:
    """Return the tables of the figures that could be read, in the order of the paper."""
    read = [one for one in claims if one.claim.value is not None]
    titles = dict.fromkeys(one.claim.table for one in read)
    return [_table(title, [one for one in read if one.claim.table == title]) for title in titles]


def _table(title: str, found: Sequence[Published]) -> FigureTable:
    untested = all(one.claim.ours is None and one.ours is None for one in found)
    reasons, units = {one.reason for one in found}, {one.claim.unit for one in found}
    notes = tuple(dict.fromkeys(one.note for one in found if one.note))
    if not untested or len(reasons) > 1:
        return FigureTable(title, *_grid(found, notes, column), notes)
    # A unit that all share is said once, so that a table of many columns stays narrow.
    unit = f", in {_unit(found[0].claim)}" if len(units) == 1 and found[0].claim.unit else ""
    alone = f"As published{unit}, with nothing of ours beside. {reasons.pop()}"
    head, digits = (_metric, _digits(found)) if unit else (column, None)
    return FigureTable(title, *_grid(found, notes, head, digits), notes, alone)


def _grid(
    found: Sequence[Published],
    notes: Sequence[str],
    head: Callable[[Claim], str],
    digits: int | None = None,
) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[Cell | None, ...]], ...]]:
    columns = tuple(dict.fromkeys(head(one.claim) for one in found))
    cells: dict[tuple[str, int], dict[str, Cell]] = {}
    for one in found:
        place = 0  # a second figure of one method and metric takes a row of its own
        while head(one.claim) in cells.get((one.claim.setting, place), {}):
            place += 1
        row = cells.setdefault((one.claim.setting, place), {})
        row[head(one.claim)] = _cell(one, notes, digits)
    rows = ((name, tuple(row.get(head) for head in columns)) for (name, _), row in cells.items())
    return columns, tuple(rows)


def _cell(one: Published, notes: Sequence[str], digits: int | None) -> Cell:
    note = notes.index(one.note) + 1 if one.note else None
    value = published_value(one.claim, digits)
    return Cell(value, our_value(one), one.word, one.reason, note)


def _digits(found: Sequence[Published]) -> int | None:
    """Return how many digits behind the point a table prints: data keep no 67.00."""
    if any(one.claim.source != "table" for one in found):
        return None
    values = [one.claim.value for one in found if isinstance(one.claim.value, float)]
    return max((len(f"{value:g}".partition(".")[2]) for value in values), default=None)


def _metric(claim: Claim) -> str:
    return claim.metric or "figures"


def _unit(claim: Claim) -> str:
    return _UNITS.get(claim.unit or "", claim.unit or "")


def column(claim: Claim) -> str:
    """Return a metric with its unit: ``Arena-Hard win rate, %``."""
    metric, unit = _metric(claim), _unit(claim)
    return metric if not unit or metric.endswith(unit) else f"{metric}, {unit}"


def published_value(claim: Claim, digits: int | None = None) -> str:
    """Return a published value without its unit: ``> 5``, ``40.6``, ``1.2 to 1.4``.

    Args:
        digits: behind the point; None = as few as it has.
    """
    if claim.value is None:
        return NONE
    if isinstance(claim.value, tuple):
        return f"{claim.value[0]:g} to {claim.value[1]:g}"
    bound = {"gt": "> ", "le": "up to "}.get(claim.relation, "")
    return f"{bound}{claim.value:,g}" if digits is None else f"{bound}{claim.value:,.{digits}f}"


def our_value(one: Published) -> str:
    """Return our figure with its interval and its unit, which need not be the published one."""
    ours = one.ours
    if ours is None:
        return NONE
    if one.claim.unit == "tokens/s" and ours.absolute is not None:
        return f"{number_span(ours.absolute, 0)} tokens/s"
    return _measured(ours)


def _measured(ours: Beside) -> str:
    wanted = quantity(ours.quantity)
    if wanted.of_all:
        return wanted.counted(ours.span.estimate)
    ways = {"points": points_span, "percent": percent_span}
    way = ways.get(wanted.unit)
    text = way(ours.span) if way else number_span(ours.span, wanted.digits)
    return f"{text} {_UNITS.get(wanted.unit, wanted.unit)}"


def unread(claims: Sequence[Published]) -> str:
    """Return one line on all figures that could not be read; empty where there are none."""
    found = [one for one in claims if one.claim.value is None]
    if not found:
        return ""
    count = several(len(found), "published figure")
    return f"{count} could not be read, so that nothing is compared: {'; '.join(_unread(found))}."


def _unread(found: Sequence[Published]) -> Iterator[str]:
    for one in found:
        ours = "" if one.ours is None else f" (ours, `{one.ours.arm}`: {our_value(one)})"
        note = f", {_metric(one.claim)}: {one.note.rstrip('.')}" if one.note else ""
        yield f"{one.claim.table}, {one.claim.setting}{note}{ours}"
