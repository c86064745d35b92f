"""Everything that a stage `scaling` writes, from its arms, frontiers and floors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from llmx.core.figure import Figure, Figures
from llmx.core.record import as_json
from llmx.papers.inference_scaling import estimators, pictures
from llmx.papers.inference_scaling.arm_points import ArmPoints, PointTable, tabled
from llmx.papers.inference_scaling.assembled import AssembledArm
from llmx.papers.inference_scaling.comparisons import (
    PairedGap,
    doublings,
    matched,
    truncations,
    voting,
)
from llmx.papers.inference_scaling.costs import ModelCost
from llmx.papers.inference_scaling.document import FloorTest, gaps, priced
from llmx.papers.inference_scaling.figures import of_arm, of_frontiers
from llmx.papers.inference_scaling.frontiers import Frontiers
from llmx.papers.inference_scaling.page import ScalingPage, html, markdown
from llmx.papers.inference_scaling.page_tables import counted, tables
from llmx.papers.inference_scaling.pictures.read import AXIS
from llmx.papers.inference_scaling.said import sentences
from llmx.papers.inference_scaling.shown_problem import ShownProblem
from llmx.report.brought import Picture
from llmx.report.figures.read import write_figures
from llmx.report.priced import FILE, PricedPoints
from llmx.store.files import write_json
from llmx.store.page import write_marked

MARKERS = "markers.json"
_PICTURES: tuple[Picture, ...] = (
    pictures.AGAINST_COST,
    pictures.LOSSES,
    pictures.DRAWS,
    pictures.TRUNCATION,
    pictures.FLIPS,
    pictures.MARGIN,
    pictures.STOPPING,
)


@dataclass(frozen=True, eq=False)
class ScalingRun:
    """What was computed of a run.

    Attributes:
        cost: the kind of cost that pictures are drawn by.
        models: arm → seed → what its tokens take.
        frontiers: kind of cost → its frontiers.
    """

    cost: str
    arms: tuple[AssembledArm, ...]
    models: Mapping[str, Mapping[str, ModelCost]]
    frontiers: Mapping[str, Frontiers]
    floors: tuple[FloorTest, ...]

    def document(self) -> PricedPoints:
        """Return the content of ``scaling.json``."""
        points = [arm.points for arm in self.arms]
        return PricedPoints(
            cost=self.cost,
            classes={one.arm: one.kind for one in points if one.kind is not None},
            draws={one.arm: one.draws for one in points},
            frontier_problems=dict(self.frontiers[self.cost].problems),
            points=tuple(chain.from_iterable(priced(one, self.frontiers) for one in points)),
            gaps=tuple(gaps(self.gaps)),
            floors=tuple(one.row() for one in self.floors),
        )

    @cached_property
    def gaps(self) -> tuple[PairedGap, ...]:
        """Everything that is compared, but for the floors."""
        return tuple(self._gaps())

    def _gaps(self) -> Iterator[PairedGap]:
        direct = [one.points for one in self.arms if one.points.kind == "direct"]
        for arm in self.arms:
            yield from voting(arm.points)
            yield from doublings(arm.points)
            yield from matched(arm.points, _Votes(arm.points, self.models[arm.points.arm]))
            yield from truncations(arm.points, direct)

    def figures(self) -> Figures:
        """Return the figures of the run."""
        found: list[Figure] = []
        for arm in self.arms:
            found += [*of_arm(arm.points), *arm.figures]
        found += [one.figure() for one in self.gaps]
        found += chain.from_iterable(floor.figures() for floor in self.floors)
        found += of_frontiers(self.frontiers)
        marks = {f"{AXIS}{self.cost}": tuple(one.points.arm for one in self.arms)}
        return Figures(figures=tuple(found), marks=marks)


class _Votes:
    """The majority of any number of draws of an arm, all computed when the first is asked for."""

    def __init__(self, arm: ArmPoints, models: Mapping[str, ModelCost]) -> None:
        self._arm, self._models = arm, models

    @cached_property
    def _tables(self) -> dict[int, PointTable]:
        single = self._arm.find("single")
        if single is None:
            return {}
        every = range(1, self._arm.draws + 1)
        points = [
            estimators.majority(drawn, every, arm=self._arm.arm, model=self._models[seed])
            for seed, drawn in self._arm.drawn.items()
        ]
        made = tabled(points, single.ids, single.clusters, single.trained)
        return {one.size: one for one in made}

    def __call__(self, arm: str, size: int) -> PointTable | None:
        return self._tables.get(size)


def write(
    out: Path, run: ScalingRun, title: str, gain: float, problem: ShownProblem | None
) -> None:
    """Write the document, figures, tables of markers, both pages and the pictures.

    Args:
        title: of the page.
        gain: how far below the best the page calls enough, a share.
        problem: whose draws are shown.

    Raises:
        StoreError: if the folder cannot be written.
    """
    document, figures = run.document(), run.figures()
    kinds = list(run.frontiers)
    markers = [arm.markers for arm in run.arms if arm.markers is not None]
    drawn = {one.caption: svg for one in _PICTURES if (svg := one.draw(figures))}
    page = ScalingPage(
        title=title,
        said=list(sentences(document, gain, kinds)),
        tables=tables(document, markers, gain, kinds),
        cautions=list(counted(document)),
        pictures=drawn,
        problem=problem,
    )
    write_json(out / FILE, as_json(document))
    write_json(out / MARKERS, [as_json(one) for one in markers])
    write_figures(out, figures)
    write_marked(out / "scaling.md", markdown(page))
    write_marked(out / "scaling.html", html(page))
    for name, svg in _named(drawn):
        write_marked(out / f"{name}.svg", svg)


def _named(drawn: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return (file, document) of each picture, by its place among all."""
    captions = [one.caption for one in _PICTURES]
    return [(_FILES[captions.index(caption)], svg) for caption, svg in drawn.items()]


_FILES = ("cost", "losses", "draws", "truncation", "flips", "margin", "stopping")
