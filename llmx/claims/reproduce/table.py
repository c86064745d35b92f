"""A paper's figures as the paper has them: a row a method, a column a metric; ours in each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """One figure: as published, as measured here, what is said of the two, and why."""

    published: str
    ours: str
    word: str
    reason: str


@dataclass(frozen=True)
class FigureTable:
    """Figures of one table of a paper.

    Attributes:
        columns: metrics, with their units.
        rows: (method, its cell in each column); None where nothing is published.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


def figure_tables(claims: Sequence[Published]) -> list[FigureTable]:
    """Return the tables of the figures that could be read, in the order of the paper."""
    read = [one for one in claims if one.claim.value is not None]
    titles = dict.fromkeys(one.claim.table for one in read)
    return [_table(title, [one for one in read if one.claim.table == title]) for title in titles]


def _table(title: str, found: Sequence[Published]) -> FigureTable:
    columns = tuple(dict.fromkeys(column(one.claim) for one in found))
    cells: dict[tuple[str, int], dict[str, Cell]] = {}
    for one in found:
        place = 0  # a second figure of one method and metric takes a row of its own
        while column(one.claim) in cells.get((one.claim.setting, place), {}):
            place += 1
        row = cells.setdefault((one.claim.setting, place), {})
        row[column(one.claim)] = _cell(one)
    rows = ((name, tuple(row.get(head) for head in columns)) for (name, _), row in cells.items())
    return FigureTable(title, columns, tuple(rows))


def _cell(one: Published) -> Cell:
    return Cell(published_value(one.claim), our_value(one), one.word, one.reason)


def column(claim: Claim) -> str:
    """Return a metric with its unit: ``Arena-Hard win rate, %``."""
    metric = claim.metric or "figures"
    unit = _UNITS.get(claim.unit or "", claim.unit or "")
    return metric if not unit or metric.endswith(unit) else f"{metric}, {unit}"


def published_value(claim: Claim) -> str:
    """Return a published value without its unit: ``> 5``, ``40.6``, ``1.2 to 1.4``."""
    if claim.value is None:
        return NONE
    if isinstance(claim.value, tuple):
        return f"{claim.value[0]:g} to {claim.value[1]:g}"
    bound = {"gt": "> ", "le": "up to "}.get(claim.relation, "")
    return f"{bound}{claim.value:,g}"


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
        yield f"{one.claim.table}, {one.claim.setting}{ours}"
