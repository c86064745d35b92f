"""Verifiers of the reasoning puzzles: an answer and the reference answer → right or not.

The checks are those of the released code of arXiv 2505.24273. A reference says all that a check
needs: the numbers and the target of a Countdown problem are those of its reference expression, and
what a geometry problem asks for is seen from the form of its answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample, Score
from llmx.data.tasks.arithmetic import evaluate
from llmx.data.tasks.tags import last_answer, opens_thinking, strict_answer
from llmx.scoring.scorer import scored

_INT = r"[+-]?[0-9]+"
_LIST = re.compile(rf"\[\s*(?:{_INT}(?:\s*,\s*{_INT})*\s*,?)?\s*\]")
_POINT = re.compile(r"\(?\s*([^\s(),]+)\s*,\s*([^\s(),]+)\s*\)?")
_NEAR = 1e-5  # the released reward's tolerance around a target


def countdown(answer: str, reference: str) -> bool:
    """Whether each of the reference's numbers is used once and its value is met."""
    found, wanted = evaluate(answer), evaluate(reference)
    if found is None or wanted is None:
        return False
    return sorted(found[1]) == sorted(wanted[1]) and abs(found[0] - wanted[0]) < _NEAR


def grid(answer: str, reference: str) -> bool:
    """Whether two grids of whole numbers, a row a line, are equal."""
    found = _grid(answer)
    return found is not None and found == _grid(reference)


def row(answer: str, reference: str) -> bool:
    """Whether two rows of whole numbers are equal."""
    found = _ints(answer)
    return found is not None and found == _ints(reference)


def numbers(answer: str, reference: str) -> bool:
    """Whether two bracketed lists of whole numbers are equal."""
    found = _list(answer)
    return found is not None and found == _list(reference)


def whole(answer: str, reference: str) -> bool:
    """Whether two whole numbers are equal."""
    found = _ints(answer)
    return found is not None and len(found) == 1 and found == _ints(reference)


def word(answer: str, reference: str) -> bool:
    """Whether two words are equal but for capitals."""
    return answer.strip().lower() == reference.strip().lower() != ""


def geometry(answer: str, reference: str) -> bool:
    """Whether a radius or an angle is the same text, or both coordinates of a point are.

    Texts, as in the released code: 2.50 is not 2.5.
    """
    if reference.startswith("("):
        found, wanted = _POINT.fullmatch(answer.strip()), _POINT.fullmatch(reference.strip())
        return found is not None and wanted is not None and found.groups() == wanted.groups()
    return answer.strip() == reference.strip()


def countdown_form(answer: str) -> str | None:
    """Return the value of an expression and the numbers it uses, smallest first."""
    found = evaluate(answer)
    return found and f"{found[0]} of {' '.join(map(str, sorted(found[1])))}"


def grid_form(answer: str) -> str | None:
    """Return a grid with one space between its numbers."""
    found = _grid(answer)
    return None if found is None else "\n".join(map(_spaced, found))


def row_form(answer: str) -> str | None:
    """Return a row with one space between its numbers."""
    found = _ints(answer)
    return None if found is None else _spaced(found)


def numbers_form(answer: str) -> str | None:
    """Return a list as Python writes it."""
    found = _list(answer)
    return None if found is None else str(found)


def word_form(answer: str) -> str:
    """Return a word in small letters."""
    return answer.strip().lower()


def geometry_form(answer: str) -> str:
    """Return a point with its brackets and one space, any other text as it is."""
    found = _POINT.fullmatch(answer.strip())
    return answer.strip() if found is None else f"({found[1]}, {found[2]})"


Verifier = Callable[[str, str], bool]

VERIFIERS: dict[str, Verifier] = {
    "countdown": countdown,
    "sudoku": grid,
    "mini_sudoku": grid,
    "arc_1d": row,
    "advanced_geometry": geometry,
    "color_cube_rotation": word,
    "list_functions": numbers,
    "zebra_puzzles": word,
    "self_reference": whole,
}
"""Kind of data → its check."""

FORMS: dict[str, Callable[[str], str | None]] = {
    "countdown": countdown_form,
    "sudoku": grid_form,
    "mini_sudoku": grid_form,
    "arc_1d": row_form,
    "advanced_geometry": geometry_form,
    "color_cube_rotation": word_form,
    "list_functions": numbers_form,
    "zebra_puzzles": word_form,
    "self_reference": row_form,
}
"""Kind of data → the form in which equal answers are one text; None where its check reads none."""
_UNREAD = "not read: "


def _spaced(numbers: list[int]) -> str:
    return " ".join(map(str, numbers))


def _ints(text: str) -> list[int] | None:
    words = text.split()
    if not words or not all(re.fullmatch(_INT, one) and len(one) < 20 for one in words):
        return None
    return [int(one) for one in words]


def _grid(text: str) -> list[list[int]] | None:
    rows = [_ints(line) for line in text.strip().splitlines()]
    return [one for one in rows if one is not None] if rows and None not in rows else None


def _list(text: str) -> list[int] | None:
    text = text.strip()
    if not _LIST.fullmatch(text):
        return None
    return _ints(re.sub(r"[\[\],]", " ", text)) or []


class PuzzleScorer:
    """Strict is the answer block of a completion that keeps the form, flexible the last one at all.

    A right answer is written as the reference is, since a Countdown problem has several.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference answer does not pass its own check.
        """
        check, wanted = VERIFIERS[self.kind], self.reference(sample)
        strict = strict_answer(record.text, opens_thinking(record.prompt))
        readings = [
            wanted if found is not None and check(found, wanted) else found
            for found in (strict, last_answer(record.text))
        ]
        return scored(record, sample, wanted, *readings)

    def key(self, record: Record) -> str | None:
        """Return the answer in the form of its kind; None without an answer in its block.

        What the check cannot read is right for no reference, and is equal to itself.
        """
        found = strict_answer(record.text, opens_thinking(record.prompt))
        if found is None:
            return None
        form = FORMS[self.kind](found)
        return f"{_UNREAD}{found.strip()}" if form is None else form

    def reference(self, sample: Sample) -> str:
        """Return the reference.

        Raises:
            DataError: if it does not pass its own check.
        """
        if not VERIFIERS[self.kind](sample.answer, sample.answer):
            raise DataError(
                f"the reference answer of sample '{sample.id}' cannot be read: {sample.answer!r}",
                f"scorer {self.kind} is for data of kind {self.kind}",
            )
        return sample.answer


def _scorer(name: str) -> type[PuzzleScorer]:
    return type(f"{name.title().replace('_', '')}Scorer", (PuzzleScorer,), {"kind": name})


CountdownScorer = _scorer("countdown")
SudokuScorer = _scorer("sudoku")
MiniSudokuScorer = _scorer("mini_sudoku")
Arc1dScorer = _scorer("arc_1d")
AdvancedGeometryScorer = _scorer("advanced_geometry")
ColorCubeRotationScorer = _scorer("color_cube_rotation")
ListFunctionsScorer = _scorer("list_functions")
ZebraPuzzlesScorer = _scorer("zebra_puzzles")
SelfReferenceScorer = _scorer("self_reference")
