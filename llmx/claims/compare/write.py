"""Write all forms of a comparison into one folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from markupsafe import Markup

from llmx.claims.compare import words
from llmx.claims.compare.model import Compared, Comparison
from llmx.report.base import render
from llmx.report.families import looks
from llmx.report.rows import RowOf, rows
from llmx.store.files import write_json
from llmx.store.page import write_marked


def write(found: Compared, out: Path) -> dict[str, Path]:
    """Write compare.html, .md, .json and .svg; return the paths by what they are.

    Raises:
        StoreError: if the folder cannot be written.
    """
    paths = {kind: out / f"compare.{kind}" for kind in ("html", "md", "json", "svg")}
    write_marked(paths["html"], html(found))
    write_marked(paths["md"], markdown(found))
    write_json(paths["json"], found.dump())
    write_marked(paths["svg"], picture(found))
    return {"page": paths["html"], "markdown": paths["md"], "json": paths["json"]}


def html(found: Compared) -> str:
    """Return one HTML file that fetches nothing, with every flipped sample side by side."""
    return render("compare", found=found, words=words, picture=Markup(picture(found)))


def picture(found: Compared, width: float = 760) -> str:
    """Return an SVG document; 95 % intervals, in points, positive where the second is better."""
    titles = [words.title(one) for one in found.comparisons]
    look = looks(titles)
    lines = [
        RowOf(title, look[title], one.difference.span.scaled(100))
        for title, one in zip(titles, found.comparisons, strict=True)
    ]
    title = "Difference in accuracy (points, 95 % interval)"
    return rows(lines, title, "Differences in accuracy", width, zero=True)


def markdown(found: Compared) -> str:
    """Return the document."""
    parts = ["# Comparison"]
    if len(found.comparisons) > 1:
        parts.append("![Differences in accuracy](compare.svg)")
    for one in found.comparisons:
        parts += _one(one)
    return "\n\n".join(parts) + "\n"


def _one(one: Comparison) -> list[str]:
    a, b = one.first.name, one.second.name
    return [
        f"## {words.title(one)}",
        _table(("", f"`{a}`", f"`{b}`", "difference"), words.rows(one)),
        "\n".join(f"- {note}" for note in words.notes(one)),
        "### Settings that differ",
        _changes(one, a, b),
        f"### Samples that flipped ({len(one.flips)})",
        _flips(one) if one.flips else "None.",
    ]


def _changes(one: Comparison, a: str, b: str) -> str:
    if not one.changed:
        return "None."
    rows = [(f"`{c.key}`", c.first or "absent", c.second or "absent") for c in one.changed]
    return _table(("setting", f"`{a}`", f"`{b}`"), rows)


def _flips(one: Comparison) -> str:
    head = ("sample", "reference", "answers", "first differing token", "question")
    return _table(head, [(*words.flip(flip), flip.question) for flip in one.flips])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in cells) + " |" for cells in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
