"""Stage `score`: judge the records of one arm. Re-scoring never generates anything again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from llmx.core.errors import DataError
from llmx.core.options import own_scorer
from llmx.core.permuted import in_draw
from llmx.core.record import METRICS, Metric, Record, Sample, Score, as_json
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageContext
from llmx.stages.by_problem import asked_of, by_problem, problem_of, records_in
from llmx.stages.decode import DRAWS
from llmx.stages.planned_problems import require_planned
from llmx.stages.scoring_stage import ScoringStage, asks, chosen, data_of, declared, scorer_of

if TYPE_CHECKING:
    from llmx.scoring.scorer import Scorer


@runtime_checkable
class Evident(Protocol):
    """A scorer that knows more of an answer than its score has, and no score depends on."""

    def evidence(self) -> Mapping[str, Any]:
        """Return what is known of the answer that was scored last."""


class ScoreStage(ScoringStage):
    """Reads ``samples.jsonl`` of its one need; writes three files.

    ``scores.jsonl`` holds a Score for each record in the order of the records, ``problems.jsonl``
    the Sample of each problem (what a report shows beside the answers), ``summary.json`` the counts
    of all answers, and of how many draws of a problem where it was answered several times. Of a
    scorer with metrics beside accuracy ``metrics.json`` holds what they are. One that asks a judge
    adds ``judgements.jsonl``, a Judgement of each answer, and ``engine.json``; one with evidence
    (`scorer: code`) adds ``evidence.jsonl``, a line an answer, in which seconds may stand.
    """

    kind: ClassVar[str] = "score"
    version: ClassVar[int] = 1

    @classmethod
    def declares(cls, stage: StageSpec) -> tuple[Metric, ...]:
        """Return the metrics that its scores have beside accuracy: those of its scorer."""
        named = stage.options.get("scorer")
        return () if named is None else declared(lookup("scorer", str(named)))

    def run(self, context: StageContext) -> None:
        """Score every record.

        Raises:
            RunError: unless exactly one input holds samples.jsonl, and that what was asked.
            DataError: for a record whose sample is not in the dataset.
        """
        from llmx.store.files import whole_lines, write_json, write_lines

        given = context.given
        path = records_in(context.inputs, self.kind)
        problems = {one.id: one for one in self._load(data_of(given), chosen(given).split)}
        scorer, said = scorer_of(given), dict[str, Any]()
        if asks(scorer):
            from llmx.stages.graded import graded

            found = graded(context, scorer, path, partial(asked_of, problems))
            scorer, said = found, {"judge": found.said}
        context.progress.start(sum(1 for _ in whole_lines(path)))
        done = _Done(scorer)
        scores = _scored(path, problems, done, context)
        write_lines(context.out / "scores.jsonl", map(as_json, scores))
        there = [sample.id for sample in done.samples for _ in range(done.draws)]
        require_planned(given, context.inputs, there, list(problems))
        write_lines(context.out / "problems.jsonl", map(as_json, done.samples))
        write_json(context.out / "summary.json", {**done.summary(), **said})
        if done.evidence:
            write_lines(context.out / "evidence.jsonl", done.evidence)
        if done.metrics:
            write_json(context.out / METRICS, [as_json(metric) for metric in done.metrics])

    @staticmethod
    def unanswered(out: Path) -> list[str]:
        """Return the answers of a whole output of which a judge gave no verdict that is read."""
        from llmx.store.files import read_json

        judge = read_json(out / "summary.json").get("judge", {})
        return list(judge.get("unparsable_games", ()))

    @staticmethod
    def reopen(out: Path) -> None:
        """Let the judge be asked again about these answers, and about no others."""
        from llmx.stages.judgements import reopen

        reopen(out)


def metrics_of(stages: Iterable[StageSpec], arms: Iterable[ArmSpec] = ()) -> list[Metric] | None:
    """Return the metrics that scores of these stages have beside accuracy; None if none says so.

    Args:
        arms: whose data name the scorer of a stage that names none.
    """
    own = {own_scorer(data) for arm in arms if (data := arm.data) is not None} - {None}
    kinds = [(lookup("stage", stage.kind), stage) for stage in stages]
    saying = [
        (kind, one)
        for kind, stage in kinds
        if hasattr(kind, "declares")
        for one in _with_scorers(stage, sorted(map(str, own)))
    ]
    found = [metric for kind, stage in saying for metric in kind.declares(stage)]
    return found if saying else None


def _with_scorers(stage: StageSpec, own: Collection[str]) -> list[StageSpec]:
    """Return the stage as it is with each scorer that it may have."""
    if stage.options.get("scorer") is not None or not own:
        return [stage]
    return [stage.changed({"scorer": name}) for name in own]


class _Done:
    """What stays of records that were scored: their problems, and counts."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer, self.metrics = scorer, declared(scorer)
        self.samples: list[Sample] = []
        self.evidence: list[dict[str, Any]] = []
        self.right: dict[str, int] = {}
        self.answers = 0
        self.counts = dict.fromkeys(("correct", "correct_flexible", "unparsed", "cut", "tokens"), 0)

    @property
    def draws(self) -> int:
        """Answers to each problem."""
        return self.answers // max(1, len(self.samples))

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: for one without a value of every declared metric.
        """
        found = self.scorer.score(record, sample)
        if wrong := misfit(found, self.metrics):
            text = f"scorer '{self.scorer.kind}' {wrong} (problem '{record.id}')"
            raise DataError(text, "mend the scorer, and raise its version")
        if isinstance(self.scorer, Evident):
            told = self.scorer.evidence()
            self.evidence.append({"id": record.id, "draw": record.draw, **told})
        self.right[sample.id] = self.right.get(sample.id, 0) + found.correct
        self.answers += 1
        self.counts["correct"] += found.correct
        self.counts["correct_flexible"] += found.correct_flexible
        self.counts["unparsed"] += found.unparsed
        self.counts["cut"] += found.finish == "length"
        self.counts["tokens"] += found.tokens
        if found.finish == "filtered":  # not written where there is none
            self.counts["filtered"] = self.counts.get("filtered", 0) + 1
        return found

    def summary(self) -> dict[str, Any]:
        """Return the counts of one arm; shares and intervals are left to the report."""
        return {
            "scorer": self.scorer.kind,
            "scorer_version": self.scorer.version,
            "problems": len(self.samples),
            **({DRAWS: self.draws} if self.draws > 1 else {}),
            **self.counts,
            **self._pass_at(),
        }

    def _pass_at(self) -> dict[str, Any]:
        """Return pass@k of programs, for each power of two up to the draws: none of one draw."""
        if not self.evidence or self.draws < 2:
            return {}
        from llmx.stats.subsets import pass_at

        sizes = [1 << power for power in range(self.draws.bit_length())]
        rows = [pass_at(right, self.draws, sizes) for right in self.right.values()]
        shares = [sum(map(float, column)) / len(rows) for column in zip(*rows, strict=True)]
        return {"pass_at": dict(zip(map(str, sizes), shares, strict=True))}


def _scored(
    path: Path, problems: Mapping[str, Sample], done: _Done, context: StageContext
) -> Iterator[Score]:
    for draws in by_problem(path):
        sample = problem_of(problems, draws[0])
        done.samples.append(sample)
        for record in draws:
            yield done.score(record, in_draw(sample, record.draw))
            context.progress.advance()
            context.progress.scored(done.counts["correct"], done.answers)


def misfit(score: Score, metrics: Sequence[Metric]) -> str:
    """Return what is wrong with the values of a score; empty where each metric has its own."""
    names = {metric.name for metric in metrics}
    for name in (*(names - score.values.keys()), *(score.values.keys() - names)):
        return f"gives no value of '{name}'" if name in names else f"does not declare '{name}'"
    faults = {one.name: one.fault(score.values[one.name]) for one in metrics}
    wrong = next((name for name, fault in faults.items() if fault), None)
    return (
        "" if wrong is None else f"gives '{wrong}' {score.values[wrong]!r}, which {faults[wrong]}"
    )
