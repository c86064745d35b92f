"""Scorer `numeric`: the number that an answer ends with, compared by value."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import Field

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample, Score
from llmx.scoring.number import last_number, leading_number, value_of
from llmx.scoring.said import final, stated
from llmx.scoring.scorer import ScorerOptions, marked


class NumericOptions(ScorerOptions):
    """How close is right, and where the number stands."""

    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="absolute")
    relative: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="share of the reference: 0.01 is 1 %"
    )
    reading: Literal["last", "stated", "whole"] = Field(
        default="last",
        description="last = what the text states, else its last number; whole = nothing but it",
    )


class NumericScorer:
    r"""Strict is the stated number (``\boxed{}``, ``####``, "the answer is"), else the last one.

    Values are compared exactly, as fractions: 1/2 is 0.5, and 1/3 is not 0.333 without a tolerance.
    """

    kind: ClassVar[str] = "numeric"
    version: ClassVar[int] = 1
    Options: ClassVar[type[ScorerOptions]] = NumericOptions

    def __init__(self, options: NumericOptions) -> None:
        self.options = options

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference is no number.
        """
        expected, said = self.reference(sample), final(record.text)
        strict = self._read(said)
        flexible = last_number(said) if strict is None else strict
        readings = [(one, self._near(one, expected)) for one in (strict, flexible)]
        return marked(record, sample, expected, *readings)

    def key(self, record: Record) -> str | None:
        """Return the value of the strict answer, None where there is none."""
        return self._read(final(record.text))

    def why_equal(self, key: str, other: str) -> str | None:
        """Return that two values are within the tolerance of the one or the other, else None."""
        near = self._near(key, other) or self._near(other, key)
        return "within the tolerance" if near else None

    def reference(self, sample: Sample) -> str:
        """Return the reference as an answer is read.

        Raises:
            DataError: if it is no number.
        """
        found = leading_number(sample.answer.rpartition("####")[2])
        if found is None:
            text = f"the reference answer of sample '{sample.id}' is no number: {sample.answer!r}"
            raise DataError(text, "use another scorer, or repair the dataset")
        return found

    def _read(self, said: str) -> str | None:
        if self.options.reading == "whole":
            return leading_number(said) if "\n" not in said else None
        told = stated(said)
        if told is None:
            return last_number(said) if self.options.reading == "last" else None
        found = leading_number(told)
        return last_number(told) if found is None else found

    def _near(self, found: str | None, wanted: str) -> bool:
        if found is None or found == wanted:
            return found is not None
        value, right = value_of(found), value_of(wanted)
        if value is None or right is None:
            return False
        # As they are written: 0.1 is a tenth.
        tolerance, share = (
            Fraction(str(self.options.tolerance)),
            Fraction(str(self.options.relative)),
        )
        room = max(tolerance, share * abs(right))
        return abs(value - right) <= room
