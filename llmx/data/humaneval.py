"""HumanEval (Chen et al., arXiv 2107.03374) and HumanEval+ from the hub, at pinned revisions.

164 Python functions to complete, and one published split: there is nothing to calibrate on.
HumanEval+ (Liu et al., arXiv 2305.01210) has the same problems with many more tests.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, ClassVar

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.hub import FETCH_ONCE, Row, pinned_identity, rows, samples

VERSION = 2  # to be raised with every change here that changes a problem
REPOSITORY = "openai/openai_humaneval"
PLUS = "evalplus/humanevalplus"
_ONE_SPLIT = "its one split is test: give arms a sampler.threshold, not a draft_share"


class HumanEval:
    """`data: {kind: humaneval, revision: …}`; the answer is the program that judges a function."""

    scorer: ClassVar[str] = "code"
    repository: ClassVar[str] = REPOSITORY
    configuration: ClassVar[str | None] = "openai_humaneval"

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Repository and revision: the content that the hub guarantees."""
        return pinned_identity(spec, cls.repository, VERSION)

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return `test`, in the published order."""
        if name != "test":
            raise DataError(f"{self.spec.kind} has no split '{name}'", _ONE_SPLIT)
        found = rows(self.spec, self.repository, self.configuration, "test", FETCH_ONCE)
        made = samples(self.repository, found, lambda place, row: _sample(f"test-{place}", row))
        return list(islice(made, min(self.spec.test, limit or self.spec.test)))


class HumanEvalPlus(HumanEval):
    """`data: {kind: humaneval_plus, revision: …}`; its tests need numpy, outside of the program."""

    repository: ClassVar[str] = PLUS
    configuration: ClassVar[str | None] = None


def _sample(name: str, row: Row) -> Sample:
    return Sample(
        id=name,
        question=f"```python\n{row['prompt'].strip()}\n```",
        answer=f"{row['test'].strip()}\n\ncheck({row['entry_point']})\n",
        solution=row["canonical_solution"].rstrip(),
        # What stands above the function: imports, and functions that the tests use too.
        metadata={"entry_point": row["entry_point"], "before": _before(row)},
    )


def _before(row: Row) -> str:
    """Return what a program may rely on: the prompt up to the function that is asked for."""
    above, found, _ = row["prompt"].rpartition(f"def {row['entry_point']}(")
    return f"{above.rstrip()}\n" if found else ""
