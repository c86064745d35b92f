"""Everything that a stage `retrieval_report` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llmx.core.figure import Figure, Figures, Span, joined
from llmx.papers.b3 import figure_names as names
from llmx.papers.b3 import pictures
from llmx.papers.b3.report.figures import TrainedRun
from llmx.papers.b3.report.page import RetrievalPage, cautions, html, markdown, sentences, to_read
from llmx.papers.b3.report.plans import details_of, figures_of
from llmx.papers.b3.report.room import BatchRoom, room_figures
from llmx.papers.b3.report.tables import compared, planned, spent
from llmx.report.brought import Picture
from llmx.report.figures.read import write_figures
from llmx.report.training.tables import TrainingTable
from llmx.store.page import write_marked

PICTURES: Mapping[str, Picture] = {
    "quality-samples": pictures.OVER_SAMPLES,
    "lead": pictures.LEADS,
    "quality-seconds": pictures.OVER_SECONDS,
    "quality-batch": pictures.BY_BATCH,
    "in-batch": pictures.IN_BATCH,
    "loss": pictures.LOSS,
}
"""File → picture, in the order of the page."""


@dataclass(frozen=True)
class RetrievalRun:
    """What was found of a run.

    Attributes:
        trained: its arms, and which method is the control.
        plans: arm → the content of its plan's ``diagnostics.json``.
        pairs: arm → rows that share a batch, to be read.
        seconds: stage → arm → what it took.
        lost: a sentence for each arm that is unavailable.
    """

    trained: TrainedRun
    plans: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pairs: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    rooms: Sequence[BatchRoom] = ()
    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    lost: Sequence[str] = ()

    def figures(self) -> Figures:
        """Return all figures of the run."""
        return joined([Figures(figures=tuple(self._around())), self.trained.figures()])

    def _around(self) -> Iterator[Figure]:
        for room in self.rooms:
            yield from room_figures(room)
        for arm, told in self.plans.items():
            yield from figures_of(arm, told)
            yield from details_of(arm, told)
        for stage, own in self.seconds.items():
            for arm, seconds in own.items():
                span = Span(estimate=seconds)
                quantity = f"{names.STAGE_SECONDS}{stage}"
                yield Figure(quantity=quantity, arm=arm, span=span, unit="seconds")

    def tables(self, figures: Figures) -> list[TrainingTable]:
        """Return the tables that have something to show."""
        arms = list(dict.fromkeys([*(arm.arm for arm in self.trained.arms), *self.plans]))
        found = compared(figures)
        datasets = dict.fromkeys(name for told in self.plans.values() for name in told["datasets"])
        for name in datasets if len(datasets) > 1 else ("",):
            found += [_named(one, name) for one in planned(of_dataset(figures, name), arms)]
        found += to_read(self.pairs)
        by_stage = spent(figures, arms, list(self.seconds))
        return [*found, *([by_stage] if by_stage.rows else [])]


def of_dataset(figures: Figures, name: str) -> Figures:
    """Return figures with those of a dataset under the names that they have where it is alone."""
    end = f", {name}"
    if not name:
        return figures
    own = (one for one in figures.figures if one.quantity.endswith(end))
    renamed = [one.model_copy(update={"quantity": one.quantity.removesuffix(end)}) for one in own]
    return figures.model_copy(update={"figures": (*renamed, *figures.figures)})


def _named(one: TrainingTable, dataset: str) -> TrainingTable:
    return replace(one, title=f"{one.title}: {dataset}") if dataset else one


def write(out: Path, run: RetrievalRun, title: str) -> None:
    """Write figures, both pages and the pictures.

    Raises:
        StoreError: if the folder cannot be written.
    """
    figures = run.figures()
    drawn = {name: svg for name, one in PICTURES.items() if (svg := one.draw(figures))}
    page = RetrievalPage(
        title=title,
        said=list(sentences(figures, run.rooms)),
        tables=run.tables(figures),
        cautions=[*run.lost, *cautions(figures)],
        pictures={PICTURES[name].caption: svg for name, svg in drawn.items()},
    )
    write_figures(out, figures)
    write_marked(out / "retrieval.md", markdown(page))
    write_marked(out / "retrieval.html", html(page))
    for name, svg in drawn.items():
        write_marked(out / f"{name}.svg", svg)
