"""When which process did what for a run: a page with a picture, and the hours that it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from math import ceil

from markupsafe import Markup

from llmx.core.timeline import DONE, FAILED, LOST, STOPPED, WorkBar, WorkerLife
from llmx.report.axes import x_axis
from llmx.report.base import render
from llmx.report.families import COLOURS
from llmx.report.placement import Box
from llmx.report.rows import both_ends
from llmx.report.scale import Scale
from llmx.report.svg import LETTER, document, element, label, line

MOST_ROWS = 60
_ROW, _TOP, _BOTTOM, _RIGHT, _HEAD = 20.0, 8.0, 48.0, 16.0, 22.0
_BAD = "#b3321b"
_UNITS = (("seconds", 1.0, 180.0), ("minutes", 60.0, 180.0), ("hours", 3600.0, 96.0))
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 100, 120, 200, 300, 500)
_LETTER = 7.0


def page(run: str, lives: Sequence[WorkerLife], note: str = "") -> str:
    """Return the page of a run as one HTML file that fetches nothing.

    Args:
        lives: of its processes.
        note: what a reader must know of where these rows are from.
    """
    rows = rows_of(lives)
    return render(
        "timeline",
        run=run,
        note=note,
        wide=Markup(picture(rows, 1100)),
        narrow=Markup(picture(rows, 380, "narrow")),
        left_out=max(0, len(rows) - MOST_ROWS),
        classes=list(_legend(lives)),
        head=("Class", "Unit", "Processes", "Begun again", "Waited", "At work", "Lost", "Idle"),
        hours=hours_of(lives),
    )


def hours_of(lives: Sequence[WorkerLife]) -> list[tuple[str, ...]]:
    """Return a row a class: hours of GPUs, or of jobs where it has none.

    *At work* is what ended whole, or went on from its records in a later life. *Lost* is work that
    ended of an error, or without a word: what it had written by then was not lost with it. *Idle*
    is the rest of the processes' lives.
    """
    found = []
    for key in sorted({life.key for life in lives}):
        mine = [life for life in lives if life.key == key]
        each = max(1, mine[0].gpus)
        waited = sum(life.begin - life.queued for life in mine if life.queued is not None) / 3600
        amounts = (
            waited,
            each * sum(life.hours(DONE, STOPPED) for life in mine),
            each * sum(life.hours(FAILED, LOST) for life in mine),
            each * sum(life.idle for life in mine),
        )
        workers = {(life.host if life.queued is None else "", life.worker) for life in mine}
        again = len(mine) - len(workers)
        unit = "GPU hours" if mine[0].gpus else "hours"
        counts = (str(len(workers)), str(again))
        found.append((key, unit, *counts, *(f"{max(0.0, one):.3g}" for one in amounts)))
    return found


def rows_of(lives: Sequence[WorkerLife]) -> list[list[WorkerLife]]:
    """Return lives by row: those of a job that was begun again share one, hosts stand together."""
    found: dict[tuple[str, str], list[WorkerLife]] = {}
    for life in sorted(lives, key=lambda one: one.begin):
        # A job of a cluster has a name of its own, and may come back on another machine.
        home = next((key for key in found if key[1] == life.worker), None)
        key = home if home is not None and life.queued is not None else (life.host, life.worker)
        found.setdefault(key, []).append(life)
    return [found[key] for key in sorted(found, key=lambda one: (one[0], found[one][0].begin))]


def picture(rows: Sequence[Sequence[WorkerLife]], width: float, name: str = "wide") -> str:
    """Return the SVG document of the first rows, under a line for each host."""
    shown = list(rows[:MOST_ROWS])
    hosts = [(host, list(of)) for host, of in groupby(shown, key=lambda row: row[0].host)]
    height = _TOP + _BOTTOM + _ROW * max(1, len(shown)) + _HEAD * len(hosts)
    left = 12 + min(LETTER * max((len(row[0].worker) for row in shown), default=4), width / 4)
    frame = Box(left, _TOP, width - _RIGHT, height - _BOTTOM)
    if not shown:
        words = "Nothing has been done yet."
        body = [label(words, width / 2, height / 2, text_anchor="middle")]
        return document("Work over time", body, width, height, words, name)
    began, x, unit = _axis(shown, frame, 4 if width < 500 else 8)
    colours = _colours([life for row in rows for life in row])
    body, y = x_axis(x, frame, f"{unit} since the run was submitted or begun"), _TOP
    for host, of in hosts:
        letters = int((width - 24) / _LETTER)
        body.append(label(both_ends(host, letters), 8, y + 15, class_="name"))
        y += _HEAD
        for row in of:
            body += _row(row, x, y + _ROW / 2, left, began, colours)
            y += _ROW
    return document("Work over time", body, width, height, _words(shown), name)


def _axis(
    rows: Sequence[Sequence[WorkerLife]], frame: Box, count: int
) -> tuple[tuple[float, float], Scale, str]:
    """Return (first moment, seconds of a unit), the scale, and the unit."""
    lives = [life for row in rows for life in row]
    first = min(life.begin if life.queued is None else life.queued for life in lives)
    took = max(life.end for life in lives) - first
    unit, seconds, _ = next((u for u in _UNITS if took <= u[1] * u[2]), _UNITS[-1])
    high = max(took / seconds, 1e-3)
    rough = high / count
    step = next((one for one in _STEPS if one >= rough), ceil(rough / 100) * 100)
    return (first, seconds), Scale(0.0, high, frame.left, frame.right, float(step)), unit


def _colours(lives: Sequence[WorkerLife]) -> dict[str, str]:
    keys = sorted({life.key for life in lives})
    good = [colour for colour in COLOURS if colour not in ("#d55e00", "#882255")]  # near to red
    return {key: good[at % len(good)] for at, key in enumerate(keys)}


def _row(
    row: Sequence[WorkerLife],
    x: Scale,
    y: float,
    left: float,
    began: tuple[float, float],
    colours: dict[str, str],
) -> Iterator[str]:
    first, unit = began
    name = both_ends(row[0].worker, max(3, int((left - 12) / _LETTER)))
    yield label(name, left - 6, y + 4, text_anchor="end")
    for at, life in enumerate(row):
        colour = colours[life.key]
        start, end = (life.begin - first) / unit, (life.end - first) / unit
        if life.queued is not None:
            waits = x((life.queued - first) / unit)
            yield line(waits, y, x(start), y, class_="lead", stroke_dasharray="2 3")
        yield _block(x(start), x(end), y, 4, fill=colour, fill_opacity=0.25)
        for bar in life.bars:
            yield _drawn(bar, life.host, x, y, began, colour)
        if at:
            yield line(x(start), y - 9, x(start), y + 9, class_="frame")
        if life.killed:
            yield label("✕", x(end), y + 5, style=f"fill:{_BAD}", text_anchor="middle")


def _drawn(
    bar: WorkBar, host: str, x: Scale, y: float, began: tuple[float, float], colour: str
) -> str:
    first, unit = began
    bad = bar.outcome in (FAILED, LOST)
    words = f"{bar.title}: {bar.outcome} after {bar.end - bar.begin:,.1f} s on {host}"
    return _block(
        x((bar.begin - first) / unit),
        x((bar.end - first) / unit),
        y,
        12,
        element("title", escape(words, quote=False)),
        fill=_BAD if bad else colour,
        fill_opacity=0.55 if bar.outcome == STOPPED else 1,
        class_="mark",
    )


def _block(
    start: float, end: float, y: float, height: float, *inside: str, **more: str | float
) -> str:
    wide = max(0.8, end - start)
    return element(
        "rect", *(inside or ("",)), x=start, y=y - height / 2, width=wide, height=height, **more
    )


def _legend(lives: Sequence[WorkerLife]) -> Iterator[tuple[Markup, str]]:
    for key, colour in _colours(lives).items():
        yield _swatch(colour), key
    if any(bar.outcome in (FAILED, LOST) for life in lives for bar in life.bars):
        yield _swatch(_BAD), "failed, or ended without a word (✕)"


def _swatch(colour: str) -> Markup:
    block = element("rect", width=14, height=14, fill=colour)
    return Markup(element("svg", block, viewBox="0 0 14 14", class_="key", aria_hidden="true"))


def _words(rows: Sequence[Sequence[WorkerLife]]) -> str:
    bars = sum(len(life.bars) for row in rows for life in row)
    hosts = len({life.host for row in rows for life in row})
    return f"{len(rows)} processes on {hosts} machines did {bars} pieces of work."
