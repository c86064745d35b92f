"""A fault, the test that must fail because of it, and where in the package it stands."""

import ast
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[2] / "llmx"


class Mutant(NamedTuple):
    """One fault: `old` stands once in `file` (under llmx/), `new` is a slip."""

    file: str
    old: str
    new: str
    test: str


class Unseen(NamedTuple):
    """A change that no test sees, and why: it changes nothing, or nothing rests on it."""

    file: str
    old: str
    new: str
    reason: str


def qualified(row: Mutant | Unseen) -> str:
    """Return the function or class in which the text changes: ``simulate.station.Station._give``.

    It is found, not typed, so it cannot be wrong. What is no Python, or is no longer there, has the
    name of its file.
    """
    text = (PACKAGE / row.file).read_text(encoding="utf-8")
    if not row.file.endswith(".py") or row.old not in text:
        return row.file
    pairs = zip(row.old, row.new, strict=False)
    at = text.index(row.old) + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    names = _around(ast.parse(text), text.count("\n", 0, at) + 1)
    return ".".join([*Path(row.file).with_suffix("").parts, *names])


def _around(tree: ast.AST, line: int) -> list[str]:
    for node in ast.iter_child_nodes(tree):
        if line in range(getattr(node, "lineno", 0), (getattr(node, "end_lineno", 0) or 0) + 1):
            named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            return [*([node.name] if named else []), *_around(node, line)]
    return []
