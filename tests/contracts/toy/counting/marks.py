"""The scorer `counts`."""

from llmx.scoring.scorer import scored


class CountScorer:
    """An answer is its number, however many zeros stand before it."""

    kind, version = "counts", 1

    def score(self, record, sample):
        """Return the score of one record."""
        read = str(int(record.text)) if record.text.isdigit() else None
        return scored(record, sample, sample.answer, read, read)
