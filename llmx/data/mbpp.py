"""MBPP (Austin et al., arXiv 2108.07732) from the hub, at a pinned revision: short functions.

Of `sanitized`, whose problems were checked by hand, `test` is the published test split; calibration
problems are the first of its training split. The tests name the function, so a question shows them.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.hub import FETCH_ONCE, Row, pinned_identity, rows, samples

VERSION = 1  # to be raised with every change here that changes a problem
REPOSITORY = "google-research-datasets/mbpp"


class Mbpp:
    """`data: {kind: mbpp, revision: …}`; an answer is right if it passes the published tests."""

    scorer: ClassVar[str] = "code"

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Repository and revision: the content that the hub guarantees."""
        return pinned_identity(spec, REPOSITORY, VERSION)

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return `test` or `calibration` (from the training split), in the published order."""
        wanted = {"test": ("test", self.spec.test), "calibration": ("train", self.spec.calibration)}
        if name not in wanted:
            raise DataError(f"mbpp has no split '{name}' here", "splits: test, calibration")
        source, size = wanted[name]
        found = rows(self.spec, REPOSITORY, "sanitized", source, FETCH_ONCE)
        made = samples(REPOSITORY, found, lambda place, row: _sample(f"{name}-{place}", row))
        return list(islice(made, min(size, limit or size)))


def _sample(name: str, row: Row) -> Sample:
    tests = "\n".join(row["test_list"])
    imports = "\n".join(row["test_imports"])
    return Sample(
        id=name,
        question=f"{row['prompt'].strip()}\n\nIt has to pass:\n```python\n{tests}\n```",
        answer=f"{imports}\n{tests}\n".lstrip(),
        solution=row["code"].strip(),
    )
