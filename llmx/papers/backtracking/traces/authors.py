"""`style: authors`: traces as the released generators of arXiv 2505.24273 make them.

For comparison. Written from a description of that code, with its faults: excursions may use a
number twice, may hit the target and be called wrong, may state candidates of another board, may end
without a dead end, and there may be fewer than asked. No such trace is checked; the manifest says
how many would hold. Unlike the released code every draw is seeded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from llmx.papers.backtracking.traces.arc import ArcPuzzle
from llmx.papers.backtracking.traces.arc_rules import RULES
from llmx.papers.backtracking.traces.chains import apply
from llmx.papers.backtracking.traces.countdown import CountdownPuzzle
from llmx.papers.backtracking.traces.events import Conclude, Event, Fail, Place, Return
from llmx.papers.backtracking.traces.moves import (
    Applied,
    ChainMove,
    Differs,
    Digit,
    Guess,
    Missed,
    NoDigit,
    ShownExample,
)
from llmx.papers.backtracking.traces.sudoku import Cells, SudokuPuzzle

Events = list[Event[Any, Any]]
_MOST = 3  # wrong suffixes of a chain, and wrong rules


def authors_trace(puzzle: Any, k: int, seed: int, index: int) -> Events:
    """Return a trace with at most `k` backtracks."""
    rng = Random(f"{seed}/{index}/authors")
    match puzzle:
        case CountdownPuzzle():
            return list(_chain(puzzle, k, rng))
        case SudokuPuzzle():
            return list(_tree(puzzle, k, rng))
        case ArcPuzzle():
            return list(_rules(puzzle, k, rng))
    raise TypeError(f"no released generator for {type(puzzle).__name__}")


def _chain(puzzle: CountdownPuzzle, k: int, rng: Random) -> Iterator[Event[Any, Any]]:
    path = puzzle.path(rng)
    suffixes: dict[tuple[ChainMove, ...], int] = {}
    for _ in range(10 * _MOST):
        if len(suffixes) < _MOST:
            begin = rng.randrange(len(path))
            suffixes.setdefault(tuple(_suffix(puzzle, path, begin, rng)), begin)
    chosen = rng.sample(sorted(suffixes.items(), key=str), min(k, len(suffixes)))
    placed = 0
    for suffix, begin in sorted(chosen, key=lambda pair: pair[1]):
        yield from (Place(step + 1, path[step]) for step in range(placed, begin))
        yield from (Place(begin + place + 1, move) for place, move in enumerate(suffix))
        yield Fail(Missed(suffix[-1].value, puzzle.target))
        yield Return(begin)
        placed = begin
    yield from (Place(step + 1, path[step]) for step in range(placed, len(path)))
    state = puzzle.start()
    for move in path:
        state = puzzle.step(state, move)
    yield Conclude(puzzle.conclusion(state, path))


def _suffix(
    puzzle: CountdownPuzzle, path: list[ChainMove], begin: int, rng: Random
) -> Iterator[ChainMove]:
    """Rewrite every step from `begin` on: another operator, or an operand the path has not used.

    What the suffix itself has used is forgotten, so a number can stand twice.
    """
    value = path[begin].left
    for step in range(begin, len(path)):
        operator, right = path[step].operator, path[step].right
        unused = [move.right for move in path[step + 1 :] if move.right != right]
        unused = unused or [number for number in puzzle.numbers if number != right]
        if rng.random() < 0.5 or not unused:
            values = {sign: apply(value, sign, right) for sign in "+-*/"}
            others = [s for s, v in values.items() if v not in (None, values[operator])]
            operator = rng.choice(others) if others else operator
        else:
            right = rng.choice(unused)
        after = apply(value, operator, right)
        if after is None:
            operator, after = "-", value - right
        yield ChainMove(value, operator, right, after)
        value = after


@dataclass
class _Node:
    place: int
    candidates: Cells
    tried: list[int] = field(default_factory=list)


def _tree(puzzle: SudokuPuzzle, k: int, rng: Random) -> Iterator[Event[Any, Any]]:
    children: dict[tuple[int, int], _Node] = {}
    path: list[_Node] = []
    _search(puzzle, puzzle.start(), children, path, None)
    right = puzzle.solution
    offered = [
        (step, digit)
        for step, node in enumerate(path)
        for digit in node.tried
        if digit != right[node.place]
    ]
    chosen = sorted(rng.sample(offered, min(k, len(offered))))
    for step, node in enumerate(path):
        for digit in (digit for at, digit in chosen if at == step):
            yield Place(step + 1, _digit(puzzle, node, digit))
            yield from _failed(puzzle, children, children.get((node.place, digit)), step + 2, rng)
            yield Return(step)
        yield Place(step + 1, _digit(puzzle, node, right[node.place]))
    yield Conclude(puzzle.conclusion(right, ()))


def _search(
    puzzle: SudokuPuzzle,
    state: Cells,
    children: dict[tuple[int, int], _Node],
    path: list[_Node],
    above: tuple[int, int] | None,
) -> bool:
    """Go depth first in reading order; links by cell and digit alone overwrite earlier ones."""
    if 0 not in state:
        return True
    place = state.index(0)
    node = _Node(place, puzzle.candidates(state, place))
    if above is not None:
        children[above] = node
    path.append(node)
    for digit in node.candidates:
        node.tried.append(digit)
        after = (*state[:place], digit, *state[place + 1 :])
        if _search(puzzle, after, children, path, (place, digit)):
            return True
    path.pop()
    return False


def _failed(
    puzzle: SudokuPuzzle,
    children: dict[tuple[int, int], _Node],
    node: _Node | None,
    step: int,
    rng: Random,
) -> Iterator[Event[Any, Any]]:
    """Walk down what is recorded below a wrong digit: a node without candidates is a dead end."""
    while node is not None:
        if not node.candidates:
            yield Fail(NoDigit(node.place // puzzle.size + 1, node.place % puzzle.size + 1))
            return
        if not node.tried:
            return
        digit = rng.choice(node.tried)
        yield Place(step, _digit(puzzle, node, digit))
        node, step = children.get((node.place, digit)), step + 1


def _digit(puzzle: SudokuPuzzle, node: _Node, digit: int) -> Digit:
    row, column = divmod(node.place, puzzle.size)
    return Digit(row + 1, column + 1, node.candidates, digit)


def _rules(puzzle: ArcPuzzle, k: int, rng: Random) -> Iterator[Event[Any, Any]]:
    others = rng.sample([rule for rule in RULES if rule != puzzle.rule], _MOST)
    for rule in others[:k]:
        outputs = [RULES[rule].apply(given) for given, _ in puzzle.examples]
        shown = [output for _, output in puzzle.examples]
        wrong = [n for n, pair in enumerate(zip(outputs, shown, strict=True)) if pair[0] != pair[1]]
        first = wrong[0] if wrong else 0  # declared wrong even if it reproduces all examples
        yield Place(1, Guess(rule))
        yield from (Place(n + 2, ShownExample(n + 1, shown[n])) for n in range(first))
        yield Fail(Differs(first + 1, outputs[first]))
        yield Return(0)
    path = puzzle.path(rng)
    yield from (Place(step + 1, move) for step, move in enumerate(path))
    assert isinstance(path[-1], Applied)
    yield Conclude(" ".join(map(str, path[-1].output)))
