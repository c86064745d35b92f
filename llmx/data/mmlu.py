"""MMLU (Hendrycks et al., arXiv 2009.03300) from the hub, at a pinned revision.

The published split is sorted by subject. Here its order is shuffled by `data.seed`, so that the
first N problems are a sample of all 57 subjects; a problem keeps the id of its published place.
Questions that stand twice are asked once.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.hub import FETCH_ONCE, Row, distinct, pinned_identity, rows, samples
from llmx.data.options import with_options
from llmx.data.templated import question_key

VERSION = 1  # to be raised with every change here, or in options.py, that changes a problem
REPOSITORY = "cais/mmlu"


class Mmlu:
    """`data: {kind: mmlu, revision: …}`; problems cluster by subject."""

    scorer: ClassVar[str] = "choice"

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Repository and revision: the content that the hub guarantees."""
        return pinned_identity(spec, REPOSITORY, VERSION)

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return `test` (the published test split) or `calibration` (from validation)."""
        if name not in ("test", "calibration"):
            raise DataError(f"mmlu has no split '{name}' here", "splits: test, calibration")
        test = list(distinct(self._published("test", "test")))
        if name == "test":
            return self._shuffled(test)[: min(self.spec.test, limit or self.spec.test)]
        asked = {question_key(problem.question) for problem in test}
        others = list(distinct(self._published("validation", name), asked))
        size = min(self.spec.calibration, limit or self.spec.calibration)
        return self._shuffled(others)[:size]

    def _published(self, source: str, name: str) -> Any:
        found = rows(self.spec, REPOSITORY, "all", source, FETCH_ONCE)
        return samples(REPOSITORY, found, lambda place, row: _sample(f"{name}-{place}", row))

    def _shuffled(self, problems: list[Sample]) -> list[Sample]:
        """Sort by a hash of seed and id: an order that no library version changes."""
        return sorted(problems, key=lambda p: blake2b(f"{self.spec.seed}/{p.id}".encode()).digest())


def _sample(name: str, row: Row) -> Sample:
    options = list(row["choices"])
    if not 0 <= row["answer"] < len(options):
        raise ValueError(f"answer is {row['answer']!r}")
    return Sample(
        id=name,
        question=with_options(row["question"], options),
        answer=chr(ord("A") + row["answer"]),
        choices=len(options),
        cluster=row["subject"],
    )
