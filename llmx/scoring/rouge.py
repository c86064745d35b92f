"""Scorer `rouge`: how much of a reference summary the answer says, by the package rouge-score."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError, LlmxError
from llmx.core.install import with_extra
from llmx.core.record import Metric, Record, Sample, Score
from llmx.scoring.said import final, references, squad
from llmx.scoring.scorer import ScorerOptions, marked, written_reference

_KINDS = {
    "rouge1": "F1 over words.",
    "rouge2": "F1 over pairs of words.",
    "rougeL": "F1 over the longest common subsequence of words.",
    "rougeLsum": "The same, line by line.",
}
METRICS = tuple(
    Metric(name=name.lower(), unit="%", low=0.0, high=1.0, explain=words)
    for name, words in _KINDS.items()
)


class RougeOptions(ScorerOptions):
    """How words are made alike."""

    stemmer: bool = Field(default=False, description="`cats` is `cat` (Porter's stemmer)")


class RougeScorer:
    """ROUGE-1, -2, -L and -Lsum as F1; of several references the best F1 of each counts.

    Accuracy is the share of answers that are the reference itself, as SQuAD compares.
    """

    kind: ClassVar[str] = "rouge"
    version: ClassVar[int] = 1
    instant: ClassVar[bool] = False
    Options: ClassVar[type[ScorerOptions]] = RougeOptions
    metrics: ClassVar[tuple[Metric, ...]] = METRICS

    def __init__(self, options: RougeOptions) -> None:
        self.options = options
        self._made: Any = None

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference is empty.
            ConfigError: without the package.
        """
        expected, said = self.reference(sample), final(record.text)
        wanted = references(sample)
        values = self._package().score_multi(list(wanted), said)
        reading = (said or None, squad(said) in map(squad, wanted))
        found = {name.lower(): float(values[name].fmeasure) for name in _KINDS}
        return marked(record, sample, expected, reading, reading, values=found)

    def reference(self, sample: Sample) -> str:
        """Return the reference.

        Raises:
            DataError: if it is empty.
        """
        return written_reference(sample)

    @classmethod
    def refusal(cls) -> LlmxError | None:
        """Return what is missing, None if nothing is."""
        return missing("rouge-score", "rouge")

    @classmethod
    def source(cls) -> str:
        """Return the package that computes, with its version."""
        return installed("rouge-score")

    def _package(self) -> Any:
        if self._made is None:
            if (refused := self.refusal()) is not None:
                raise refused
            from rouge_score.rouge_scorer import RougeScorer as Package

            self._made = Package(list(_KINDS), use_stemmer=self.options.stemmer)
        return self._made


def installed(package: str) -> str:
    """Return a package with its version; without one where it is not there."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


def missing(package: str, kind: str) -> LlmxError | None:
    """Return the error of a scorer whose package is not there, None if it is."""
    if " " in installed(package):
        return None
    text = f"scorer {kind} needs the package '{package}'"
    return ConfigError(text, with_extra("scorers"))
