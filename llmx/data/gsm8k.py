"""GSM8K (Cobbe et al., arXiv 2110.14168) from the hub, at a pinned revision.

The test split is the published one. Calibration problems are the first of the training split, which
no evaluation here touches.
"""

from __future__ import annotations

from typing import Any, ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.hub import pinned_identity, rows

VERSION = 1  # to be raised with every change here that changes a problem
REPOSITORY = "openai/gsm8k"
_OFFLINE = "without a network use data=gsm_symbolic"


class Gsm8k:
    """`data: {kind: gsm8k, revision: …}`."""

    scorer: ClassVar[str] = "gsm"

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Repository and revision: the content that the hub guarantees."""
        return pinned_identity(spec, REPOSITORY, VERSION)

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return `test` (the published test split) or `calibration` (from the training split)."""
        wanted = {"test": ("test", self.spec.test), "calibration": ("train", self.spec.calibration)}
        if name not in wanted:
            raise DataError(f"gsm8k has no split '{name}' here", "splits: test, calibration")
        source, size = wanted[name]
        size = min(size, limit or size)
        found = rows(self.spec, REPOSITORY, "main", source, _OFFLINE)
        return [_sample(name, place, row) for place, row in zip(range(size), found, strict=False)]


def _sample(split: str, place: int, row: dict[str, str]) -> Sample:
    from llmx.data.gsm_symbolic import normalise_number

    solution, _, answer = row["answer"].rpartition("####")
    return Sample(
        id=f"{split}-{place}",
        question=row["question"].strip(),
        answer=normalise_number(answer.strip()),
        solution=solution.strip(),
    )
