"""HumanEval (Chen et al., arXiv 2107.03374) from the hub, at a pinned revision.

164 Python functions to complete, and one published split: there is nothing to calibrate on.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.hub import FETCH_ONCE, Row, pinned_identity, rows, samples

VERSION = 1  # to be raised with every change here that changes a problem
REPOSITORY = "openai/openai_humaneval"
_ONE_SPLIT = "its one split is test: give arms a sampler.threshold, not a draft_share"


class HumanEval:
    """`data: {kind: humaneval, revision: …}`; the answer is the program that judges a function."""

    scorer: ClassVar[str] = "code"

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Repository and revision: the content that the hub guarantees."""
        return pinned_identity(spec, REPOSITORY, VERSION)

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return `test`, in the published order."""
        if name != "test":
            raise DataError(f"humaneval has no split '{name}'", _ONE_SPLIT)
        found = rows(self.spec, REPOSITORY, "openai_humaneval", "test", FETCH_ONCE)
        made = samples(REPOSITORY, found, lambda place, row: _sample(f"test-{place}", row))
        return list(islice(made, min(self.spec.test, limit or self.spec.test)))


def _sample(name: str, row: Row) -> Sample:
    return Sample(
        id=name,
        question=f"```python\n{row['prompt'].strip()}\n```",
        answer=f"{row['test'].strip()}\n\ncheck({row['entry_point']})\n",
        solution=row["canonical_solution"].rstrip(),
    )
