"""Stage `score`: judge the records of one arm. Re-scoring never generates anything again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol

from pydantic import AfterValidator, Field, ValidationInfo

from llmx.core.errors import ConfigError, DataError, LlmxError, RunError
from llmx.core.options import ScorerName, Split, StageOptions, own_scorer, wrong
from llmx.core.record import ACCURACY, METRICS, Metric, Record, Sample, Score, as_json
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, DataSpec, RunSpec, StageSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.stages.planned_problems import require_planned

if TYPE_CHECKING:
    from llmx.scoring.scorer import Scorer


def _fits_the_scorer(value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    kind = info.data.get("scorer")
    if value and kind is not None:
        from llmx.scoring.scorer import options_fault

        if (fault := options_fault(kind, value)) is not None:
            raise wrong(fault.message, fault.hint, fault.key)
    return value


ScorersOptions = Annotated[dict[str, Any], AfterValidator(_fits_the_scorer)]
"""Options of the scorer that the field ``scorer`` before it names."""


class ScoreOptions(StageOptions):
    """Who judges which problems."""

    scorer: ScorerName | None = Field(
        default=None, description="kind of scorer (docs/scorers.md); null = that of the data"
    )
    split: Split = Field(default="test", description="split whose answers are scored")
    scorer_options: ScorersOptions = Field(
        default={}, description="options of the scorer, by its names"
    )


class Loader(Protocol):
    """Signature of :func:`llmx.data.load`."""

    def __call__(self, spec: DataSpec, split: str, limit: int | None = None) -> list[Sample]:
        """Return the samples of a split."""


class ScoreStage:
    """Reads ``samples.jsonl`` of its one need; writes three files.

    ``scores.jsonl`` holds a Score for each record in the order of the records, ``problems.jsonl``
    the Sample of each (what a report shows beside the answers), ``summary.json`` the counts. Of a
    scorer with metrics beside accuracy ``metrics.json`` holds what they are. One that asks a judge
    adds ``judgements.jsonl``, a Judgement of each answer, and ``engine.json``.

    Args:
        load: where the samples come from; :func:`llmx.data.load` unless a test gives another.
    """

    Options: ClassVar[type[StageOptions]] = ScoreOptions
    kind: ClassVar[str] = "score"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def __init__(self, load: Loader | None = None) -> None:
        self._load = load or _load

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Return scorer kind and version, the split and the data.

        Raises:
            ConfigError: for an unknown option or scorer, or an arm without data.
        """
        options = given.read(ScoreOptions)
        scorer, told = lookup("scorer", _kind_of(given)), options.scorer_options
        if _asks(scorer):  # of how it is asked, what a verdict depends on
            told = _made(given).stated()
        metrics = [as_json(metric) for metric in declared(scorer)]
        source = scorer.source() if hasattr(scorer, "source") else None
        return {
            "scorer": scorer.kind,
            "scorer_version": scorer.version,
            "split": options.split,
            "data": _data(given).stated(),
            **({"metrics": metrics} if metrics else {}),
            **({"options": told} if told else {}),
            **({"source": source} if source else {}),
        }

    @classmethod
    def declares(cls, stage: StageSpec) -> tuple[Metric, ...]:
        """Return the metrics that its scores have beside accuracy: those of its scorer."""
        named = stage.options.get("scorer")
        return () if named is None else declared(lookup("scorer", str(named)))

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Seconds at most: nothing is generated, but what a judge says where the scorer asks one.

        A scorer that cannot score refuses the plan.
        """
        asked = given.arm.scale.problems or 0
        refused = self._refusal(given)
        if refused is None and _asks(lookup("scorer", _kind_of(given))):
            from llmx.stages.graded import cost

            return cost(given, _made(given))
        return Cost(samples=asked, seconds=0.1 + asked / 10_000, refusal=refused)

    def _refusal(self, given: StageInput) -> LlmxError | None:
        """Return why the scorer cannot score here: something is missing, or it reads other data.

        That the scorer of the data itself reads it is known.
        """
        kind, options = _kind_of(given), given.read(ScoreOptions)
        scorer = lookup("scorer", kind)
        if not hasattr(scorer, "Options") and kind == own_scorer(_data(given)):
            refused: LlmxError | None = getattr(scorer, "refusal", None)
            return refused
        from llmx.scoring.scorer import made, refusal_of, unfit

        refused = refusal_of(made(kind, options.scorer_options))
        if refused is not None or kind == own_scorer(_data(given)):
            return refused
        # What is pinned may have to be fetched, and a plan contacts nobody.
        fetched = _data(given).revision is not None
        problems = _examples(_data(given)) if fetched else self._asked(given)
        error = unfit(kind, options.scorer_options, problems)
        return None if error is None else _misfit_error(given, kind, problems, error)

    def check(self, given: StageInput) -> None:
        """Refuse problems that the scorer cannot read, once they may be fetched.

        Raises:
            ConfigError: naming the first, and a scorer that reads them.
        """
        kind, options = _kind_of(given), given.read(ScoreOptions)
        if _asks(lookup("scorer", kind)):
            from llmx.stages.graded import check

            check(given, _made(given), reach=True)
        if kind == own_scorer(_data(given)):
            return
        from llmx.scoring.scorer import unfit

        problems = self._asked(given)
        if (error := unfit(kind, options.scorer_options, problems)) is not None:
            raise _misfit_error(given, kind, problems, error)

    def _asked(self, given: StageInput) -> list[Sample]:
        """Return the problems that will be scored; none where they cannot be had, which is said
        by the stage that asks them.
        """
        try:
            split = given.read(ScoreOptions).split
            return self._load(_data(given), split, given.arm.scale.problems)
        except LlmxError:
            return []

    def run(self, context: StageContext) -> None:
        """Score every record.

        Raises:
            RunError: unless exactly one input holds samples.jsonl, and that what was asked.
            DataError: for a record whose sample is not in the dataset.
        """
        from llmx.store.files import whole_lines, write_json, write_lines

        options, data = context.given.read(ScoreOptions), _data(context.given)
        path = _records(context.inputs)
        problems = {sample.id: sample for sample in self._load(data, options.split)}
        scorer, said = _made(context.given), dict[str, Any]()
        if _asks(scorer):
            from llmx.stages.graded import graded

            found = graded(context, scorer, path, partial(_problem, problems))
            scorer, said = found, {"judge": found.said}
        context.progress.start(sum(1 for _ in whole_lines(path)))
        done = _Done(scorer)
        scores = _scored(path, problems, done, context)
        write_lines(context.out / "scores.jsonl", map(as_json, scores))
        there = [sample.id for sample in done.samples]
        require_planned(context.given, context.inputs, there, list(problems))
        write_lines(context.out / "problems.jsonl", map(as_json, done.samples))
        write_json(context.out / "summary.json", {**done.summary(), **said})
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


def _made(given: StageInput) -> Any:
    """Return the scorer with its options."""
    from llmx.scoring.scorer import made

    return made(_kind_of(given), given.read(ScoreOptions).scorer_options)


def _asks(scorer: Any) -> bool:
    """Whether a scorer asks a judge for every answer."""
    return hasattr(scorer, "graded")


def _examples(data: DataSpec) -> list[Sample]:
    """Return what references of a dataset look like, where its own scorer shows it."""
    own = own_scorer(data)
    found = None if own is None else getattr(lookup("scorer", own), "example", None)
    return [] if found is None else [found]


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


def scorer_notes(spec: RunSpec) -> tuple[str, ...]:
    """Return a line on who reads the answers to questions that somebody brings, unasked."""
    scoring = [stage for stage in spec.stages if stage.kind == ScoreStage.kind]
    found = (
        f"answers are read by `{own_scorer(arm.data)}`, as the data says; others: docs/scorers.md"
        for arm in spec.arms.values()
        if arm.data is not None and hasattr(lookup("data", arm.data.kind), "scorer_of")
        for stage in scoring
        if stage.of_arm(arm).options.get("scorer") is None
    )
    return tuple(dict.fromkeys(found))


def _with_scorers(stage: StageSpec, own: Collection[str]) -> list[StageSpec]:
    """Return the stage as it is with each scorer that it may have."""
    if stage.options.get("scorer") is not None or not own:
        return [stage]
    return [stage.changed({"scorer": name}) for name in own]


def _kind_of(given: StageInput) -> str:
    """Return the scorer that the options name, or the data.

    Raises:
        ConfigError: if neither names one.
    """
    named = given.read(ScoreOptions).scorer or own_scorer(_data(given))
    if named is None:
        where, data = f"stages.{given.stage.name}.scorer", _data(given).kind
        text = f"{where} is not set, and data '{data}' names no scorer of its own"
        raise ConfigError(text, f"{where}=exact; {_KNOWN}")
    return named


_KNOWN = (
    "scorers of any data: exact, includes, pattern, numeric, choice, f1, rouge, math, json, judge"
)
_TRIED = ("choice", "gsm", "json", "numeric", "exact")
"""Scorers that are proposed where another cannot read the data, the narrowest first."""


def _misfit_error(
    given: StageInput, kind: str, problems: Sequence[Sample], error: DataError
) -> ConfigError:
    """Return the refusal of a scorer that cannot read the answers of the data."""
    from llmx.scoring.scorer import unfit

    data, where = _data(given), f"stages.{given.stage.name}.scorer"
    own = own_scorer(data)
    reads = [name for name in _TRIED if name != kind and not unfit(name, {}, problems)]
    better = own or next(iter(reads), None)
    text = f"scorer {kind} cannot read data '{data.kind}': {error.message}"
    return ConfigError(text, f"{where}={better}" if better else error.hint)


class _Done:
    """What stays of records that were scored: their problems, and counts."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer, self.metrics = scorer, declared(scorer)
        self.samples: list[Sample] = []
        self.counts = dict.fromkeys(("correct", "correct_flexible", "unparsed", "cut", "tokens"), 0)

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: for one without a value of every declared metric.
        """
        found = self.scorer.score(record, sample)
        if wrong := misfit(found, self.metrics):
            text = f"scorer '{self.scorer.kind}' {wrong} (problem '{record.id}')"
            raise DataError(text, "mend the scorer, and raise its version")
        self.samples.append(sample)
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
            **self.counts,
        }


def _scored(
    path: Path, problems: Mapping[str, Sample], done: _Done, context: StageContext
) -> Iterator[Score]:
    from llmx.store.rows import rows

    for record in rows(path, Record):
        yield done.score(record, _problem(problems, record))
        context.progress.advance()
        context.progress.scored(done.counts["correct"], len(done.samples))


def _data(given: StageInput) -> DataSpec:
    if given.arm.data is None:
        raise ConfigError(
            f"stage '{given.stage.name}' needs a dataset",
            "add one to the recipe: override /data: …",
        )
    return given.arm.data


def _records(inputs: Mapping[str, Path]) -> Path:
    """Return the records of the only input that holds any."""
    found = [path / "samples.jsonl" for path in inputs.values()]
    found = [path for path in found if path.exists()]
    if len(found) != 1:
        raise RunError(
            f"stage 'score' needs exactly one decode stage, its inputs are: {', '.join(inputs)}",
            "name it in the recipe: needs: [generate]",
        )
    return found[0]


def _problem(problems: Mapping[str, Sample], record: Record) -> Sample:
    if record.id not in problems:
        raise DataError(
            f"record '{record.id}' has no sample in the dataset it is scored against",
            "score with the data and split that were decoded",
        )
    return problems[record.id]


def _load(spec: DataSpec, split: str, limit: int | None = None) -> list[Sample]:
    """Import the datasets only when one is read."""
    from llmx.data import load

    samples: list[Sample] = load(spec, split, limit)
    return samples


def declared(scorer: Any) -> tuple[Metric, ...]:
    """Return the metrics that a scorer (its class, or one of it) declares beside accuracy.

    Raises:
        ConfigError: if a name stands twice, or is that of accuracy.
    """
    found: tuple[Metric, ...] = tuple(getattr(scorer, "metrics", ()))
    names = [metric.name for metric in found]
    wrong = next((name for name in names if name == ACCURACY or names.count(name) > 1), None)
    if wrong is not None:
        why = "stands for itself" if wrong == ACCURACY else "is declared twice"
        raise ConfigError(f"scorer '{scorer.kind}': the metric '{wrong}' {why}", "rename it")
    return found


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
