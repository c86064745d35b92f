"""Multiple choice: the answer is the letter of an option."""

from __future__ import annotations

from typing import ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample, Score
from llmx.scoring.letter import last_letter, stated_letter
from llmx.scoring.scorer import scored


class ChoiceScorer:
    """Strict and flexible reading of a letter.

    Strict is the capital that the last "answer is" names, as FSD's research code asks for it
    ("Therefore, the answer is X."); flexible is the same, or where there is none the last letter of
    an option that stands alone. A text without a strict answer is unparsed, which is not the same
    as wrong. The research code counts it as wrong: the accuracy is the same, the count of unparsed
    answers stands beside it.
    """

    kind: ClassVar[str] = "choice"
    version: ClassVar[int] = 2
    letters: ClassVar[bool] = True
    example: ClassVar[Sample] = Sample(id="example", question="", answer="B", choices=4)

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference answer is the letter of no option.
        """
        strict, flexible = stated_letter(record.text), last_letter(record.text, sample.choices)
        return scored(record, sample, self.reference(sample), strict, flexible)

    def key(self, record: Record) -> str | None:
        """Return the stated letter, None where there is none."""
        return stated_letter(record.text)

    def reference(self, sample: Sample) -> str:
        """Return the letter of the right option.

        Raises:
            DataError: if the reference answer is the letter of no option.
        """
        letters = [chr(ord("A") + place) for place in range(sample.choices)]
        if sample.answer not in letters:
            raise DataError(
                f"the reference answer of sample '{sample.id}' is no option: {sample.answer!r}",
                "use another scorer, or repair the dataset",
            )
        return sample.answer
