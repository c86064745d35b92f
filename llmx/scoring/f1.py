"""Scorer `f1`: how many words of the answer are those of the reference."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from llmx.core.record import Metric, Record, Sample, Score
from llmx.scoring.said import final, last_line, references, squad, stated
from llmx.scoring.scorer import ScorerOptions, marked, written_reference

F1 = Metric(
    name="f1",
    unit="%",
    low=0.0,
    high=1.0,
    explain="Harmonic mean of precision and recall over words, as SQuAD computes it.",
)


class F1Scorer:
    """Accuracy is SQuAD's exact match of the whole answer, `f1` the overlap of words with it.

    After the evaluation of SQuAD 1.1: lower case, without punctuation and articles; of several
    references (``metadata['answers']``) the best counts. Flexible is the same of what the text
    says its answer is, or of its last line.
    """

    kind: ClassVar[str] = "f1"
    version: ClassVar[int] = 1
    Options: ClassVar[type[ScorerOptions]] = ScorerOptions
    metrics: ClassVar[tuple[Metric, ...]] = (F1,)

    def __init__(self, options: ScorerOptions) -> None:
        self.options = options

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference is empty.
        """
        expected, said = self.reference(sample), final(record.text)
        wanted = references(sample)
        loose = stated(said) or last_line(said)
        readings = [(one or None, squad(one) in map(squad, wanted)) for one in (said, loose)]
        value = max(overlap(said, one) for one in wanted)
        return marked(record, sample, expected, *readings, values={F1.name: value})

    def reference(self, sample: Sample) -> str:
        """Return the reference.

        Raises:
            DataError: if it is empty.
        """
        return written_reference(sample)


def overlap(said: str, wanted: str) -> float:
    """Return F1 over words, 0 to 1; of two texts without a word 1."""
    first, second = squad(said).split(), squad(wanted).split()
    if not first or not second:
        return float(first == second)
    shared = sum((Counter(first) & Counter(second)).values())
    return 2 * shared / (len(first) + len(second))
