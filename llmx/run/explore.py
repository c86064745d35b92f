"""Stage `explore`: thresholds, divergences and truncations compared on divergence logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from llmx.core.errors import ConfigError, RunError, nearest
from llmx.core.record import as_json
from llmx.core.spec import Semantics
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.run.decode import check_options
from llmx.run.divergence_log import LOG
from llmx.store.files import read_json, write_json
from llmx.store.page import write_marked

if TYPE_CHECKING:
    from llmx.explore.drift import Logged

_SHARE = 0.9


class ExploreStage:
    """Over recipe. Writes ``explore.json``, ``explore.md`` and ``explore.svg``.

    Needs a divergence_log stage that covers the reference. Decodes nothing.

    Options: ``share`` (default 0.9: measures are compared at the thresholds that give this draft
    share), ``semantics`` (default research).
    """

    kind: ClassVar[str] = "explore"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The share, the rule, and which arm is compared with which."""
        check_options(given, {"share", "semantics"})
        return {
            "share": _share(given),
            "semantics": _semantics(given),
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
        from llmx.explore.explore import explore
        from llmx.explore.markdown import markdown
        from llmx.explore.picture import picture

        identity, logs = context.identity, _logs(context)
        context.progress.start(1, unit="logs")
        found = explore(logs, identity["references"], identity["share"], identity["semantics"])
        write_json(context.out / "explore.json", as_json(found))
        write_marked(context.out / "explore.md", markdown(found))
        write_marked(context.out / "explore.svg", picture(found))
        context.progress.advance()


def _logs(context: StageContext) -> dict[str, Logged]:
    from llmx.explore import DivergenceLog
    from llmx.explore.drift import Logged
    from llmx.explore.model import Rule

    logs = {}
    for key, folder in context.inputs.items():
        if (folder / LOG).exists():
            rule = Rule.model_validate(read_json(folder / "rule.json"))
            logs[key.partition("/")[2]] = Logged(rule, DivergenceLog.load(folder / LOG))
    if not logs:
        raise RunError("stage 'explore' found no log", "write needs: [log], a divergence_log stage")
    return logs


def _share(given: StageInput) -> float:
    share = given.stage.options.get("share", _SHARE)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        where = f"stages.{given.stage.name}.share"
        raise ConfigError(f"{where} is {share!r}", "write a number between 0 and 1")
    return float(share)


def _semantics(given: StageInput) -> str:
    found = str(given.stage.options.get("semantics", "research"))
    if found not in get_args(Semantics):
        where = f"stages.{given.stage.name}.semantics"
        raise ConfigError(f"{where} is '{found}'", nearest(found, get_args(Semantics)))
    return found
