"""Grade-school word problems: the answer is the number after ``####``."""

from __future__ import annotations

from typing import ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample, Score
from llmx.scoring.number import last_number, leading_number
from llmx.scoring.scorer import scored


class GsmScorer:
    """Strict and flexible reading of a GSM8K answer.

    After the task `gsm8k` of lm-evaluation-harness: strict is the number that stands right after
    ``####``, flexible the last number anywhere. Differences: of several ``####`` the last counts
    here (the harness takes the first), and numbers are compared by value, so 60.0 equals 60.
    A text without a strict answer is unparsed, which is not the same as wrong.
    """

    kind: ClassVar[str] = "gsm"
    version: ClassVar[int] = 1

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference answer holds no number.
        """
        expected = _reference(sample)
        strict, flexible = strict_answer(record.text), last_number(record.text)
        return scored(record, sample, expected, strict, flexible)


def strict_answer(text: str) -> str | None:
    """Return the number right after the last ``####``, normalised, or None."""
    _, mark, tail = text.rpartition("####")
    return leading_number(tail) if mark else None


def _reference(sample: Sample) -> str:
    expected = strict_answer(sample.answer) or last_number(sample.answer)
    if expected is None:
        raise DataError(
            f"the reference answer of sample '{sample.id}' is not a number: {sample.answer!r}",
            "use another scorer, or repair the dataset",
        )
    return expected
