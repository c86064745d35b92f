"""Semantic textual similarity: two sentences, and how alike people found them.

STS 2012 to 2016, the STS benchmark and SICK relatedness (test splits), as mteb keeps them on the
hub, each at the commit that mteb's own list of tasks names. They are searched by nobody: the stage
`similarity` compares a model's similarities with people's. SICK has all 9,927 pairs there; SimCSE's
evaluation, and with it the table of published figures, has the 4,927 of its test split.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, Field

from llmx.core.errors import DataError
from llmx.core.options import Count, wrong
from llmx.core.spec import DataSpec
from llmx.data.drawn import Settled
from llmx.data.hub import rows
from llmx.data.pairs.fabricated import graded
from llmx.data.pairs.kind import PairData, PairOptions
from llmx.data.pairs.nli import OFFLINE, Source
from llmx.data.pairs.pairs import Pair
from llmx.data.pairs.splits import normal

Task = Literal["sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr"]
TASKS: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True)
class GradedTask:
    """Where a task lies, and how many pairs its test split has there."""

    repository: str
    revision: str
    pairs: int


PUBLISHED: Mapping[str, GradedTask] = {
    "sts12": GradedTask("mteb/sts12-sts", "a0d554a64d88156834ff5ae9920b964011b16384", 3108),
    "sts13": GradedTask("mteb/sts13-sts", "7e90230a92c190f1bf69ae9002b8cea547a64cca", 1500),
    "sts14": GradedTask("mteb/sts14-sts", "6031580fec1f6af667f0bd2da0a551cf4f0b2375", 3750),
    "sts15": GradedTask("mteb/sts15-sts", "ae752c7c21bf194d8b67fd573edf7ae58183cbe3", 3000),
    "sts16": GradedTask("mteb/sts16-sts", "4d8694f8f0e0100860b497b999b3dbed754a0513", 1186),
    "stsb": GradedTask("mteb/stsbenchmark-sts", "b0fddb56ed78048fa8b90373c8a3cfc37b684831", 1379),
    "sickr": GradedTask("mteb/sickr-sts", "20a6d6f312dd54037fe07a32d58e5e168867909d", 9927),
}


def _different(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    if not tasks or len(set(tasks)) < len(tasks):
        raise wrong("names no task, or one twice", f"write {list(TASKS)}")
    return tasks


class StsOptions(PairOptions):
    """Which tasks; each is a dataset of its own."""

    tasks: Annotated[tuple[Task, ...], AfterValidator(_different), Field(strict=False)] = Field(
        default=TASKS,
        description="sts12 to sts16, stsb, sickr",
        examples=["[sts12, stsb, sickr]"],
    )
    source: Source = Field(
        default="hub",
        description="`hub` = the published pairs; `fabricated` = made-up sentences, a rehearsal",
    )
    fabricated: Count = Field(default=100, description="pairs of a task of source: fabricated")


class StsPairs(PairData):
    """`data: {kind: sts}`: sentences with a grade of similarity, all in the split `test`."""

    Options: ClassVar[type[PairOptions]] = StsOptions
    options: StsOptions

    @classmethod
    def settled(cls, spec: DataSpec, found: Path) -> Settled:
        """Say where sentences are fabricated; commits are pinned."""
        if spec.options.get("source") == "fabricated":
            return Settled(spec, ("sts: fabricated sentences; no figure is on published data",))
        return Settled(spec)

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """The tasks at their commits."""
        pins = {name: one.revision for name, one in PUBLISHED.items()}
        return {**super().identity(spec), "revisions": pins}

    def every(self) -> Sequence[Pair]:
        """Return a row for each pair of the test splits, task by task.

        Raises:
            DataError: if a task cannot be had, or its rows are not as expected.
        """
        numbers: dict[str, int] = {}
        return [row for task in self.options.tasks for row in self._task(task, numbers)]

    def _task(self, task: Task, numbers: dict[str, int]) -> Iterator[Pair]:
        options, fabricated = self.options, self.options.source == "fabricated"
        found: Iterable[tuple[str, str, float]]
        if fabricated:
            seed = self.spec.seed
            found = (graded(seed, task, at) for at in range(options.fabricated))
        else:
            found = _published(task)
        for place, (one, other, grade) in enumerate(found):
            yield Pair(
                id=f"{'fabricated-' if fabricated else ''}{task}-{place}",
                query=one,
                target=other,
                target_id=numbers.setdefault(other, len(numbers)),
                dataset=task,
                group=f"{task} {normal(one)}",
                grade=grade,
            )


def _published(task: str) -> Iterator[tuple[str, str, float]]:
    """Yield both sentences and the grade of each pair.

    Raises:
        DataError: naming the first row that is not as expected, or if some are missing.
    """
    place = PUBLISHED[task]
    spec = DataSpec(kind="sts", revision=place.revision)
    found = list(rows(spec, place.repository, None, "test", OFFLINE))
    if len(found) != place.pairs:
        text = f"{place.repository} has {len(found):,} pairs in place of {place.pairs:,}"
        raise DataError(text, "delete its folder in the hub's cache, and fetch it again")
    for number, row in enumerate(found):
        try:
            yield str(row["sentence1"]), str(row["sentence2"]), float(row["score"])
        except (KeyError, TypeError, ValueError) as error:
            text = f"row {number} of {place.repository} is not as expected: {error}"
            raise DataError(
                text, "delete its folder in the hub's cache, and fetch it again"
            ) from error
