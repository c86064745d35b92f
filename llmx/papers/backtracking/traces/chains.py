"""Chains of operations: what a move gives, which moves there are, and what reaches a target.

A chain takes the running value first and one number after the other. Whether a chain reaches a
target is decided exactly. What was found is kept for a bounded number of states, whatever problem
they are of: a trace set holds tens of thousands of problems, and none may bring its search along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from llmx.papers.backtracking.traces.moves import ChainMove

_OPERATORS = "+-*/"
_NEAR = 3  # numbers left, from which on the search goes backwards from the target


@dataclass(frozen=True)
class Chain:
    """A running value (None before the first step) and the numbers left, ascending."""

    value: int | None
    left: tuple[int, ...]


def apply(left: int, operator: str, right: int) -> int | None:
    """Return the value of one operation, or None for a division that does not come out even."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left // right if right and left % right == 0 else None
    return None


def legal_moves(state: Chain) -> list[ChainMove]:
    """Return every legal move, in a fixed order."""
    found = []
    for left in [state.value] if state.value is not None else sorted(set(state.left)):
        rest = state.left if state.value is not None else without(state.left, left)
        for right in sorted(set(rest)):
            for operator in _OPERATORS:
                value = apply(left, operator, right)
                if value is not None:
                    found.append(ChainMove(left, operator, right, value))
    return found


def after(state: Chain, move: ChainMove) -> Chain:
    """Return the state after a legal move."""
    left = state.left if state.value is not None else without(state.left, move.left)
    return Chain(move.value, without(left, move.right))


def without(numbers: Sequence[int], number: int) -> tuple[int, ...]:
    """Return the numbers but for one of this value.

    Raises:
        ValueError: if none has it.
    """
    place = numbers.index(number)
    return (*numbers[:place], *numbers[place + 1 :])


@lru_cache(maxsize=1 << 16)
def reaches(target: int, state: Chain) -> bool:
    """Whether a chain leads from here to the target with all that is left.

    Forwards while many numbers are left, then a look at the values that lead there.
    """
    if state.value is not None and len(state.left) <= _NEAR:
        return state.value in _values_before(target, state.left)
    return any(reaches(target, after(state, move)) for move in legal_moves(state))


@lru_cache(maxsize=512)  # six numbers have 42 of these, the largest some 20 KB
def _values_before(target: int, left: tuple[int, ...]) -> frozenset[int]:
    """Return the values from which the numbers `left` can lead to the target."""
    if not left:
        return frozenset({target})
    found: set[int] = set()
    for right in set(left):
        for then in _values_before(target, without(left, right)):
            found |= {then - right, then + right, then * right}
            if then % right == 0:
                found.add(then // right)
    return frozenset(found)
