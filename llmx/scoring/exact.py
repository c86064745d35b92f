"""Scorer `exact`: the whole answer is the reference."""

from __future__ import annotations

import re
import string
from typing import ClassVar

from pydantic import Field

from llmx.core.record import Record, Sample, Score
from llmx.scoring.said import final, last_line, references, same_signs, squad, stated
from llmx.scoring.scorer import ScorerOptions, marked, written_reference

_PAIRS = {one[0]: one[1] for one in ('""', "''", "“”", "‘’", "„“", "«»", "``", "**", "__", "$$")}
"""What chat models put around an answer: quotation marks, and marks of Markdown and LaTeX."""
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")


class ExactOptions(ScorerOptions):
    """What makes no difference."""

    ignore_case: bool = Field(default=False, description="`Paris` is `paris`")
    ignore_punctuation: bool = Field(default=False, description="`St. Ives` is `St Ives`")


class ExactScorer:
    """Right is the reference and nothing else, but for what wraps it and a full stop at its end.

    White space, pairs of quotation marks and of Markdown's and LaTeX's marks wrap an answer.
    Flexible is what the text says its answer is, or its last line, compared as SQuAD does.
    """

    kind: ClassVar[str] = "exact"
    version: ClassVar[int] = 2
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
        right = any(self._alike(said, one) for one in wanted)
        loose = stated(said) or last_line(said)
        also = squad(loose) in map(squad, wanted) and bool(squad(loose))
        return marked(record, sample, expected, (said or None, right), (loose or None, also))

    def key(self, record: Record) -> str | None:
        """Return the answer without what makes no difference, None where nothing is said."""
        said = final(record.text)
        return self._same(unwrapped(said)) or self._same(said) if said else None

    def reference(self, sample: Sample) -> str:
        """Return the reference.

        Raises:
            DataError: if it is empty.
        """
        return written_reference(sample)

    def _alike(self, said: str, wanted: str) -> bool:
        if self._same(said) == self._same(wanted):
            return True
        plain = self._same(unwrapped(said))
        return bool(plain) and plain == self._same(unwrapped(wanted))

    def _same(self, text: str) -> str:
        if self.options.ignore_punctuation:
            text = _PUNCTUATION.sub("", text)
        text = same_signs(text)
        return text.casefold() if self.options.ignore_case else text


def unwrapped(text: str) -> str:
    """Return a text without the marks around it, pair by pair, and without one full stop."""
    before = ""
    while before != text:
        before = text = text.strip()
        if text.endswith(".") and not text.endswith(".."):
            text = text[:-1]
        elif _PAIRS.get(text[:1]) == text[-1:] and _is_pair(text):
            text = text[1:-1]
    return text


def _is_pair(text: str) -> bool:
    """Whether the first and the last sign hold the rest together: `"a" or "b"` is no pair."""
    inner = _APOSTROPHE.sub("", text[1:-1].strip(text[0] + text[-1]))
    return len(text) > 1 and not {text[0], text[-1]}.intersection(inner)
