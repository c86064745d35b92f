"""Stage `score`: judge the records of one arm. Re-scoring never generates anything again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from llmx.core.errors import ConfigError, DataError, RunError, nearest
from llmx.core.record import Record, Sample, Score, as_json
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.run.planned_problems import require_planned

if TYPE_CHECKING:
    from llmx.scoring.scorer import Scorer

_OPTIONS = {"scorer": "gsm", "split": "test"}


class Loader(Protocol):
    """Signature of :func:`llmx.data.load`."""

    def __call__(self, spec: DataSpec, split: str, limit: int | None = None) -> list[Sample]:
        """Return the samples of a split."""


class ScoreStage:
    """Reads ``samples.jsonl`` of its one need; writes three files.

    ``scores.jsonl`` holds a Score for each record in the order of the records, ``problems.jsonl``
    the Sample of each (what a report shows beside the answers), ``summary.json`` the counts.

    Options: ``scorer`` (registry kind, default gsm) and ``split`` (default test).

    Args:
        load: where the samples come from; :func:`llmx.data.load` unless a test gives another.
    """

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
        options = _options(given)
        scorer = lookup("scorer", options["scorer"])
        return {
            "scorer": scorer.kind,
            "scorer_version": scorer.version,
            "split": options["split"],
            "data": as_json(_data(given)),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Seconds at most: nothing is generated. A scorer that cannot score refuses the plan."""
        scorer = lookup("scorer", _options(given)["scorer"])
        refusal = getattr(scorer, "refusal", None)
        return Cost(samples=given.arm.scale.problems or 0, seconds=1.0, refusal=refusal)

    def run(self, context: StageContext) -> None:
        """Score every record.

        Raises:
            RunError: unless exactly one input holds samples.jsonl, and that what was asked.
            DataError: for a record whose sample is not in the dataset.
        """
        options, data = _options(context.given), _data(context.given)
        records = _records(context.inputs)
        problems = {sample.id: sample for sample in self._load(data, options["split"])}
        context.progress.start(len(records))
        scorer = lookup("scorer", options["scorer"])()
        pairs = [(record, _problem(problems, record)) for record in records]
        require_planned(context.given, context.inputs, [r.id for r in records], list(problems))
        scores = list(_score(scorer, pairs, context))
        _write(context, scores, [sample for _, sample in pairs], scorer)


def _score(
    scorer: Scorer, pairs: list[tuple[Record, Sample]], context: StageContext
) -> Iterator[Score]:
    for record, sample in pairs:
        yield scorer.score(record, sample)
        context.progress.advance()


def _options(given: StageInput) -> dict[str, str]:
    """Return the options with their defaults, or refuse one that does not exist."""
    for name in given.stage.options:
        if name not in _OPTIONS:
            where = f"stage '{given.stage.name}' (kind score)"
            raise ConfigError(f"unknown option '{name}' of {where}", nearest(name, _OPTIONS))
    return {name: str(given.stage.options.get(name, value)) for name, value in _OPTIONS.items()}


def _data(given: StageInput) -> DataSpec:
    if given.arm.data is None:
        raise ConfigError(
            f"stage '{given.stage.name}' needs a dataset",
            "add one to the recipe: override /data: …",
        )
    return given.arm.data


def _records(inputs: Mapping[str, Path]) -> list[Record]:
    """Return the records of the only input that holds any."""
    from llmx.store.files import read_lines

    found = [path / "samples.jsonl" for path in inputs.values()]
    found = [path for path in found if path.exists()]
    if len(found) != 1:
        raise RunError(
            f"stage 'score' needs exactly one decode stage, its inputs are: {', '.join(inputs)}",
            "name it in the recipe: needs: [generate]",
        )
    return [Record.model_validate(line) for line in read_lines(found[0])]


def _problem(problems: Mapping[str, Sample], record: Record) -> Sample:
    if record.id not in problems:
        raise DataError(
            f"record '{record.id}' has no sample in the dataset it is scored against",
            "score with the data and split that were decoded",
        )
    return problems[record.id]


def _write(
    context: StageContext, scores: list[Score], samples: list[Sample], scorer: Scorer
) -> None:
    from llmx.store.files import write_json, write_lines

    write_lines(context.out / "problems.jsonl", (as_json(sample) for sample in samples))
    write_lines(context.out / "scores.jsonl", (as_json(score) for score in scores))
    write_json(context.out / "summary.json", summary(scores, scorer))


def summary(scores: list[Score], scorer: Scorer) -> dict[str, Any]:
    """Return the counts of one arm; shares and intervals are left to the report."""
    return {
        "scorer": scorer.kind,
        "scorer_version": scorer.version,
        "problems": len(scores),
        "correct": sum(score.correct for score in scores),
        "correct_flexible": sum(score.correct_flexible for score in scores),
        "unparsed": sum(score.unparsed for score in scores),
        "cut": sum(score.finish == "length" for score in scores),
        "tokens": sum(score.tokens for score in scores),
    }


def _load(spec: DataSpec, split: str, limit: int | None = None) -> list[Sample]:
    """Import the datasets only when one is read."""
    from llmx.data import load

    samples: list[Sample] = load(spec, split, limit)
    return samples
