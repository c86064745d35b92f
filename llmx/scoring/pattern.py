"""Scorer `pattern`: a regular expression says where the answer stands."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import regex
from pydantic import Field, field_validator

from llmx.core.errors import DataError
from llmx.core.options import wrong
from llmx.core.record import Record, Sample, Score
from llmx.scoring.number import leading_number
from llmx.scoring.said import references, same_signs
from llmx.scoring.scorer import ScorerOptions, marked, written_reference

_LONGEST = 500


class PatternOptions(ScorerOptions):
    """What is looked for, and how what is found is compared."""

    pattern: str = Field(
        min_length=1,
        max_length=_LONGEST,
        description="regular expression; its first group, or all of it, is the answer",
        examples=["a regular expression, e.g. 'Answer: (.+)'"],
    )
    which: Literal["last", "first"] = Field(default="last", description="of several matches")
    compare: Literal["text", "number"] = Field(default="text", description="or by value")
    ignore_case: bool = Field(default=True, description="in the search and in the comparison")
    seconds: float = Field(default=2.0, gt=0, le=60, description="most for one answer")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            regex.compile(value)
        except (regex.error, RecursionError, ValueError, OverflowError) as error:
            raise wrong(f"{value!r} is no regular expression: {error}") from error
        return value


class PatternScorer:
    """Strict and flexible are what the pattern's first group holds; no match is unparsed.

    A search that takes too long ends the scoring with the sample's name: a score would depend on
    how fast the machine is.
    """

    kind: ClassVar[str] = "pattern"
    version: ClassVar[int] = 1
    Options: ClassVar[type[ScorerOptions]] = PatternOptions

    def __init__(self, options: PatternOptions) -> None:
        self.options = options
        flags = regex.MULTILINE | (regex.IGNORECASE if options.ignore_case else 0)
        self._pattern = regex.compile(options.pattern, flags)

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference cannot be compared so, or the search takes too long.
        """
        expected, found = self.reference(sample), self._find(record)
        right = found is not None and found in map(self._alike, references(sample))
        return marked(record, sample, expected, (found, right), (found, right))

    def key(self, record: Record) -> str | None:
        """Return what the pattern finds, as it is compared; None without a match.

        Raises:
            DataError: if the search takes too long.
        """
        return self._find(record)

    def reference(self, sample: Sample) -> str:
        """Return the reference as what is found is compared.

        Raises:
            DataError: if it is empty, or no number where numbers are compared.
        """
        found = self._alike(written_reference(sample))
        if found is None:
            text = f"the reference answer of sample '{sample.id}' is no number: {sample.answer!r}"
            raise DataError(text, "scorer_options.compare=text, or repair the dataset")
        return found

    def _find(self, record: Record) -> str | None:
        try:
            # Overlapping ones are not asked for: the last match is the last of those in a row.
            matches = self._pattern.finditer(record.text, timeout=self.options.seconds)
            texts = [match[1 if self._pattern.groups else 0] for match in matches]
        except TimeoutError as error:
            seconds = f"{self.options.seconds:g} s"
            text = (
                f"scorer_options.pattern takes more than {seconds} on the answer to '{record.id}'"
            )
            hint = "write it without nested repetitions such as (a+)+; nothing is generated again"
            raise DataError(text, hint) from error
        there = [text for text in texts if text is not None and text.strip()]
        if not there:
            return None
        return self._alike(there[-1 if self.options.which == "last" else 0])

    def _alike(self, text: Any) -> str | None:
        if self.options.compare == "number":
            return leading_number(text)
        found = same_signs(text)
        return found.casefold() if self.options.ignore_case else found
