"""The numbers and the verdicts of a stored run, computed again from its outcomes."""

from __future__ import annotations

from llmx.core.names import families, family
from llmx.core.spec import ArmSpec
from llmx.report.build import build
from llmx.report.outcomes.decode import gathered, half
from llmx.report.outcomes.model import Outcomes, TrainingOutcomes
from llmx.report.results import Results
from llmx.report.seeds import pool, pool_references, pool_specs
from llmx.report.training.build import build as build_trainings
from llmx.report.training.evidence import SeedRun, by_family
from llmx.report.training.model import TrainingReport
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.family import over_all
from llmx.report.verdict.like_for_like import like_for_like
from llmx.report.verdict.model import Verdicts
from llmx.report.verdict.run_test import run_test


def retested(found: Outcomes) -> Verdicts:
    """Return the verdicts that follow from the outcomes, under the rules of this version."""
    known, present = evidence(pool(gathered(found)), found.tuned_on), families(found.arms)
    samplers = {name: found.samplers[members[0]] for name, members in present.items()}
    verdicts = [
        like_for_like(run_test(known, finding, list(present)), finding, samplers)
        for finding in found.findings
    ]
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
