"""Moves and reasons of the search tasks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChainMove:
    """Countdown: ``left operator right = value``."""

    left: int
    operator: str
    right: int
    value: int


@dataclass(frozen=True)
class Missed:
    """Countdown: all numbers are used, and the value is not the target."""

    value: int
    target: int


@dataclass(frozen=True)
class Digit:
    """Sudoku: a digit in a cell (row and column from 1), and all that could stand there."""

    row: int
    column: int
    candidates: tuple[int, ...]
    digit: int


@dataclass(frozen=True)
class NoDigit:
    """Sudoku: nothing can stand in an empty cell."""

    row: int
    column: int


@dataclass(frozen=True)
class Guess:
    """Arc 1D: a rule to try, by its name."""

    rule: str


@dataclass(frozen=True)
class ShownExample:
    """Arc 1D: the rule gives what example `number` shows."""

    number: int
    output: tuple[int, ...]


@dataclass(frozen=True)
class Applied:
    """Arc 1D: what the rule gives for the test input."""

    output: tuple[int, ...]


@dataclass(frozen=True)
class Differs:
    """Arc 1D: what the rule gives for example `number` is not what is shown; None = nothing."""

    number: int
    output: tuple[int, ...] | None
