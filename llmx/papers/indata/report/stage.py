"""Stage `indata_report`: accuracy by level and steps, endings, causes of wrong answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmx.core.names import family
from llmx.core.options import StageOptions
from llmx.core.spec import trained_arms
from llmx.core.stage import Cost, StageContext, StageInput

if TYPE_CHECKING:
    from llmx.papers.indata.report.figures import AnalysisArm

PAGE = "analysis"


class IndataReportOptions(StageOptions):
    """What the page is called."""

    title: str = Field(default="Data analysis through tools", description="title of the page")


class IndataReportStage:
    """Over recipe. Needs scores on `data=indata` or `indata_plans`; episodes of `agent` as well.

    Writes ``analysis.md``, ``analysis.html``, ``figures.json`` and a picture each of accuracy by
    level, steps, depth and branches, and of causes. Seeds of an arm are taken together; causes,
    endings and calls are those of all its episodes, of several draws the first.
    """

    Options: ClassVar[type[StageOptions]] = IndataReportOptions
    kind: ClassVar[str] = "indata_report"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The options, the arms in their order, who was trained."""
        return {
            "options": given.read(IndataReportOptions).model_dump(mode="json"),
            "arms": list(given.arms),
            "trained": sorted(trained_arms(given.arms, given.stages)),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Some milliseconds an episode."""
        return Cost(seconds=1.0 + len(given.arms))

    def run(self, context: StageContext) -> None:
        """Read scores and episodes, and write figures and pages."""
        from llmx.core.figure import Figures
        from llmx.papers.indata.report.page import html, markdown, pictures
        from llmx.report.figures.read import write_figures
        from llmx.stages.availability import sentences
        from llmx.store.page import write_marked

        title = context.given.read(IndataReportOptions).title
        found = tuple(one for arm in _arms(context) for one in arm.figures())
        figures, lost = Figures(figures=found), sentences(context.unavailable)
        write_figures(context.out, figures)
        write_marked(context.out / f"{PAGE}.md", markdown(title, figures, lost))
        write_marked(context.out / f"{PAGE}.html", html(title, figures, lost))
        for name, svg in pictures(figures).items():
            write_marked(context.out / f"{name}.svg", svg)


def _arms(context: StageContext) -> Iterator[AnalysisArm]:
    from llmx.papers.indata.report.attempts import read_episodes
    from llmx.papers.indata.report.figures import AnalysisArm
    from llmx.report.gather import gather, pool

    given = context.given
    apart = gather(context.inputs, given.arms, trained_arms(given.arms, given.stages))
    found: dict[str, AnalysisArm] = {
        name: AnalysisArm(name, files) for name, files in pool(apart).arms.items() if files.scores
    }
    for place, folder in context.inputs.items():
        arm = place.partition("/")[2]
        if (folder / "episodes.jsonl").exists() and family(arm) in found:
            files, known = apart.arms[arm], found[family(arm)]
            own = read_episodes(folder, files.problems, files.scores)
            found[family(arm)] = replace(known, episodes=(*known.episodes, *own))
    yield from found.values()
