"""Arithmetic that a model wrote, evaluated exactly and never run as code."""

from __future__ import annotations

import ast
import re
from fractions import Fraction

_LONGEST = 200  # characters; the longest reference expression has under 60
_ALLOWED = re.compile(r"[0-9+\-*/() ]+")
_BIG = re.compile(r"[0-9]{10,}")


def evaluate(text: str) -> tuple[Fraction, list[int]] | None:
    """Return the exact value of an expression and the whole numbers in it, or None.

    Sums, differences, products and quotients of whole numbers in ASCII digits, with parentheses.
    None for anything else: powers, floor division, decimal points (a point would let ``.5`` pass
    for the number 5), division by zero, numbers of ten digits and more, over 200 characters.
    """
    text = text.strip(" ")
    if len(text) > _LONGEST or not _ALLOWED.fullmatch(text) or _BIG.search(text):
        return None
    try:
        tree = ast.parse(text, mode="eval").body
        numbers: list[int] = []
        return _value(tree, numbers), numbers
    except (SyntaxError, ValueError, ZeroDivisionError, MemoryError, RecursionError):
        return None


def _value(node: ast.expr, numbers: list[int]) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        numbers.append(node.value)
        return Fraction(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _value(node.operand, numbers)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        return _joined(node.op, _value(node.left, numbers), _value(node.right, numbers))
    raise ValueError("no arithmetic of whole numbers")


def _joined(operator: ast.operator, left: Fraction, right: Fraction) -> Fraction:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
    raise ValueError("not one of + - * /")
