"""The page of a paper as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from llmx.claims.reproduce.anchors import Anchored
from llmx.claims.reproduce.claims import Published
from llmx.claims.reproduce.page import Page, RunVerdict, Tested
from llmx.claims.reproduce.summary import differently, summary
from llmx.claims.reproduce.table import Cell, FigureTable, figure_tables, unread
from llmx.claims.reproduce.words import (
    deviations,
    reasons,
    said_estimate,
    said_grade,
    said_missing,
    said_source,
    said_stands,
)
from llmx.report.training.page import table as training_table
from llmx.report.training.tables import TrainingTable
from llmx.report.verdict.markdown import basis, figures


def markdown(
    page: Page,
    pictures: Sequence[tuple[str, str]] = (),
    tables: Mapping[str, Sequence[TrainingTable]] | None = None,
) -> str:
    """Return the page; the same page gives the same bytes.

    Args:
        pictures: (caption, path as seen from the page).
        tables: recipe -> its tables on trainings or predictions.
    """
    parts = [
        f"# {page.title}",
        page.reference,
        *([f"**{said}**"] if (said := summary(page)) else []),
        *_section("Findings", [_finding(tested, page) for tested in page.findings]),
        *_section("Published figures beside ours", _figures(page.claims)),
        *_section("Pictures", [f"![{caption}]({path})" for caption, path in pictures]),
        *_section("What was run here", [_list(said_source(source) for source in page.sources)]),
        *(_of_run(recipe, found) for recipe, found in (tables or {}).items()),
        *_section("Why figures are compared as they are", [_claims(page.claims)]),
        *_section("Measured by others", [_anchors(page.anchors)]),
        *_section("How our runs differ from the paper", [_deviations(page)]),
        *_section("Not run here", [_missing(page)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _figures(claims: Sequence[Published]) -> list[str]:
    """Return a table a table of the paper, and one line on what could not be read."""
    found = figure_tables(claims)
    note = (
        ["In each cell: *published* | ours | **verdict**."]
        if any(not one.alone for one in found)
        else []
    )
    return [*note, *map(_figure_table, found), *([line] if (line := unread(claims)) else [])]


def _figure_table(one: FigureTable) -> str:
    rows = ((name, *(_of_cell(cell, one.alone) for cell in cells)) for name, cells in one.rows)
    title = f"### {one.title[:1].upper()}{one.title[1:]}"
    alone = [one.alone] if one.alone else []
    notes = "\n".join(f"- [{place}] {note}" for place, note in enumerate(one.notes, 1))
    table = _table(("Method", *one.columns), rows)
    return "\n\n".join([title, *alone, table, *([notes] if notes else [])])


def _of_cell(cell: Cell | None, alone: str) -> str:
    if cell is None:
        return ""
    if alone:
        return f"{cell.published}{cell.mark}"
    return f"*{cell.published}*{cell.mark} | {cell.ours} | **{cell.word}**"


def _of_run(recipe: str, tables: Sequence[TrainingTable]) -> str:
    parts = [f"### {one.title}\n\n{training_table(one)}\n\n{one.note}" for one in tables]
    return "\n\n".join([f"## `{recipe}`", *parts])


def _section(title: str, parts: Sequence[str]) -> list[str]:
    return [f"## {title}", *parts] if any(parts) else []


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    if len(lines) == 2:
        return ""
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _claims(claims: Sequence[Published]) -> str:
    rows = [
        (
            one.where,
            one.figure,
            f"{one.claim.evidence} ({one.claim.source})",
            f"**{one.word}**",
            one.reason,
        )
        for one in reasons(claims)
    ]
    return _table(("Where", "Published", "Source", "Verdict", "Why"), rows)


def _finding(tested: Tested, page: Page) -> str:
    words = ", ".join(dict.fromkeys(one.verdict.word for one in tested.judged)) or "not run here"
    head = f"### {tested.statement} {words.capitalize()}\n\n*{said_grade(tested)}*"
    if not tested.judged:
        return f"{head}\n\n{said_missing(tested)}"
    why = differently(tested, page)
    return "\n\n".join([head, *([why] if why else []), *(_judged(one) for one in tested.judged)])


def _judged(one: RunVerdict) -> str:
    verdict, rests, stands = one.verdict, basis(one.verdict), said_stands(one.verdict)
    text = f"`{one.recipe}`: **{verdict.word}**{f', {stands}' if stands else ''}. {verdict.reason}"
    text += f" ({rests})" if rests else ""
    return f"{text}\n\n{figures(verdict)}" if verdict.numbers else text


def _anchors(anchors: Sequence[Anchored]) -> str:
    rows = [(one.setting, one.theirs, one.source, f"**{one.word}**", one.reason) for one in anchors]
    return _table(("Setting", "Theirs", "By", "Ours", "Why"), rows)


def _deviations(page: Page) -> str:
    found = deviations(page)
    every = len(page.sources)
    return _list(
        text if len(recipes) == every else f"{text} ({', '.join(recipes)})"
        for text, recipes in found.items()
    )


def _missing(page: Page) -> str:
    return _list(f"`{one.command}`: {said_estimate(one)}" for one in page.missing)
