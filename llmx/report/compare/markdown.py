"""A comparison as Markdown, every flip listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llmx.report.compare import words
from llmx.report.compare.model import Compared, Comparison


def markdown(found: Compared) -> str:
    """Return the document."""
    parts = ["# Comparison"]
    if len(found.comparisons) > 1:
        parts.append("![Differences in accuracy](compare.svg)")
    for one in found.comparisons:
        parts += _one(one)
    return "\n\n".join(parts) + "\n"


def _one(one: Comparison) -> list[str]:
    a, b = words.name(one, one.first), words.name(one, one.second)
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
