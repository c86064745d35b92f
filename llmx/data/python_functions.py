"""40 small Python functions with tests, written for llmx: programs are scored without a network."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, ClassVar

from llmx.core import json_text
from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec

VERSION = 1  # to be raised with every change of the problems


class PythonFunctions:
    """`data: {kind: python_functions}`; the answer is the tests, the solution passes them."""

    scorer: ClassVar[str] = "code"

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return the specification and the version of the problems that ship."""
        return {"spec": spec.model_dump(mode="json"), "version": VERSION}

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return `test`, the one split, in its fixed order."""
        if name != "test":
            raise DataError(f"python_functions has no split '{name}'", "its one split is test")
        shipped = files("llmx.data").joinpath("shipped", "python_functions.json")
        found = json_text.parse(shipped.read_text(encoding="utf-8"))
        return [_sample(row) for row in found[: min(self.spec.test, limit or self.spec.test)]]


def _sample(row: dict[str, Any]) -> Sample:
    return Sample(
        id=row["name"],
        question=f"Write a function `{row['head']}` that {row['task']}",
        answer="\n".join(row["tests"]) + "\n",
        solution=row["solution"],
        metadata={"entry_point": row["name"]},
    )
