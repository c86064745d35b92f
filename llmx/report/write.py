"""Write all forms of a report into one folder: JSON, Markdown, one HTML file, pictures.

Figures that no table of the report has, those of a plugin's stages, are a table of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from llmx.core.figure import Figure, Figures, Span, joined
from llmx.core.record import as_json
from llmx.core.spec import ArmSpec
from llmx.report import brought
from llmx.report.base import render
from llmx.report.brought import BroughtPicture
from llmx.report.families import Look, drawn_mark, looks
from llmx.report.figures.by_arm import arms_of, references_of
from llmx.report.figures.read import write_figures
from llmx.report.gather import Gathered
from llmx.report.numbers import (
    NONE,
    number,
    number_span,
    p_value,
    percent_span,
    places,
    points_span,
)
from llmx.report.plot import caption, picture
from llmx.report.results import Results
from llmx.report.samples import SharedProblem, side_by_side
from llmx.report.svg import element
from llmx.report.sweeps import sweep_pictures, sweep_tables
from llmx.report.tables import Table, reference_title, tables
from llmx.report.training.page import table as named_table
from llmx.report.training.tables import TrainingTable
from llmx.store.files import write_json
from llmx.store.page import write_marked

TITLE = "Other figures"
MOST = 200
"""Rows that are shown: a stage may write thousands of points of a sweep."""


def other_table(figures: Figures) -> TrainingTable | None:
    """Return the table, points of sweeps last; None where there is no such figure."""
    found = sorted(dict.fromkeys(figures.figures), key=Figure.swept)
    if not found:
        return None
    rows = tuple((one.arm, one.quantity, *_cells(one)) for one in found[:MOST])
    kept = [at for at in range(len(_HEAD)) if at < _NAMES or any(row[at] != NONE for row in rows)]
    shown = tuple(tuple(row[at] for at in kept) for row in rows)
    return TrainingTable(TITLE, _note(found), tuple(_HEAD[at] for at in kept), shown)


_HEAD = ("Arm", "Figure", "Value (interval)", "Beside", "At", "p", "Problems", "Seeds")
_NAMES = 3


def _cells(one: Figure) -> tuple[str, ...]:
    at = NONE if one.at is None else f"{one.setting} = {one.at:g}"
    return (
        said(one.span, one.unit),
        one.against or NONE,
        at if one.swept() else NONE,
        p_value(one.p),
        number(one.n, 0) if one.n else NONE,
        number(one.seeds, 0) if one.seeds else NONE,
    )


def said(span: Span, unit: str) -> str:
    """Return a figure with its unit, and the level of an interval that is not of 95 %."""
    ways = {"share": (percent_span, "%"), "points": (points_span, "points")}
    if unit in ways:
        way, shown = ways[unit]
        text = f"{way(span)} {shown}"
    else:
        named = "×" if unit == "times" else unit
        text = f"{number_span(span, _digits(span))} {named}".rstrip()
    # 95 % is what all tables have; a range that covers all is no interval of a level.
    usual = span.low is None or span.level in (0.95, 1.0)
    return text if usual else f"{text}, {100 * span.level:g} %"


def _digits(span: Span) -> int:
    """Return digits behind the point: none where all are whole numbers, as counts are."""
    whole = all(value == round(value) for value in (span.estimate, *span.ends()))
    return 0 if whole else places(span)


def _note(found: Sequence[Figure]) -> str:
    more = len(found) - MOST
    left = f" {more} more are in the files `figures.json` of the run." if more > 0 else ""
    return f"Written by stages that have no table of their own.{left}"


@dataclass(frozen=True)
class More:
    """What sweeps and plugins add to a report.

    Attributes:
        others: figures that no table of results shows.
        sweeps: tables of sweeps, and those that rooms bring.
    """

    others: Figures = field(default_factory=Figures)
    pictures: tuple[BroughtPicture, ...] = ()
    sweeps: Sequence[TrainingTable] = ()

    @property
    def table(self) -> TrainingTable | None:
        """The table of the figures; None without any."""
        return other_table(self.others)


def markdown(results: Results, more: More | None = None) -> str:
    """Return the report; the same arguments give the same bytes."""
    made = tables(results)
    more = more or More()
    parts = [
        f"# {results.title}",
        "\n".join(f"- {finding.text}" for finding in results.findings),
        *(f"## {table.title}\n\n{_table(table)}" for table in made),
        f"![{caption(results.figures)}](plot.svg)",
        *(f"![{one.caption}]({one.file})" for one in more.pictures),
        *map(_titled, more.sweeps),
        _titled(more.table) if more.table else "",
        f"## How to read it\n\n{_legend(made)}",
        timing_note(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def timing_note(results: Results) -> str:
    """Say how speed was measured; empty when it was not."""
    if not results.speed_rounds:
        return ""
    batch = f" at batch size {results.batch_size}" if results.batch_size else ""
    rounds = "one round" if results.speed_rounds == 1 else f"{results.speed_rounds} rounds"
    engines = f" Engines were up {results.speed_engines}." if results.speed_engines else ""
    turns = "in which the arms took turns on the same problems."
    return f"Speed was measured{batch} in {rounds} {turns}{engines}"


def _titled(found: TrainingTable) -> str:
    return f"## {found.title}\n\n{named_table(found)}\n\n{found.note}"


def _table(table: Table) -> str:
    head = ["Arm", *(f"{column.title} ({column.unit})" for column in table.columns)]
    rule = ["---", *("---:" for _ in table.columns)]
    body = [[f"`{arm}`", *(column.cell(arm) for column in table.columns)] for arm in table.arms]
    return "\n".join(_line(cells) for cells in [head, rule, *body])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _legend(made: Iterable[Table]) -> str:
    columns = (column for table in made for column in table.columns)
    return "\n".join(f"- **{column.title}**: {column.explain}" for column in columns)


def write(
    out: Path,
    results: Results,
    found: Gathered,
    arms: Mapping[str, ArmSpec],
    pictures: Sequence[str] = (),
    brought_tables: Sequence[str] = (),
) -> None:
    """Write results and figures as JSON, report.md, report.html, plot.svg and other pictures.

    Times and hosts are in none of them.

    Args:
        pictures: those that rooms bring, by name; drawn where the figures fill them.
        brought_tables: the same of tables.

    Raises:
        StoreError: if the folder cannot be written.
        RunError: for a picture that cannot be drawn.
    """
    settings = configuration(arms, results.reference)
    write_json(out / "results.json", as_json(results))
    figures = results.figures
    write_figures(out, figures)
    known = joined([figures, found.figures])
    drawn = brought.drawn(known, pictures)
    tabled = (*sweep_tables(figures), *brought.tabled(known, brought_tables))
    more = More(found.others, (*sweep_pictures(figures), *drawn), tabled)
    write_marked(out / "report.md", markdown(results, more))
    write_marked(out / "report.html", html(results, settings, side_by_side(found), more))
    write_marked(out / "plot.svg", picture(figures) + "\n")
    for one in more.pictures:
        write_marked(out / one.file, one.svg)


def configuration(arms: Mapping[str, ArmSpec], reference: str | None) -> str:
    """Return YAML: what all arms have in common once, and of each arm only what differs."""
    settings = {name: _settings(spec) for name, spec in arms.items()}
    shared = _shared(list(settings.values()))
    own = {name: _without(values, shared) for name, values in settings.items()}
    document = {"reference": reference, "all_arms": shared, "arms": own}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _settings(spec: ArmSpec) -> dict[str, Any]:
    """Return the settings of an arm as a recipe writes them: sections of plugins beside others."""
    written = as_json(spec)
    sections = written.pop("more", {})
    return {**written, **sections}


def _shared(settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the keys that have one value everywhere; mappings are compared key by key."""
    first, *rest = settings
    found: dict[str, Any] = {}
    for key, value in first.items():
        others = [other.get(key) for other in rest]
        if all(other == value for other in others):
            found[key] = value
        elif all(isinstance(one, dict) for one in [value, *others]):
            found[key] = _shared([value, *(dict(other or {}) for other in others)])
    return {key: value for key, value in found.items() if value != {}}


def _without(values: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key not in shared:
            found[key] = value
        elif value != shared[key]:
            found[key] = _without(value, shared[key])
    return found


def html(
    results: Results,
    settings: str,
    samples: Sequence[SharedProblem],
    more: More | None = None,
) -> str:
    """Return the page; the same arguments give the same bytes.

    Args:
        results: what was measured, and what is said of it.
        settings: the resolved configuration as YAML.
        samples: problems to show side by side.
        more: figures and pictures of sweeps and of plugins.
    """
    figures = results.figures
    look = looks(arms_of(figures), references_of(figures))
    return render(
        "report",
        results=results,
        reference=reference_title(results),
        tables=tables(results),
        wide=Markup(picture(figures, name="wide")),
        narrow=Markup(picture(figures, 380, 420, name="narrow")),
        caption=caption(figures),
        note=timing_note(results),
        settings=settings,
        samples=samples,
        keys={arm: _key(one) for arm, one in look.items()},
        pictures=more.pictures if more else (),
        others=more.table if more else None,
        sweeps=more.sweeps if more else (),
    )


def _key(look: Look) -> Markup:
    """Return the marker of an arm as in the plot, to stand beside its name."""
    drawn = drawn_mark(look, 8, 8, 5)
    return Markup(element("svg", drawn, viewBox="0 0 16 16", class_="key", aria_hidden="true"))
