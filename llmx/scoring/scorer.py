"""The contract of a scorer."""

from __future__ import annotations

from typing import ClassVar, Protocol

from llmx.core.record import Record, Sample, Score


class Scorer(Protocol):
    """Judges one record against its sample, from these two alone: no clock, no model, no state.

    ``version`` rises with every change that can change a score, so that old scores are not reused.
    """

    kind: ClassVar[str]
    version: ClassVar[int]

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference answer itself can not be read.
        """
