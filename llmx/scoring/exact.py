"""Scorer `exact`: the whole answer is the reference."""

from __future__ import annotations

import re
import string
from typing import ClassVar

from pydantic import Field

from llmx.core.record import Record, Sample, Score
from llmx.scoring.said import final, last_line, references, same_signs, squad, stated
from llmx.scoring.scorer import ScorerOptions, marked, written_reference

_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")


class ExactOptions(ScorerOptions):
    """What makes no difference."""

    ignore_case: bool = Field(default=False, description="`Paris` is `paris`")
    ignore_punctuation: bool = Field(default=False, description="`Paris.` is `Paris`")


class ExactScorer:
    """Right is the reference and nothing else, but for white space.

    Flexible is what the text says its answer is, or its last line, compared as SQuAD does.
    """

    kind: ClassVar[str] = "exact"
    version: ClassVar[int] = 1
    Options: ClassVar[type[ScorerOptions]] = ExactOptions

    def __init__(self, options: ExactOptions) -> None:
        self.options = options

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference is empty.
        """
        expected, said = self.reference(sample), final(record.text)
        wanted = references(sample)
        right = self._same(said) in map(self._same, wanted)
        loose = stated(said) or last_line(said)
        also = squad(loose) in map(squad, wanted) and bool(squad(loose))
        return marked(record, sample, expected, (said or None, right), (loose or None, also))

    def reference(self, sample: Sample) -> str:
        """Return the reference.

        Raises:
            DataError: if it is empty.
        """
        return written_reference(sample)

    def _same(self, text: str) -> str:
        if self.options.ignore_punctuation:
            text = _PUNCTUATION.sub("", text)
        text = same_signs(text)
        return text.casefold() if self.options.ignore_case else text
