"""Stage `training_report`: learning curves, accuracy before and after, and what outputs do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from llmx.core.arms import family
from llmx.core.errors import ConfigError
from llmx.core.record import as_json
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.core.trained import trained_arms
from llmx.run.decode import check_options
from llmx.store.files import write_json, write_lines, write_text
from llmx.store.page import write_marked

_DEFAULTS: Mapping[str, Any] = {
    "title": "Trainings",
    "before": ["before", "score_before"],
    "after": ["generate", "score"],
    "smooth": None,
    "collapse": 0.5,
    "rollouts": 20,
    "rollout_arms": None,
    "broken": [],
}


class TrainingReportStage:
    """Over recipe. Writes ``training_report.json``, ``.md``, ``.html``, and a picture a quantity,
    and ``training_outcomes.json``: outcomes by problem and seed, before and after.

    Reads what its needs hold, by their files: trainings of kind `sft`, `dpo`, `grpo` and `rloo`
    (``training.json``, ``rollouts.jsonl``), and decode and score stages (``samples.jsonl``,
    ``scores.jsonl``). Arms that differ by their seed alone are one arm with several runs.

    Options: ``title``; ``before`` and ``after``: the needs that hold answers from before and after
    reinforcement learning; ``smooth``: width of the moving average, points of the curve (a tenth of
    it); ``collapse``: the share of its best below which a reward has collapsed; ``rollouts``: how
    many to show an arm; ``rollout_arms``: of which arms (all); ``broken``: arms that were broken on
    purpose, which the correlation of before and after leaves out (none).
    """

    kind: ClassVar[str] = "training_report"
    version: ClassVar[int] = 3
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The options, the arms with their data and reference.

        Raises:
            ConfigError: for an unknown option, or a value that cannot be.
        """
        data = {name: arm.data and as_json(arm.data) for name, arm in given.arms.items()}
        return {
            "options": _options(given),
            "data": data,
            "order": list(given.arms),
            "reference": given.reference,
            "references": dict(given.references),
            "trained": sorted(trained_arms(given.arms, given.stages)),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Seconds, most of them reading traces and resampling."""
        return Cost(seconds=5.0 + 2.0 * len(given.arms))

    def run(self, context: StageContext) -> None:
        """Read, measure, draw and write."""
        from llmx.report.outcomes.encode import dumps
        from llmx.report.outcomes.model import OF_TRAININGS
        from llmx.report.outcomes.write import training_outcomes
        from llmx.report.seeds import pool_references
        from llmx.report.training.build import build, shown
        from llmx.report.training.evidence import by_family
        from llmx.report.training.html import html
        from llmx.report.training.markdown import markdown
        from llmx.report.training.model import FILE
        from llmx.report.training.pictures import pictures
        from llmx.run.availability import sentences
        from llmx.run.training_evidence import evidence

        given, options = context.given, _options(context.given)
        apart = evidence(context, options)
        arms = by_family(apart)
        report = build(
            arms,
            options["title"],
            pool_references(given.references),
            family(given.reference) if given.reference else None,
            options["smooth"],
            options["collapse"],
            options["broken"] or (),
        )
        report = report.model_copy(update={"unavailable": sentences(context.unavailable)})
        rollouts = shown(arms, options["rollout_arms"] or list(arms))
        rows = [as_json(one) for found in rollouts.values() for one in found]
        write_lines(context.out / "rollouts.jsonl", rows)
        write_json(context.out / FILE, as_json(report))
        write_text(context.out / OF_TRAININGS, dumps(training_outcomes(apart, given)))
        write_marked(context.out / "training_report.md", markdown(report))
        for name, svg in pictures(report).items():
            write_marked(context.out / f"{name}.svg", svg + "\n")
        write_marked(context.out / "training_report.html", html(report, rollouts))


def _options(given: StageInput) -> dict[str, Any]:
    check_options(given, {*_DEFAULTS})
    found = {name: given.stage.options.get(name, value) for name, value in _DEFAULTS.items()}
    where = f"stages.{given.stage.name}"
    for name in ("before", "after"):
        if not _names(found[name]):
            raise ConfigError(f"{where}.{name} is {found[name]!r}", "write names of needs: [score]")
        wrong = set(found[name]) - set(given.stage.needs)
        if name in given.stage.options and wrong:
            hint = "name stages that stand in its needs"
            raise ConfigError(f"{where}.{name}: '{sorted(wrong)[0]}' is no need", hint)
    for name in ("rollout_arms", "broken"):
        if found[name] is not None and not _names(found[name]):
            hint = "write names of arms, without seeds: [k0, k1]"
            raise ConfigError(f"{where}.{name} is {found[name]!r}", hint)
    for name, least in (("smooth", 1), ("rollouts", 0)):
        value = found[name]
        if value is not None and (type(value) is not int or value < least):
            raise ConfigError(f"{where}.{name} is {value!r}", f"write a whole number from {least}")
    share = found["collapse"]
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ConfigError(f"{where}.collapse is {share!r}", "write a share: above 0, at most 1")
    return {**found, "title": str(found["title"])}


def _names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)
