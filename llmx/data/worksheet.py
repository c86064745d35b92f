"""Worksheets of small sums: twenty lines to work out, each right or wrong on its own.

A task for ensembles of small models. The lines do not depend on each other, so slips of several
models fall on different lines and most are outvoted; an answer is long enough (about 280 tokens)
that waiting for it is felt; and a part of a draft helps with that part of the answer. A problem is
a pure function of (seed, split, index). Splits are kept apart by the question.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from string import ascii_lowercase
from typing import Any

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec

VERSION = 1  # to be raised with every change that changes a problem
LINES = 20
SPLITS = ("test", "calibration", "heldout", "train")


class Worksheet:
    """The splits of a specification; built on demand."""

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec
        self.collisions: dict[str, int] = {}
        self._seen: set[str] = set()
        self._splits: dict[str, list[Sample]] = {}

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on."""
        return {"spec": spec.model_dump(mode="json"), "lines": LINES, "version": VERSION}

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return the problems of a split in their fixed order, at most `limit`."""
        if name not in SPLITS:
            raise DataError(f"worksheet has no split '{name}'", f"splits: {', '.join(SPLITS)}")
        for earlier in SPLITS[: SPLITS.index(name) + 1]:
            if earlier not in self._splits:
                self._splits[earlier] = list(self._draw(earlier))
        return self._splits[name][:limit]

    def _draw(self, split: str) -> Iterator[Sample]:
        index = drawn = 0
        while drawn < getattr(self.spec, split):
            sample = sheet(self.spec.seed, split, index)
            index += 1
            if sample.question in self._seen:
                self.collisions[split] = self.collisions.get(split, 0) + 1
                continue
            self._seen.add(sample.question)
            drawn += 1
            yield sample


def sheet(seed: int, split: str, index: int) -> Sample:
    """Return one worksheet; its answer is the results in order, joined by spaces."""
    rng = Random(f"{seed}/{split}/{index}")
    sums = [_sum(rng) for _ in range(LINES)]
    marked = [f"{mark}) {text}" for mark, (text, _) in zip(ascii_lowercase, sums, strict=False)]
    results = [str(result) for _, result in sums]
    worked = [f"{line} = {result}" for line, result in zip(marked, results, strict=True)]
    return Sample(
        id=f"{split}-{index}",
        question="\n".join(marked),
        answer=" ".join(results),
        solution="\n".join(worked),
    )


def _sum(rng: Random) -> tuple[str, int]:
    sign = rng.choice("+-*")
    if sign == "*":
        one, other = rng.randint(12, 99), rng.randint(3, 9)
        return f"{one} * {other}", one * other
    one, other = rng.randint(100, 899), rng.randint(100, 899)
    if sign == "+":
        return f"{one} + {other}", one + other
    return f"{max(one, other)} - {min(one, other)}", abs(one - other)
