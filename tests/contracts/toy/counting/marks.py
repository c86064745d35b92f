"""The scorer `counts`, with a metric of its own."""

from typing import ClassVar

from llmx.core.record import Metric
from llmx.scoring.scorer import scored

MARKS = Metric(name="marks", unit="marks", low=0.0, explain="Digits of an answer that is right.")


class CountScorer:
    """An answer is its number, however many zeros stand before it."""

    kind, version = "counts", 1
    metrics: ClassVar[tuple[Metric, ...]] = (MARKS,)

    def score(self, record, sample):
        """Return the score of one record."""
        read = str(int(record.text)) if record.text.isdigit() else None
        marks = float(len(record.text)) if read == sample.answer else 0.0
        return scored(record, sample, sample.answer, read, read, values={"marks": marks})
