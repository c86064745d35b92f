"""Worksheets: every line has a result of its own."""

from __future__ import annotations

import re
from string import ascii_lowercase
from typing import ClassVar

from llmx.core.record import Record, Sample, Score
from llmx.scoring.scorer import judged

MISSING = "?"
_LINE = re.compile(r"^([a-z])\) [^=\n]*= (-?\d+)$", re.M)


class WorksheetScorer:
    """Strict reading is all results in order; a sheet that lacks a line is unparsed.

    Flexible has ``?`` in the place of a missing result, so that lines can be counted one by one
    (:func:`lines_right`). Of two results for one line the first counts.
    """

    kind: ClassVar[str] = "worksheet"
    version: ClassVar[int] = 1

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record: correct if every line is right."""
        found = dict[str, str]()
        for mark, result in _LINE.findall(record.text):
            found.setdefault(mark, result)
        size = len(sample.answer.split())
        results = [found.get(mark, MISSING) for mark in ascii_lowercase[:size]]
        read = " ".join(results)
        return judged(record, sample, sample.answer, None if MISSING in results else read, read)


def lines_right(score: Score) -> tuple[int, int]:
    """Return how many results are right, and of how many."""
    expected = score.expected.split()
    read = (score.flexible or "").split()
    right = sum(one == other for one, other in zip(expected, read, strict=False))
    return right, len(expected)
