"""From outcomes back to what verdicts and tables read, and both computed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmx.core.audit import Audit, Check
from llmx.core.names import families, family, seed_of
from llmx.core.record import Finish, Metric, Score
from llmx.core.spec import ArmSpec
from llmx.report.build import build
from llmx.report.gather import ArmFiles, Gathered, TimedBlock, pool, pool_references, pool_specs
from llmx.report.outcomes.columns import (
    NONE,
    read_flags,
    read_numbers,
    read_places,
    read_reals,
)
from llmx.report.outcomes.model import ArmOutcomes, Outcomes, ProblemTable, TrainingOutcomes
from llmx.report.results import Results
from llmx.report.training.build import build as build_trainings
from llmx.report.training.evidence import Half, SeedRun, TraceReading, by_family
from llmx.report.training.model import TrainingReport
from llmx.report.verdict.decide import over_all
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.model import Verdicts
from llmx.report.verdict.run_test import verdicts_on


def gathered(found: Outcomes) -> Gathered:
    """Return the arms by their names with seeds, and all that was timed or trained.

    Raises:
        ValueError: for columns that do not fit the problems.
    """
    return Gathered(
        arms={
            name: decoded(name, one, found.problems, found.metrics)
            for name, one in found.arms.items()
        },
        blocks=[_block(text) for text in found.blocks],
        figures=found.figures,
    )


def decoded(
    name: str, arm: ArmOutcomes, problems: ProblemTable, metrics: Sequence[Metric] = ()
) -> ArmFiles:
    """Return one arm under one seed; texts and answers are not kept, so those are empty."""
    scores = {one.id: one for one in _scores(arm, problems)}
    return ArmFiles(
        scores=scores,
        metrics=tuple(metric for metric in metrics if metric.name in arm.values),
        calibration=arm.calibration,
        audit=_audit(arm),
        seed=seed_of(name),
        trained=arm.trained,
    )


_ENDS: Mapping[str, Finish] = {"cut": "length", "stopped": "stop", "filtered": "filtered"}


def half(name: str, arm: ArmOutcomes, problems: ProblemTable) -> Half:
    """Return the outputs of one training at one time, with what was read as traces."""
    files = decoded(name, arm, problems)
    whole = read_flags(arm.whole)
    if whole and len(whole) != len(files.scores):
        raise ValueError(f"{len(whole)} traces for {len(files.scores)} outcomes")
    known = [(one, ok) for one, ok in zip(files.scores, whole, strict=False) if ok is not None]
    returns = read_numbers(arm.returns, len(known))
    traced = {one: TraceReading(n, ok) for (one, ok), n in zip(known, returns, strict=True)}
    return Half(files, traced)


def _scores(arm: ArmOutcomes, problems: ProblemTable) -> Iterator[Score]:
    right = read_flags(arm.right)
    if right and len(right) != len(problems.ids):
        raise ValueError(f"{len(right)} outcomes for {len(problems.ids)} problems")
    clusters = _clusters(problems)
    known = [(name, ok) for name, ok in zip(problems.ids, right, strict=False) if ok is not None]
    n = len(known)
    rare = {
        column: read_places(getattr(arm, column), n) for column in ("elsewhere", "unparsed", *_ENDS)
    }
    counts = {
        column: read_numbers(getattr(arm, column), n)
        for column in ("tokens", "rounds", "drafted", "accepted")
    }
    values = {name: read_reals(text, n) for name, text in arm.values.items()}
    for at, (name, ok) in enumerate(known):
        ends = (end for name, end in _ENDS.items() if rare[name][at])
        ended: Finish = next(ends, "eos")
        yield Score(
            id=name,
            cluster=clusters[name],
            expected="",
            strict=None,
            flexible=None,
            correct=ok,
            correct_flexible=ok != rare["elsewhere"][at],
            unparsed=rare["unparsed"][at],
            finish=ended,
            values={name: column[at] for name, column in values.items()},
            **{column: values[at] for column, values in counts.items()},
        )


def _clusters(problems: ProblemTable) -> dict[str, str]:
    if not problems.clusters:
        return dict.fromkeys(problems.ids, "")
    at = read_numbers(problems.cluster, len(problems.ids))
    return {name: problems.clusters[place] for name, place in zip(problems.ids, at, strict=True)}


def _audit(arm: ArmOutcomes) -> Audit | None:
    if arm.audit is None:
        return None
    failed = [Check(check=name, level="fail", passed=False) for name in arm.failures]
    return Audit(passed=arm.audit, checks=tuple(failed))


def _block(text: str) -> TimedBlock:
    *values, engines = (None if one == NONE else one for one in text.split("\t"))
    names = ("round", "arm", "problems", "tokens", "seconds", "rounds", "batch_size")
    return TimedBlock.model_validate({**dict(zip(names, values, strict=True)), "engines": engines})


def retested(found: Outcomes) -> Verdicts:
    """Return the verdicts that follow from the outcomes, under the rules of this version."""
    apart = pool(gathered(found))
    known = evidence(
        apart, found.tuned_on, found.rehearsal, found.unlearned, found.problems.trait_values()
    )
    present = families(found.arms)
    samplers = {name: found.samplers[members[0]] for name, members in present.items()}
    verdicts = list(verdicts_on(known, found.findings, list(present), samplers))
    return Verdicts(
        verdicts=over_all(verdicts),
        failed=tuple(known.failed),
        unavailable=found.unavailable,
    )


def rebuilt(found: Outcomes, title: str = "") -> Results:
    """Return the table of the run, without the sentence on its verdicts."""
    arms = pool_specs({name: ArmSpec(sampler=one) for name, one in found.samplers.items()})
    reference = None if found.reference is None else family(found.reference)
    references = pool_references(found.references)
    return build(pool(gathered(found)), arms, reference, title, references)


def rebuilt_trainings(found: TrainingOutcomes, title: str = "") -> TrainingReport:
    """Return the report on the trainings, as far as outputs go: without any curve."""
    runs = {
        name: SeedRun(
            name=name,
            before=half(name, found.before[name], found.problems),
            after=half(name, found.after[name], found.problems),
        )
        for name in found.after
    }
    reference = None if found.reference is None else family(found.reference)
    references = pool_references(found.references)
    return build_trainings(by_family(runs), title, references, reference, None, 0.5)
