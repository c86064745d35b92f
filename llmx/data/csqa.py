"""CommonsenseQA (Talmor et al., arXiv 1811.00937) from the hub, at a pinned revision.

The answers of the published test split are kept back, so `test` is the published validation split,
as in the research code of FSD. Calibration problems are the first of the training split.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.hub import FETCH_ONCE, Row, distinct, pinned_identity, rows, samples
from llmx.data.options import with_options
from llmx.data.templated import question_key

VERSION = 1  # to be raised with every change here, or in options.py, that changes a problem
REPOSITORY = "tau/commonsense_qa"


class Csqa:
    """`data: {kind: csqa, revision: …}`; problems cluster by the concept they were written for."""

    scorer: ClassVar[str] = "choice"

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Repository and revision: the content that the hub guarantees."""
        return pinned_identity(spec, REPOSITORY, VERSION)

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return `test` (published as validation) or `calibration` (from the training split)."""
        if name not in ("test", "calibration"):
            raise DataError(f"csqa has no split '{name}' here", "splits: test, calibration")
        test = distinct(self._published("validation", "test"))
        if name == "test":
            return list(islice(test, min(self.spec.test, limit or self.spec.test)))
        asked = {question_key(problem.question) for problem in test}
        size = min(self.spec.calibration, limit or self.spec.calibration)
        return list(islice(distinct(self._published("train", name), asked), size))

    def _published(self, source: str, name: str) -> Any:
        found = rows(self.spec, REPOSITORY, "default", source, FETCH_ONCE)
        return samples(REPOSITORY, found, lambda place, row: _sample(f"{name}-{place}", row))


def _sample(name: str, row: Row) -> Sample:
    letters, options = list(row["choices"]["label"]), list(row["choices"]["text"])
    if letters != [chr(ord("A") + place) for place in range(len(options))]:
        raise ValueError(f"options are lettered {', '.join(letters)}")
    if row["answerKey"] not in letters:
        raise ValueError(f"answerKey is {row['answerKey']!r}")
    return Sample(
        id=name,
        question=with_options(row["question"], options),
        answer=row["answerKey"],
        choices=len(options),
        cluster=row["question_concept"],
    )
