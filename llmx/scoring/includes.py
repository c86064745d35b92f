"""Scorer `includes`: the reference stands somewhere in the answer."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field

from llmx.core.record import Record, Sample, Score
from llmx.scoring.said import final, references, same_signs
from llmx.scoring.scorer import ScorerOptions, marked, written_reference


class IncludesOptions(ScorerOptions):
    """How the reference is looked for."""

    ignore_case: bool = Field(default=True, description="`Paris` is found in `PARIS`")
    whole_words: bool = Field(default=True, description="`5` is not found in `15`, nor in `5.2`")


class IncludesScorer:
    """Right is an answer that holds the reference, whatever else it says.

    An answer that names several candidates is right as well: use it where that cannot happen.
    """

    kind: ClassVar[str] = "includes"
    version: ClassVar[int] = 1
    Options: ClassVar[type[ScorerOptions]] = IncludesOptions

    def __init__(self, options: IncludesOptions) -> None:
        self.options = options

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference is empty.
        """
        expected, said = self.reference(sample), final(record.text)
        reading = (said or None, any(self._holds(said, one) for one in references(sample)))
        return marked(record, sample, expected, reading, reading)

    def reference(self, sample: Sample) -> str:
        """Return the reference.

        Raises:
            DataError: if it is empty, since every answer holds nothing.
        """
        return written_reference(sample)

    def _holds(self, said: str, wanted: str) -> bool:
        said, wanted = self._alike(said), self._alike(wanted)
        if not wanted:
            return False
        if not self.options.whole_words:
            return wanted in said
        places = re.finditer(re.escape(wanted), said)
        return any(_alone(said, found.start(), found.end()) for found in places)

    def _alike(self, text: str) -> str:
        text = same_signs(text)
        return text.casefold() if self.options.ignore_case else text


# A sign of a number goes on where digits stand on its other side: "5" is no part of "1.5", "1,500".
_BEFORE = re.compile(r"[0-9][.,:/]$|\^$|(?<![\w.)])-$")
_BEHIND = re.compile(r"[.,:/^][0-9]")


def _alone(text: str, start: int, end: int) -> bool:
    """Whether no word and no number goes on beyond a piece of a text."""
    first, last = text[start], text[end - 1]
    before, behind = text[max(0, start - 2) : start], text[end : end + 2]
    if (first.isalnum() and before[-1:].isalnum()) or (last.isalnum() and behind[:1].isalnum()):
        return False
    if first.isdigit() and _BEFORE.search(text[max(0, start - 3) : start]):
        return False
    return not (last.isdigit() and _BEHIND.match(behind))
