"""Fills the figures of the documentation from committed results: ``python scripts/fill_docs.py``.

A page says where figures go, and nobody types them::

    <!-- figures: docs/results/2026-11-30-fsd/fsd_gsm8k table fsd_gsm8k -->
    … this is written by this script …
    <!-- end figures -->

``docs/tables/fsd_gsm8k.yaml`` says what the table shows of that folder: the `file` and the `list`
of entries in it, the field that names an entry (`key`), the `rows` (name of the entry: label) and
the `columns` (head: cell). A cell is words with fields in braces: ``{difference.score|points}``, a
path in the entry and a format (:data:`FORMATS`, ``text``, ``plain``; ``…_alone`` without the
interval). A part of a path that may be missing ends in ``?``. Where `file` is a pattern, a row is a
folder, and its cells begin with the name of an entry.

``--check`` writes nothing and names the pages that would change (exit code 1).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from llmx.report.numbers import NONE, number, percent, points

ROOT = Path(__file__).resolve().parents[1]
PAGES = tuple(
    path
    for where in ("README.md", "docs/*.md", "docs/papers/*.md")
    for path in sorted(ROOT.glob(where))
)
BLOCK = re.compile(
    r"(?P<head>^<!-- figures: (?P<folder>\S+) table (?P<name>\w+) -->\n)"
    r"(?P<body>.*?)"
    r"(?P<tail>^<!-- end figures -->$)",
    re.M | re.S,
)
FIELD = re.compile(r"\{(?P<path>[^{}|]+)\|(?P<form>\w+)\}")


def _times(value: float) -> str:
    return number(value, 2)


def _seconds(value: float) -> str:
    return number(value, 3)


def _count(value: float) -> str:
    return f"{value:,.0f}"


FORMATS: dict[str, Callable[[float], str]] = {
    "percent": percent,
    "points": points,
    "times": _times,
    "number": number,
    "seconds": _seconds,
    "count": _count,
}
"""How one number is written."""


def entries(folder: Path, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of committed results by name: where results lie is known here alone."""
    paths = sorted(folder.glob(spec["file"]))
    if paths == [folder / spec["file"]]:
        return _named(paths[0], spec)
    return {path.parent.name: _named(path, spec) for path in paths}


def _named(path: Path, spec: Mapping[str, Any]) -> dict[str, Any]:
    loaded = json.loads(path.read_text(encoding="utf-8"))
    listed = value(loaded, spec["list"]) if "list" in spec else loaded
    return {str(value(entry, spec["key"])): entry for entry in listed}


def value(entry: Any, path: str) -> Any:
    """Return what a dotted path leads to; None where a part of it is null, or may be missing.

    Raises:
        KeyError: an entry has no such field.
        IndexError: a list is shorter.
    """
    for part in path.split("."):
        if entry is None:
            return None
        if part.endswith("?"):
            entry = entry.get(part[:-1])
        else:
            entry = entry[int(part)] if isinstance(entry, list) else entry[part]
    return entry


def shown(found: Any, form: str) -> str:
    """Return a value as a page shows it: with its interval if it has one, a dash for nothing.

    Raises:
        KeyError: there is no such format.
    """
    if found is None:
        return NONE
    if form in ("text", "plain"):
        return str(found)
    write = FORMATS[form.removesuffix("_alone")]
    if not isinstance(found, dict):
        return write(found)
    if found["low"] is None or form.endswith("_alone"):
        return write(found["estimate"])
    between = " to " if form == "points" or found["low"] < 0 else "–"
    return f"{write(found['estimate'])} ({write(found['low'])}{between}{write(found['high'])})"


def worded(cell: str, entry: Any) -> str:
    """Return a cell with its fields filled from an entry."""
    return FIELD.sub(lambda field: shown(value(entry, field["path"]), field["form"]), cell)


def table(spec: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Return a Markdown table: a row for an entry that is named, a column for a cell."""
    heads = [spec["label"], *spec["columns"]]
    rows = [
        [label, *(worded(cell, found[name]) for cell in spec["columns"].values())]
        for name, label in spec["rows"].items()
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [heads, ["---"] * len(heads), *rows])


def body(folder: str, name: str, root: Path | None = None) -> str:
    """Return what a block has to hold."""
    root = root or ROOT
    spec = yaml.safe_load((root / f"docs/tables/{name}.yaml").read_text(encoding="utf-8"))
    return table(spec, entries(root / folder, spec))


def filled(page: str, root: Path | None = None) -> str:
    """Return a page with every block as its results say."""
    return BLOCK.sub(
        lambda at: at["head"] + body(at["folder"], at["name"], root) + at["tail"], page
    )


def main(words: list[str]) -> int:
    """Fill every page, or with ``--check`` say which would change."""
    check = words == ["--check"]
    found = {page: filled(page.read_text(encoding="utf-8")) for page in PAGES}
    stale = [page for page, text in found.items() if text != page.read_text(encoding="utf-8")]
    for page in stale:
        if not check:
            page.write_text(found[page], encoding="utf-8")
        print(f"{page.relative_to(ROOT)}: {'differs from its results' if check else 'filled'}")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
