"""Scorer ``analysis``: exact, typed answers of data analysis."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from llmx.core import json_text
from llmx.core.errors import DataError
from llmx.core.record import Metric, Record, Sample, Score
from llmx.papers.indata.answers import UNKNOWN, element_f1, equal, read_answer
from llmx.papers.indata.arguments import AnswerType
from llmx.scoring.scorer import Reading, marked

ELEMENTS = Metric(
    name="elements",
    unit="%",
    low=0.0,
    high=1.0,
    explain="F1 over the elements of a list, set or mapping; for one value, whether it is right.",
)
REFUSED = Metric(
    name="refused",
    unit="%",
    low=0.0,
    high=1.0,
    boolean=True,
    explain="Answers that say the question cannot be answered.",
)


class AnalysisScorer:
    """Reads what stands behind the last ``Answer:``; flexible is the last line.

    The type of the answer is in the metadata of the sample. Reference and answer are compared as
    :mod:`llmx.papers.indata.answers` says, without partial credit.
    """

    kind: ClassVar[str] = "analysis"
    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (ELEMENTS, REFUSED)

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record."""
        expected, shown_type, answer_type, decimals = self.reference(sample)
        text = record.text
        said = read_answer(text, shown_type)
        loose = said if said is not None else read_answer(text, shown_type, marked=False)

        def reading(given: Any) -> Reading:
            shown = None if given is None else json.dumps(given, ensure_ascii=False)
            return shown, equal(given, expected, answer_type, decimals)

        right = equal(said, expected, answer_type, decimals)
        part = None if said is None else element_f1(said, expected, answer_type, decimals)
        values = {
            "elements": float(right) if part is None else part,
            "refused": float(said == UNKNOWN),
        }
        strict, flexible = reading(said), reading(loose)
        return marked(record, sample, sample.answer, strict, flexible, values=values)

    def reference(self, sample: Sample) -> tuple[Any, AnswerType, AnswerType, int | None]:
        """Return the reference, the type that is asked for, that of the reference, and decimals.

        Raises:
            DataError: if the sample is none of a data analysis.
        """
        shown: AnswerType | None = sample.metadata.get("answer_type")
        try:
            expected = json_text.parse(sample.answer)
        except ValueError:
            shown = None
        if shown is None:
            text = f"sample '{sample.id}' says no type of its answer"
            raise DataError(text, "scorer analysis reads data=indata")
        lacking = expected == UNKNOWN
        answer_type: AnswerType = "cannot_be_determined" if lacking else shown
        return expected, shown, answer_type, sample.metadata.get("decimals")
