"""Stage `classes`: which answers to a problem are equal, so that they can be counted as votes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError, LlmxError
from llmx.core.options import Count, StageOptions
from llmx.core.record import as_json
from llmx.core.registry import lookup
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.scoring.classes import CLASSES, classes_of, read_classes
from llmx.scoring.scorer import Keyed, KeyedByProblem
from llmx.stages.by_problem import by_problem, problem_of, records_in
from llmx.stages.decode import DRAWS
from llmx.stages.planned_problems import planned_problems, require_planned
from llmx.stages.scoring_stage import (
    ScoreOptions,
    ScoringStage,
    data_of,
    kind_of,
    letters_fault,
    other_than,
    scorer_of,
)
from llmx.store.files import Appender, write_json
from llmx.store.rows import keep_asked

_EVERY = 0.5  # seconds between waits for the disk
_INSTANT, _SLOW = (0.1, 0.002), (5.0, 0.2)  # to begin, and for the 64 draws of a problem


class ClassesOptions(ScoreOptions):
    """Who says which answers are equal, and of how many problems."""

    problems: Count | None = Field(default=None, description="how many; null = all that are there")


class ClassesStage(ScoringStage):
    """Reads ``samples.jsonl`` of its one need; writes ``classes.jsonl`` and ``summary.json``.

    The one holds a :class:`~llmx.scoring.classes.ProblemClasses` for each problem in the order of
    the records, the other what they come to.
    """

    Options: ClassVar[type[StageOptions]] = ClassesOptions
    kind: ClassVar[str] = "classes"
    version: ClassVar[int] = 1

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Return what scores depend on, and how many problems are read if not all.

        Raises:
            ConfigError: for an unknown option or scorer, or an arm without data.
        """
        known, problems = dict(super().identity(given)), _limit(given)
        known.pop("metrics", None)  # they are no part of which answers are equal
        return known if problems is None else {**known, "problems": problems}

    def plan(self, given: StageInput) -> Cost:
        """Seconds, or minutes of mathematics. Refused with a scorer that counts no answers."""
        samples = _limit(given) or given.arm.scale.problems or 0
        refused = self._without_keys(given) or self._refusal(given)
        quick = getattr(lookup("scorer", kind_of(given)), "instant", True)
        begun, each = _INSTANT if quick else _SLOW
        return Cost(samples=samples, seconds=begun + each * samples, refusal=refused)

    def _without_keys(self, given: StageInput) -> LlmxError | None:
        kind, where = kind_of(given), f"stages.{given.stage.name}.scorer"
        if _is_keyed(kind):
            return letters_fault(given)
        problems = [] if data_of(given).revision is not None else self._asked(given)
        better = other_than(given, kind, problems)
        text = f"{where}: scorer {kind} does not say which answers are equal, so none can be voted"
        named = better if better is not None and _is_keyed(better) else "exact"
        return ConfigError(text, f"{where}={named}")

    def run(self, context: StageContext) -> None:
        """Put the answers to every problem into classes, but for those that an earlier try has.

        Raises:
            RunError: unless exactly one input holds samples.jsonl, and that what was asked.
            DataError: for a record whose sample is not in the dataset.
        """
        given, path = context.given, context.out / CLASSES
        problems = {one.id: one for one in self._load(data_of(given), given.options.split)}
        limit = _limit(given)
        kept = keep_asked(path, list(problems)[:limit], lambda row: row.get("id"))
        done, scorer = {row["id"] for row in kept}, scorer_of(given)
        answered = planned_problems(given, context.inputs) or len(problems)
        context.progress.start(min(limit or answered, answered), len(done), "problems")
        there: list[str] = []
        with Appender(path, every=_EVERY) as written:
            for draws in islice(by_problem(records_in(context.inputs, self.kind)), limit):
                there += [record.id for record in draws]
                if draws[0].id not in done:
                    found = classes_of(scorer, problem_of(problems, draws[0]), draws)
                    written.append([as_json(found)])
                    context.progress.advance()
        if limit is None:
            require_planned(given, context.inputs, there, list(problems))
        write_json(context.out / "summary.json", {**_who(scorer), **summary(path)})


def _is_keyed(kind: str) -> bool:
    return issubclass(lookup("scorer", kind), Keyed | KeyedByProblem)


def _limit(given: StageInput) -> int | None:
    found: int | None = given.options.problems
    return found


def _who(scorer: Any) -> dict[str, Any]:
    return {"scorer": scorer.kind, "scorer_version": scorer.version}


def summary(path: Path) -> dict[str, int]:
    """Return what the classes of a file come to.

    Returns:
        the counts: problems, draws of each; classes, answers that were not read, merges, and pairs
        that stand in one class and are not equal, of all.
    """
    counts = dict.fromkeys(("problems", DRAWS, "classes", "unread", "merges", "unequal"), 0)
    for one in read_classes(path):
        counts["problems"] += 1
        counts[DRAWS] = len(one.of)
        counts["classes"] += len(one.keys)
        counts["unread"] += one.of.count(-1)
        counts["merges"] += len(one.merged)
        counts["unequal"] += len(one.unequal)
    return counts
