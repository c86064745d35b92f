"""Stage `verdicts`: what the run says of the statements that its recipe names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from llmx.core.errors import ConfigError, nearest
from llmx.core.names import families, family
from llmx.core.options import StageOptions, wrong
from llmx.core.record import as_json
from llmx.core.spec import trained_arms
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.stages.score import metrics_of
from llmx.store.files import write_json, write_text
from llmx.store.page import write_marked


def _finding(value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    from llmx.report.verdict.schema import arms_of, check_finding

    try:
        check_finding(value, "")
    except ConfigError as error:
        raise wrong(error.message.removeprefix(": "), error.hint) from error
    known = (info.context or {}).get("arms")
    for name in (*arms_of(value), *([value["must_fail"]] if value.get("must_fail") else [])):
        if known is not None and name.partition("@")[0] not in known:
            raise wrong(f"there is no arm '{name}'", nearest(name, known, "arms"))
    return value


class VerdictOptions(StageOptions):
    """What is asked of a run."""

    findings: tuple[Annotated[dict[str, Any], AfterValidator(_finding)], ...] = Field(
        min_length=1,
        description="the questions, each with a test and the arms that it is about",
        examples=["- {id: NAME, test: TEST, …}"],
    )
    tuned_on: Literal["validation", "test"] = Field(
        default="validation",
        description="split on which settings were chosen; of `test` every verdict is exploratory",
    )

    @field_validator("findings")
    @classmethod
    def _once(cls, found: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        names = [finding["id"] for finding in found]
        if len(set(names)) < len(names):
            raise wrong("holds an id twice", "give each finding an id of its own")
        return found


class VerdictStage:
    """Over recipe. Writes ``verdicts.json``, ``verdicts.md`` and ``outcomes.json``.

    The last holds outcomes by problem and seed, from which every verdict follows.

    Reads whatever of scores, timed blocks, audits and explorations is among its needs; an arm
    whose audit failed gets no verdict.

    The tests of findings and their fields are those of :mod:`llmx.report.verdict`. Arms are named
    without their seed.
    """

    Options: ClassVar[type[StageOptions]] = VerdictOptions
    kind: ClassVar[str] = "verdicts"
    version: ClassVar[int] = 4
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The findings, arms, samplers, who was trained, references, what was tuned on."""
        options = given.read(VerdictOptions)
        _check_metrics(options, given)
        return {
            "findings": list(options.findings),
            "arms": list(given.arms),
            "tuned_on": options.tuned_on,
            "trained": sorted(trained_arms(given.arms, given.stages)),
            "samplers": {n: arm.sampler and as_json(arm.sampler) for n, arm in given.arms.items()},
            "reference": given.reference,
            "references": dict(given.references),
            **_withholding(options, given),
            **_versions(options),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """A few seconds, most of them resampling."""
        return Cost(seconds=5.0)

    def run(self, context: StageContext) -> None:
        """Test every finding."""
        from llmx.report.figures.decoded import of_verdicts
        from llmx.report.figures.read import write_figures
        from llmx.report.gather import gather, pool
        from llmx.report.outcomes.encode import dumps, outcomes
        from llmx.report.outcomes.model import FILE
        from llmx.report.verdict.decide import over_all
        from llmx.report.verdict.evidence import evidence
        from llmx.report.verdict.markdown import markdown
        from llmx.report.verdict.model import Verdicts
        from llmx.report.verdict.run_test import verdicts_on
        from llmx.report.verdict.traits import asked_traits, traits_of
        from llmx.stages.availability import learned_nothing, sentences

        given, options = context.given, context.given.read(VerdictOptions)
        findings = list(options.findings)
        trained = trained_arms(given.arms, given.stages)
        apart = gather(context.inputs, given.arms, trained)
        rehearsal = _rehearsal(given)
        empty = by_family(learned_nothing(context))
        traits = traits_of(apart.arms.values(), asked_traits(findings))
        found = evidence(pool(apart), options.tuned_on, rehearsal, empty, traits)
        present = families(given.arms)
        samplers = {name: given.arms[members[0]].sampler for name, members in present.items()}
        context.progress.start(len(findings), unit="findings")
        verdicts = []
        for verdict in verdicts_on(found, findings, list(present), samplers):
            verdicts.append(verdict)
            context.progress.advance()
        lost = sentences(context.unavailable)
        whole = Verdicts(verdicts=over_all(verdicts), failed=tuple(found.failed), unavailable=lost)
        kept = outcomes(apart, given, findings, lost, options.tuned_on, rehearsal, empty, traits)
        write_text(context.out / FILE, dumps(kept))
        write_json(context.out / "verdicts.json", as_json(whole))
        write_figures(context.out, of_verdicts(whole.verdicts))
        write_marked(context.out / "verdicts.md", markdown(whole))


def by_family(found: Mapping[str, str]) -> dict[str, str]:
    """Return the same by arms without their seeds; one seed of an arm is enough."""
    return {family(name): why for name, why in found.items()}


def _rehearsal(given: StageInput) -> bool:
    return any(arm.scale.name == "smoke" for arm in given.arms.values())


def _withholding(options: VerdictOptions, given: StageInput) -> dict[str, Any]:
    """Return what a small run's verdicts depend on beside all that a large one's do.

    Verdicts from a handful were given once: those of a small run have another name since.
    """
    from llmx.report.verdict.enough import needed

    asked = [arm.scale.problems or 0 for arm in given.arms.values()]
    if _rehearsal(given):
        return {"withheld": "rehearsal"}
    seeds = max(map(len, families(given.arms).values()), default=1)
    small = 0 < min(asked, default=0) < needed(options.findings, seeds)
    return {"withheld": "handful"} if small else {}


def _versions(options: VerdictOptions) -> dict[str, Any]:
    """Return the versions of tests that have said other words before; nothing of all the others."""
    from llmx.report.verdict.finding_test import finding_test

    tests = sorted({str(finding["test"]) for finding in options.findings})
    later = {name: found for name in tests if (found := finding_test(name).version) > 1}
    return {"tests": later} if later else {}


def _check_metrics(options: VerdictOptions, given: StageInput) -> None:
    """Refuse a finding on a metric that no scores of the recipe will have, where stages say so."""
    from llmx.report.verdict.schema import check_metrics

    known = metrics_of(given.stages.values(), given.arms.values())
    if known is not None:
        names = [metric.name for metric in known]
        check_metrics(options.findings, names, f"stages.{given.stage.name}.findings")
