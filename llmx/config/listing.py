"""What can be named in a recipe or on the command line, a line each: models, data, scorers …"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.config import index, places
from llmx.core.errors import LlmxError
from llmx.core.registry import kinds, lookup, short_names

Rows = Iterator[dict[str, str]]


def listing(what: str, extra: Sequence[Path | str] = ()) -> list[dict[str, str]]:
    """Return a row for each thing of a sort: its ``name``, and what is said of it.

    Args:
        what: one of :data:`SORTS`.
        extra: folders with recipes of the user's own.
    """
    return list(SORTS[what](extra))


def _choices(group: str) -> Callable[[Sequence[Path | str]], Rows]:
    def rows(extra: Sequence[Path | str]) -> Rows:
        for name, path in sorted(places.group_files(places.roots(extra)).items()):
            of, _, choice = name.partition("/")
            if of == group and not choice.startswith("_"):
                yield {"name": choice, "what it is": _first_sentence(_header(path))}

    return rows


def _models(extra: Sequence[Path | str]) -> Rows:
    from llmx.config.yaml_file import read

    files = places.group_files(places.roots(extra))
    for row in _choices("model")(extra):
        held = read(files[f"model/{row['name']}"]).data
        pair = {key: str(held.get(key) or "") for key in ("target", "draft")}
        yield {"name": row["name"], **pair, "what it is": row["what it is"]}


def _kinds(family: str) -> Callable[[Sequence[Path | str]], Rows]:
    def rows(extra: Sequence[Path | str]) -> Rows:
        places.roots(extra)  # a folder that is not there is told for every sort
        for kind in sorted(kinds(family)):
            yield {"name": kind, "what it is": _said(family, kind)}

    return rows


def _said(family: str, kind: str) -> str:
    """Return what a kind says of itself: the beginning of its docstring."""
    try:
        found = lookup(family, kind)
    except LlmxError as error:
        return f"cannot be loaded: {error}"
    said = vars(found).get("__doc__") if isinstance(found, type) else None
    if said is None and kind in kinds("data"):
        return f"The verifier of the problems of data kind {kind}."
    words = " ".join((said or "").replace("``", "").split())
    return _first_sentence(words.removeprefix("Over recipe. "))


def _papers(extra: Sequence[Path | str]) -> Rows:
    from llmx.config.yaml_file import read

    files = places.claim_files(places.roots(extra))
    entries, short = index.entries(extra), short_names()
    for name, path in sorted(files.items()):
        held: Mapping[str, Any] = read(path).data
        yield {
            "name": ", ".join([name, *(one for one, paper in short.items() if paper == name)]),
            "title": str(held.get("title") or ""),
            "recipes": ", ".join(e.name for e in entries if e.paper == name),
        }


def _header(path: Path) -> str:
    """Return the comment that a file begins with, on one line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return " ".join(" ".join(line.lstrip("#") for line in lines[:head]).split())


def _first_sentence(text: str) -> str:
    """Return a text up to the first full stop that ends a word."""
    found = re.match(r"(.*?[^\s.]\.)(?=\s+\S|$)", text)
    return found[1] if found else text


SORTS: dict[str, Callable[[Sequence[Path | str]], Rows]] = {
    "models": _models,
    "data": _choices("data"),
    "scorers": _kinds("scorer"),
    "samplers": _choices("sampler"),
    "stages": _kinds("stage"),
    "papers": _papers,
}
"""What `llmx list` can list beside recipes."""
