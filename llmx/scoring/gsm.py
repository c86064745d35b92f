"""Grade-school word problems: the answer is the number after ``####``."""

from __future__ import annotations

from typing import ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample, Score
from llmx.scoring.number import last_number, leading_number
from llmx.scoring.scorer import scored


class GsmScorer:
    """Strict and flexible reading of a GSM8K answer.

    After the task `gsm8k` of lm-evaluation-harness: strict is the number right after ``####``,
    flexible the same where there is one, else the last number anywhere. Differences: of several
    ``####`` the last counts here (the harness takes the first), numbers are compared by value, so
    60.0 equals 60, and what is not one number (``3 + 4``, ``5 or 6``) is none. A text without a
    strict answer is unparsed, which is not the same as wrong. A reference is read as an answer is.
    """

    kind: ClassVar[str] = "gsm"
    version: ClassVar[int] = 2
    example: ClassVar[Sample] = Sample(id="example", question="", answer="12")

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference answer is no number.
        """
        strict = strict_answer(record.text)
        flexible = last_number(record.text) if strict is None else strict
        return scored(record, sample, self.reference(sample), strict, flexible)

    def key(self, record: Record) -> str | None:
        """Return the value of the strict answer, None where there is none."""
        return strict_answer(record.text)

    def reference(self, sample: Sample) -> str:
        """Return the reference as an answer is read.

        Raises:
            DataError: if it is no number.
        """
        found = reference_answer(sample.answer)
        if found is None:
            raise DataError(
                f"the reference answer of sample '{sample.id}' is not a number: {sample.answer!r}",
                "use another scorer, or repair the dataset",
            )
        return found


def strict_answer(text: str) -> str | None:
    """Return the number right after the last ``####``, normalised, or None."""
    _, mark, tail = text.rpartition("####")
    return leading_number(tail) if mark else None


def reference_answer(text: str) -> str | None:
    """Return the number of a reference, with a worked solution and ``####`` before it or without.

    It is read as an answer is, so that an answer that repeats its reference is right.
    """
    return leading_number(text.rpartition("####")[2])
