"""Words of Sudoku traces."""

from __future__ import annotations

from collections.abc import Mapping

from llmx.data.traces.moves import Digit, NoDigit
from llmx.data.traces.wording import Form, Phrases, Template

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
