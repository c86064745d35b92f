"""Stage `mmeb_report`: hit@1 by category, domain and task of MMEB, an arm a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError
from llmx.core.figure import Figure, Figures
from llmx.core.names import families
from llmx.core.options import StageOptions
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.papers.b3.mmeb_means import (
    GROUPS,
    TaskScore,
    mean_of,
    members,
    scores_of,
)
from llmx.store.files import read_lines
from llmx.store.page import write_marked

PAGE = "mmeb.md"
SCORES = "scores.jsonl"


class MmebReportOptions(StageOptions):
    """Of the page."""

    title: str = Field(default="MMEB", description="of the page")


class MmebReportStage:
    """Over recipe. Needs `retrieve` on data of MMEB; writes ``mmeb.md`` and ``figures.json``.

    A category is the plain mean over its tasks, the average that over all 36. Where tasks are left
    out, the page says over how many a mean is.
    """

    Options: ClassVar[type[StageOptions]] = MmebReportOptions
    kind: ClassVar[str] = "mmeb_report"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The title and the arms; what is reported is that of its inputs.

        Raises:
            ConfigError: if nothing that it needs searches, or the data are not MMEB.
        """
        _need(given)
        others = [n for n, a in given.arms.items() if a.data is None or a.data.kind != "mmeb"]
        if others:
            text = f"stage '{given.stage.name}' is about MMEB, and arm '{others[0]}' has other data"
            raise ConfigError(text, "data=mmeb")
        return {**given.read(MmebReportOptions).model_dump(), "arms": list(given.arms)}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Nothing worth telling."""
        return Cost(seconds=0.5)

    def run(self, context: StageContext) -> None:
        """Read the scores of each arm, and write both files."""
        from llmx.report.figures.read import write_figures

        given, need = context.given, _need(context.given)
        found = {}
        for name, arms in families(given.arms).items():
            folders = [context.inputs.get(f"{need}/{arm}") for arm in arms]
            rows = [
                {row["id"]: bool(row["correct"]) for row in read_lines(folder / SCORES)}
                for folder in folders
                if folder is not None
            ]
            if rows:
                found[name] = scores_of(rows)
        figures = [one for arm, held in found.items() for one in figures_of(arm, held)]
        write_figures(context.out, Figures(figures=tuple(figures)))
        title = given.read(MmebReportOptions).title
        write_marked(context.out / PAGE, markdown(title, found))


def _need(given: StageInput) -> str:
    kinds = {name: given.stages[name].kind for name in given.stage.needs if name in given.stages}
    found = next((name for name, kind in kinds.items() if kind == "retrieve"), None)
    if found is None:
        text = f"stage '{given.stage.name}' needs no stage of kind retrieve"
        raise ConfigError(text, f"add one to stages.{given.stage.name}.needs")
    return found


def figures_of(arm: str, scores: Mapping[str, TaskScore]) -> Iterator[Figure]:
    """Yield the means of one arm, as shares; the quantity names the tasks of its group."""
    for group in GROUPS:
        if (held := mean_of(scores, group)) is not None:
            queries = sum(scores[name].queries for name in members(group) if name in scores)
            yield Figure(
                quantity=f"hit@1, {group} ({held[1]})",
                arm=arm,
                span=held[0],
                unit="share",
                n=queries,
                seeds=next(iter(scores.values())).trainings,
                lone=next(iter(scores.values())).trainings == 1,
            )


def markdown(title: str, found: Mapping[str, Mapping[str, TaskScore]]) -> str:
    """Return the page: means, then tasks.

    Args:
        found: arm to the score of each task.
    """
    tasks = [name for name in members("average") if any(name in one for one in found.values())]
    counts = {group: len(set(members(group)) & set(tasks)) for group in GROUPS}
    whole = {group: len(members(group)) for group in GROUPS}
    heads = [f"{group} ({counts[group]})" for group in GROUPS]
    lines = [
        f"# {title}",
        "",
        "Share of queries whose right target comes first among their own candidates, in per cent. A"
        " column is the plain mean over its tasks, whose number stands behind it.",
        "",
        *_table(["arm", *heads], found, lambda one, at: _mean(one, GROUPS[at])),
    ]
    if counts != whole:
        text = f"{counts['average']} of the {whole['average']} tasks of MMEB were run, so that no"
        lines += ["", f"{text} column is one of a published table."]
    lines += [
        "",
        "## By task",
        "",
        *_table(["arm", *tasks], found, lambda o, at: _of(o, tasks[at])),
    ]
    return "\n".join([*lines, ""])


def _mean(scores: Mapping[str, TaskScore], group: str) -> float | None:
    held = mean_of(scores, group)
    return None if held is None else held[0].estimate


def _of(scores: Mapping[str, TaskScore], task: str) -> float | None:
    return scores[task].share if task in scores else None


def _table(heads: list[str], found: Mapping[str, Any], cell: Any) -> Iterator[str]:
    from llmx.report.numbers import number

    yield f"| {' | '.join(heads)} |"
    yield "| --- " * len(heads) + "|"
    for arm, scores in found.items():
        values = [cell(scores, at) for at in range(len(heads) - 1)]
        shown = ["–" if one is None else number(100 * one, 2) for one in values]
        yield f"| {' | '.join([f'`{arm}`', *shown])} |"
