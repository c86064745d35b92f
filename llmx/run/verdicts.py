"""Stage `verdicts`: what the run says of the statements that its recipe names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from llmx.core.arms import families
from llmx.core.errors import ConfigError
from llmx.core.record import as_json
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.core.trained import trained_arms
from llmx.run.decode import check_options
from llmx.store.files import write_json, write_text
from llmx.store.page import write_marked

if TYPE_CHECKING:
    from llmx.report.verdict.evidence import TunedOn


class VerdictStage:
    """Over recipe. Writes ``verdicts.json``, ``verdicts.md`` and ``outcomes.json``.

    The last holds outcomes by problem and seed, from which all that is judged follows.

    Reads whatever of scores, timed blocks, audits and explorations is among its needs; an arm
    whose audit failed is judged by nothing.

    Options: ``findings``, a list of ``{id, test, …}``; the tests and their fields are those of
    :mod:`llmx.report.verdict`. Arms are named without their seed. ``tuned_on``: the split on which
    settings were chosen, ``validation`` or ``test``; of the latter every verdict is exploratory.
    """

    kind: ClassVar[str] = "verdicts"
    version: ClassVar[int] = 4
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The findings, the arms with their samplers, those trained, references, what was tuned on.

        Raises:
            ConfigError: for a finding that cannot be judged, or an unknown split.
        """
        return {
            "findings": _findings(given),
            "arms": list(given.arms),
            "tuned_on": _tuned_on(given),
            "trained": sorted(trained_arms(given.arms, given.stages)),
            "samplers": {n: arm.sampler and as_json(arm.sampler) for n, arm in given.arms.items()},
            "reference": given.reference,
            "references": dict(given.references),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """A few seconds, most of them resampling."""
        return Cost(seconds=5.0)

    def run(self, context: StageContext) -> None:
        """Judge every finding."""
        from llmx.report.gather import gather
        from llmx.report.outcomes.encode import dumps
        from llmx.report.outcomes.model import FILE
        from llmx.report.outcomes.write import outcomes
        from llmx.report.seeds import pool
        from llmx.report.verdict.evidence import evidence
        from llmx.report.verdict.family import over_all
        from llmx.report.verdict.judge import judge
        from llmx.report.verdict.like_for_like import like_for_like
        from llmx.report.verdict.markdown import markdown
        from llmx.report.verdict.model import Verdicts
        from llmx.run.availability import sentences

        given, findings = context.given, _findings(context.given)
        trained = trained_arms(given.arms, given.stages)
        apart = gather(context.inputs, given.arms, trained)
        found = evidence(pool(apart), _tuned_on(given))
        present = families(given.arms)
        samplers = {name: given.arms[members[0]].sampler for name, members in present.items()}
        context.progress.start(len(findings), unit="findings")
        verdicts = []
        for finding in findings:
            verdicts.append(like_for_like(judge(found, finding, list(present)), finding, samplers))
            context.progress.advance()
        lost = sentences(context.unavailable)
        judged = Verdicts(verdicts=over_all(verdicts), failed=tuple(found.failed), unavailable=lost)
        kept = outcomes(apart, given, findings, lost, _tuned_on(given))
        write_text(context.out / FILE, dumps(kept))
        write_json(context.out / "verdicts.json", as_json(judged))
        write_marked(context.out / "verdicts.md", markdown(judged))


def _findings(given: StageInput) -> list[dict[str, Any]]:
    from llmx.report.verdict.schema import check_finding

    check_options(given, {"findings", "tuned_on"})
    found = given.stage.options.get("findings")
    where = f"stages.{given.stage.name}.findings"
    if not isinstance(found, list) or not found:
        raise ConfigError(f"{where} is not a list", "write - {id: NAME, test: TEST, …}")
    for place, finding in enumerate(found):
        check_finding(finding, f"{where}[{place}]")
    names = [finding["id"] for finding in found]
    if len(set(names)) < len(names):
        raise ConfigError(f"{where} holds an id twice", "give each finding an id of its own")
    return found


def _tuned_on(given: StageInput) -> TunedOn:
    found = given.stage.options.get("tuned_on", "validation")
    if found not in ("validation", "test"):
        where = f"stages.{given.stage.name}.tuned_on"
        raise ConfigError(f"{where} is {found!r}", "write validation or test")
    return cast("TunedOn", found)
