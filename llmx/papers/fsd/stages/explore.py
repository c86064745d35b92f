"""Stage `explore`: thresholds, divergences and truncations compared on divergence logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmx.core.errors import RunError
from llmx.core.options import StageOptions
from llmx.core.record import as_json
from llmx.core.spec import Semantics
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.papers.fsd.stages.divergence_log import LOG
from llmx.store.files import read_json, write_json
from llmx.store.page import write_marked

if TYPE_CHECKING:
    from llmx.papers.fsd.explore.drift import Logged


class ExploreOptions(StageOptions):
    """At which thresholds measures are compared."""

    share: float = Field(
        default=0.9,
        gt=0,
        lt=1,
        description="measures are compared at the thresholds that give this draft share",
        examples=["a number between 0 and 1"],
    )
    semantics: Semantics = Field(default="research", description="which rule of acceptance")


class ExploreStage:
    """Over recipe. Writes ``explore.json``, ``explore.md`` and ``explore.svg``.

    Needs a divergence_log stage that covers the reference. Decodes nothing.
    """

    Options: ClassVar[type[StageOptions]] = ExploreOptions
    kind: ClassVar[str] = "explore"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The share, the rule, and which arm is compared with which."""
        options = given.read(ExploreOptions)
        return {
            "share": options.share,
            "semantics": options.semantics,
            "references": dict(given.references),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Some seconds: every measure is solved, and resampled."""
        return Cost(seconds=15.0)

    def run(self, context: StageContext) -> None:
        """Explore the logs.

        Raises:
            RunError: if no input is a log.
        """
        from llmx.papers.fsd.explore.explore import explore
        from llmx.papers.fsd.explore.markdown import markdown
        from llmx.papers.fsd.explore.picture import picture
        from llmx.report.figures.others import of_exploration
        from llmx.report.figures.read import write_figures

        identity, logs = context.identity, _logs(context)
        context.progress.start(1, unit="logs")
        found = explore(logs, identity["references"], identity["share"], identity["semantics"])
        write_json(context.out / "explore.json", as_json(found))
        write_figures(context.out, of_exploration(as_json(found)))
        write_marked(context.out / "explore.md", markdown(found))
        write_marked(context.out / "explore.svg", picture(found))
        context.progress.advance()


def _logs(context: StageContext) -> dict[str, Logged]:
    from llmx.papers.fsd.explore import DivergenceLog
    from llmx.papers.fsd.explore.drift import Logged
    from llmx.papers.fsd.explore.model import LoggedRule

    logs = {}
    for key, folder in context.inputs.items():
        if (folder / LOG).exists():
            rule = LoggedRule.model_validate(read_json(folder / "rule.json"))
            logs[key.partition("/")[2]] = Logged(rule, DivergenceLog.load(folder / LOG))
    if not logs:
        raise RunError("stage 'explore' found no log", "write needs: [log], a divergence_log stage")
    return logs
