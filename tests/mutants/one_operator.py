"""All one-operator changes of a Python file: each swaps, drops or moves one thing by one.

A change is a span of the source and its new text. Docstrings, annotations, decorators, imports,
asserts and what only a type checker reads are left out: nothing there runs, or nothing reads it.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_FLIPS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
_PAIRS = (("min", "max"), ("any", "all"), ("argmin", "argmax"), ("amin", "amax"), ("lt", "le"))
_NAMES = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}
_UNREAD = (ast.Import, ast.ImportFrom, ast.Assert, ast.Global, ast.Nonlocal)


class Change(NamedTuple):
    """`text[start:end]` becomes `new`; `operator` says what kind of slip it is."""

    operator: str
    start: int
    end: int
    new: str


class Source:
    """A file's text, with the places of its syntax tree's nodes as offsets of characters."""

    def __init__(self, text: str) -> None:
        self.text, self.starts = text, [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        """Return the offset of a node's line and column (which counts bytes)."""
        start = self.starts[line - 1]
        return start + len(self.text[start:].encode()[:column].decode())

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return where a node's text begins and ends."""
        return (
            self.at(node.lineno, node.col_offset),  # type: ignore[attr-defined]
            self.at(node.end_lineno, node.end_col_offset),  # type: ignore[attr-defined]
        )

    def of(self, node: ast.AST) -> str:
        """Return a node's text."""
        start, end = self.span(node)
        return self.text[start:end]

    def sign(self, kind: str, op: ast.AST, left: ast.AST, right: ast.AST) -> Iterator[Change]:
        """Yield the change of the operator that stands between two nodes."""
        if type(op) not in _FLIPS:
            return
        old, new = _FLIPS[type(op)]
        start, end = self.span(left)[1], self.span(right)[0]
        found = self.text.find(old, start, end)
        if found >= 0 and "#" not in self.text[start:end]:
            yield Change(kind, found, found + len(old), new)


def changes(text: str) -> list[Change]:
    """Return every one-operator change of a source text, in the order of the text."""
    source, tree = Source(text), ast.parse(text)
    found = [one for node in _running(tree) for one in _of(source, node)]
    return sorted(set(found), key=lambda one: (one.start, one.end, one.operator))


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes whose text runs."""
    for name, field in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for node in field if isinstance(field, list) else [field]:
            if not isinstance(node, ast.AST) or isinstance(node, _UNREAD) or _is_typing(node):
                continue
            yield node
            yield from _running(node)


def _is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _of(source: Source, node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(left, [op], [right]):
            yield from source.sign("comparison", op, left, right)
        case ast.BinOp(left, op, right) if not _is_text(left) and not _is_text(right):
            yield from source.sign("arithmetic", op, left, right)
        case ast.BoolOp(op, values):
            for left, right in pairwise(values):
                yield from source.sign("and/or", op, left, right)
        case ast.Constant(bool() as value):
            yield Change("truth", *source.span(node), str(not value))
        case ast.Constant(int() as value):
            yield Change("off by one", *source.span(node), str(value + 1))
        case ast.Constant(float() as value):
            yield Change("constant", *source.span(node), repr(2 * value if value else 1.0))
        case ast.If(test) | ast.IfExp(test):
            yield Change("condition", *source.span(test), f"not ({source.of(test)})")
        case ast.UnaryOp(ast.Not() | ast.USub(), operand) if not isinstance(operand, ast.Constant):
            yield Change("dropped sign", *source.span(node), f"({source.of(operand)})")
        case ast.Call():
            yield from _of_call(source, node)


def _of_call(source: Source, node: ast.Call) -> Iterator[Change]:
    name = node.func
    last = name.id if isinstance(name, ast.Name) else getattr(name, "attr", "")
    end = source.span(name)[1]
    if last in _NAMES:
        yield Change("min/max", end - len(last), end, _NAMES[last])
    if last == "abs" and isinstance(name, ast.Name) and len(node.args) == 1:
        yield Change("no abs", *source.span(node), f"({source.of(node.args[0])})")
    if len(node.args) > 1 and not any(isinstance(one, ast.Starred) for one in node.args[:2]):
        (start, stop), (begin, close) = (source.span(one) for one in node.args[:2])
        first, between, second = (
            source.text[a:b] for a, b in ((start, stop), (stop, begin), (begin, close))
        )
        if first != second:
            yield Change("swapped", start, close, f"{second}{between}{first}")


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )
