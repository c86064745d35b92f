"""Sudoku as a search: fill empty cells, in reading order on the path to the answer.

A digit may stand in a cell if its row, column and box have no other like it. A state is dead if it
departs from the one solution; the search is stuck where an empty cell has no digit left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from random import Random
from typing import Any

from llmx.data.tasks.verifiers import grid
from llmx.papers.backtracking.traces.events import Conclude, Event
from llmx.papers.backtracking.traces.moves import Digit, NoDigit
from llmx.papers.backtracking.traces.puzzle import IllegalStep, TooFew
from llmx.papers.backtracking.traces.wording import Form, Phrases, Template

_SET = r"[1-9](?: [1-9])*"


def _fields(move: Digit) -> dict[str, object]:
    return {**vars(move), "candidates": " ".join(map(str, move.candidates))}


def _digit(fields: Mapping[str, str]) -> Digit:
    candidates = tuple(map(int, fields["candidates"].split(" ")))
    return Digit(int(fields["row"]), int(fields["column"]), candidates, int(fields["digit"]))


def _no_digit(fields: Mapping[str, str]) -> NoDigit:
    return NoDigit(int(fields["row"]), int(fields["column"]))


def _phrases(move: str, stuck: str, **rest: str) -> Phrases[Digit, NoDigit]:
    return Phrases(
        moves=[Form(Template(move, candidates=_SET), _fields, _digit)],
        reasons=[Form(Template(stuck), vars, _no_digit)],
        **rest,
    )


PHRASES: dict[str, Phrases[Digit, NoDigit]] = {
    "plain": _phrases(
        "row {row} column {column} can be {candidates}, so try {digit}.",
        "Nothing can stand in row {row} column {column}, so this path fails.",
        step="Step {step}: ",
        again="Step {step} again: ",
        back="Go back to step {to}.",
        done="The grid is full.",
    ),
    "terse": _phrases(
        "{row} {column} of {candidates} is {digit}",
        "{row} {column} is none",
        step="{step}: ",
        again="{step} again: ",
        back="back to {to}",
        done="done",
    ),
}
"""Wording → phrases."""


Cells = tuple[int, ...]
"""All cells in reading order; 0 is empty. The state of a search."""


class SudokuPuzzle:
    """A grid of 4 × 4 or 9 × 9 with one solution."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.cells: Cells = tuple(digit for row in rows for digit in row)
        self.size = len(rows)
        if self.size not in (4, 9) or len(self.cells) != self.size**2:
            raise IllegalStep(f"no sudoku of {len(self.cells)} cells in {self.size} rows")

    @classmethod
    def of(cls, instance: Mapping[str, Any]) -> SudokuPuzzle:
        """Return the problem with these ``rows``."""
        return cls(instance["rows"])

    def instance(self) -> dict[str, Any]:
        """Return the rows, 0 where a cell is empty."""
        return {"rows": _rows(self.cells, self.size)}

    def start(self) -> Cells:
        """Return the cells as they are given."""
        return self.cells

    def step(self, state: Cells, move: Digit) -> Cells:
        """Return the cells with one more digit; see :class:`Puzzle`."""
        place = self._place(state, move.row, move.column)
        if move.candidates != self.candidates(state, place):
            raise IllegalStep(f"these can stand there: {self.candidates(state, place)}")
        if move.digit not in move.candidates:
            raise IllegalStep(f"{move.digit} cannot stand there")
        return (*state[:place], move.digit, *state[place + 1 :])

    def check_stuck(self, state: Cells, reason: NoDigit) -> None:
        """The cell is empty and nothing can stand in it."""
        found = self.candidates(state, self._place(state, reason.row, reason.column))
        if found:
            raise IllegalStep(f"these can stand there: {found}")

    def dead(self, state: Cells) -> bool:
        """Whether some cell departs from the one solution."""
        pairs = zip(state, self.solution, strict=True)
        return any(digit not in (0, right) for digit, right in pairs)

    def conclusion(self, state: Cells, moves: Sequence[Digit]) -> str:
        """Return the full grid."""
        if 0 in state:
            raise IllegalStep("cells are empty")
        return self._text(state)

    def right(self, answer: str) -> bool:
        """By the verifier of rewards."""
        return grid(answer, self._text(self.solution))

    def well_formed(self, answer: str) -> bool:
        """Whether it is a full grid of this size."""
        lines = [line.split(" ") for line in answer.split("\n")]
        digits = set(map(str, range(1, self.size + 1)))
        whole = all(len(line) == self.size and set(line) <= digits for line in lines)
        return whole and len(lines) == self.size

    def path(self, rng: Random) -> list[Digit]:
        """Return the empty cells in reading order, with their right digits."""
        state, moves = self.cells, []
        for place, digit in enumerate(self.cells):
            if digit == 0:
                moves.append(self._move(state, place, self.solution[place]))
                state = self.step(state, moves[-1])
        return moves

    def detours(self, path: Sequence[Digit], step: int) -> list[Digit]:
        """Return the other digits that could stand in the next cell of the path."""
        return _others(path[step])

    def further_detours(self, path: Sequence[Digit], step: int) -> list[Digit]:
        """Return the wrong digits that could stand in the cells after the next one."""
        state = self.cells
        for move in path[:step]:
            state = self.step(state, move)
        later = [self._place(state, move.row, move.column) for move in path[step + 1 :]]
        moves = (self._move(state, place, self.solution[place]) for place in later)
        return [wrong for move in moves for wrong in _others(move)]

    def excursion(self, state: Cells, rng: Random) -> Iterator[Digit | NoDigit]:
        """Go on in reading order, at random, until some cell has no digit left.

        Of a few such walks the shortest is taken.
        """
        walks = [list(self._walk(state, rng)) for _ in range(_WALKS)]
        yield from min(walks, key=len)

    def _walk(self, state: Cells, rng: Random) -> Iterator[Digit | NoDigit]:
        while True:
            open_cells = [place for place, digit in enumerate(state) if digit == 0]
            for place in open_cells:
                if not self.candidates(state, place):
                    yield NoDigit(*self._names(place))
                    return
            found = self.candidates(state, open_cells[0])
            move = self._move(state, open_cells[0], rng.choice(found))
            yield move
            state = self.step(state, move)

    def mistaken(
        self, events: Sequence[Event[Digit, NoDigit]], rng: Random
    ) -> list[Event[Digit, NoDigit]]:
        """Swap two digits of one row in the answer, in cells that were empty."""
        rows = range(self.size)
        pairs = [
            (a, b)
            for row in rows
            for a in range(row * self.size, (row + 1) * self.size)
            for b in range(a + 1, (row + 1) * self.size)
            if self.cells[a] == self.cells[b] == 0
        ]
        if not pairs:
            raise TooFew("no row has two empty cells")
        a, b = rng.choice(pairs)
        wrong = list(self.solution)
        wrong[a], wrong[b] = wrong[b], wrong[a]
        return [*events[:-1], Conclude(self._text(tuple(wrong)))]

    def phrases(self, wording: str) -> Phrases[Digit, NoDigit]:
        """Return how digits are written."""
        return PHRASES[wording]

    @cached_property
    def solution(self) -> Cells:
        """The one solution.

        Raises:
            IllegalStep: if there is none, or more than one.
        """
        found = list(_solutions(self.cells, self.size, 2))
        if len(found) != 1:
            raise IllegalStep("the sudoku has not one solution")
        return found[0]

    def candidates(self, state: Cells, place: int) -> Cells:
        """Return what can stand in a cell, ascending."""
        return _candidates(state, place, self.size)

    def _move(self, state: Cells, place: int, digit: int) -> Digit:
        return Digit(*self._names(place), self.candidates(state, place), digit)

    def _names(self, place: int) -> tuple[int, int]:
        return place // self.size + 1, place % self.size + 1

    def _place(self, state: Cells, row: int, column: int) -> int:
        if not (1 <= row <= self.size and 1 <= column <= self.size):
            raise IllegalStep("there is no such cell")
        place = (row - 1) * self.size + column - 1
        if state[place]:
            raise IllegalStep(f"{state[place]} stands there")
        return place

    def _text(self, state: Cells) -> str:
        return "\n".join(" ".join(map(str, row)) for row in _rows(state, self.size))


_WALKS = 4


def _others(move: Digit) -> list[Digit]:
    """Return the same cell with each of the other digits that could stand there."""
    rest = [digit for digit in move.candidates if digit != move.digit]
    return [Digit(move.row, move.column, move.candidates, digit) for digit in rest]


def _rows(cells: Cells, size: int) -> list[list[int]]:
    return [list(cells[first : first + size]) for first in range(0, size * size, size)]


@lru_cache(maxsize=2)
def _peers(size: int) -> tuple[Cells, ...]:
    """Return, for each cell, those of its row, column and box."""
    box, places = (2 if size == 4 else 3), range(size * size)

    def units(place: int) -> tuple[int, int, tuple[int, int]]:
        row, column = divmod(place, size)
        return row, column, (row // box, column // box)

    def meet(a: int, b: int) -> bool:
        return a != b and any(x == y for x, y in zip(units(a), units(b), strict=True))

    return tuple(tuple(b for b in places if meet(a, b)) for a in places)


def _candidates(state: Cells, place: int, size: int) -> Cells:
    taken = {state[peer] for peer in _peers(size)[place]}
    return tuple(digit for digit in range(1, size + 1) if digit not in taken)


def _solutions(state: Cells, size: int, most: int) -> Iterator[Cells]:
    """Yield up to `most` solutions; the cell with the fewest candidates is filled first."""
    places = [place for place, digit in enumerate(state) if digit == 0]
    if not places:
        yield state
        return
    place = min(places, key=lambda one: len(_candidates(state, one, size)))
    for digit in _candidates(state, place, size):
        for found in _solutions((*state[:place], digit, *state[place + 1 :]), size, most):
            yield found
            most -= 1
            if most == 0:
                return
