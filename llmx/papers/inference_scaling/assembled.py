"""Everything that is known of an arm: its points under every seed, and what its answers look like.

A seed has a pool of its own. Points of several seeds are tables; texts are looked at under the
first, since a seed of the sampler is more of the same draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypedDict

import numpy as np

from llmx.core.errors import DataError
from llmx.core.figure import Figure, Span
from llmx.papers.inference_scaling import estimators, figure_names
from llmx.papers.inference_scaling.arm_points import ArmPoints, PointTable, tabled
from llmx.papers.inference_scaling.associations import of_markers, of_votes
from llmx.papers.inference_scaling.calibration import of_live, of_margins
from llmx.papers.inference_scaling.certainty import certainty_points
from llmx.papers.inference_scaling.costs import ModelCost
from llmx.papers.inference_scaling.features.clustered import Bootstrap
from llmx.papers.inference_scaling.features.lexicon import read_lexicons
from llmx.papers.inference_scaling.features.measured import measure
from llmx.papers.inference_scaling.features.rows import MarkerTable
from llmx.papers.inference_scaling.features.table import marker_table
from llmx.papers.inference_scaling.features.votes import WEIGHTED, feature_vote
from llmx.papers.inference_scaling.gathered import ArmFolders, LiveOutcomes
from llmx.papers.inference_scaling.points import MethodPoint, ProblemDraws
from llmx.papers.inference_scaling.stop import StopExact, StopPosterior, replay, stopped
from llmx.stages.by_problem import by_problem

Rules = tuple[StopExact | StopPosterior, ...]


@dataclass(frozen=True)
class EstimatorSettings:
    """What estimators are told.

    Attributes:
        sizes: numbers of draws; None = 1, 2, 4 … up to the pool's.
        keep: share of the draws that vote where the shortest do.
        threshold: of the stopping rule by probability.
        seed: of everything that is drawn.
    """

    sizes: tuple[int, ...] | None = None
    keep: float = 0.5
    threshold: float = 0.95
    resamples: int = 1000
    seed: int = 0

    @property
    def rules(self) -> Rules:
        """The stopping rules that are replayed."""
        return (StopExact(), StopPosterior(self.threshold))


@dataclass(frozen=True, eq=False)
class SeedPool:
    """An arm under one seed, before anything is computed."""

    folders: ArmFolders
    model: ModelCost


@dataclass(frozen=True, eq=False)
class AssembledArm:
    """An arm.

    Attributes:
        markers: the table of lengths and markers, and of votes by them; None of one problem.
        figures: beside those of its points.
    """

    points: ArmPoints
    markers: MarkerTable | None
    figures: tuple[Figure, ...]


def assembled(
    arm: str,
    kind: str | None,
    seeds: Mapping[str, SeedPool],
    trained: bool,
    told: EstimatorSettings,
) -> AssembledArm:
    """Return everything of an arm.

    Args:
        arm: its name, without a seed.
        kind: its class; None = the recipe does not say.
        seeds: name of a seed → its files.
        trained: whether a seed is a training of its own.
        told: what estimators are told.

    Raises:
        DataError: if seeds have other problems, or a pool has fewer draws than a size.
        RunError: for files that do not fit together.
    """
    drawn = {name: one.folders.problems() for name, one in seeds.items()}
    ids, clusters = _problems(arm, drawn)
    pooled = [_on_the_pool(arm, drawn[name], one.model, told) for name, one in seeds.items()]
    live = [list(one.folders.outcomes(arm, one.model)) for one in seeds.values()]
    labels = dict(zip(ids, clusters, strict=True))
    tables = (*tabled(pooled, ids, clusters, trained), *_live_tables(live, labels, trained))
    constant = next(iter(seeds.values())).folders.constant()
    first = _First(arm, next(iter(seeds.values())), next(iter(drawn.values())), trained)
    markers, figures = first.looked_at(told)
    figures += [one for found in live[0] for one in of_live(found, _of(labels, found.ids))]
    points = ArmPoints(arm, kind, drawn, tables, constant)
    return AssembledArm(points, markers, tuple(figures))


def _problems(
    arm: str, drawn: Mapping[str, Sequence[ProblemDraws]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the problems and their clusters, which all seeds have."""
    known = [tuple((one.id, one.cluster) for one in problems) for problems in drawn.values()]
    if not known[0]:
        raise DataError(f"'{arm}' has answered no problem", "ask for some: scale.problems=…")
    if any(one != known[0] for one in known):
        raise DataError(f"the seeds of '{arm}' have other problems", "give each the same data")
    ids, clusters = zip(*known[0], strict=True)
    return ids, clusters


def _on_the_pool(
    arm: str, drawn: Sequence[ProblemDraws], model: ModelCost, told: EstimatorSettings
) -> list[MethodPoint]:
    """Return every method that takes no call of its own."""
    sizes = told.sizes or estimators.sizes_of(drawn)
    named = _Named(arm=arm, model=model)
    return [
        estimators.single(drawn, **named),
        *estimators.majority(drawn, sizes, **named),
        *estimators.oracle(drawn, sizes, **named),
        *estimators.shortest_first(drawn, sizes, **named),
        *estimators.filter_vote(drawn, sizes, keep=told.keep, **named),
        *estimators.early_stop(drawn, sizes, keep=told.keep, **named),
        *_by_length(drawn, sizes, told, named),
        *certainty_points(drawn, sizes, told.seed, **named),
        *(stopped(drawn, rule, most, told.seed, **named) for rule in told.rules for most in sizes),
    ]


class _Named(TypedDict):
    arm: str
    model: ModelCost


def _by_length(
    drawn: Sequence[ProblemDraws], sizes: Sequence[int], told: EstimatorSettings, named: _Named
) -> list[MethodPoint]:
    """Return votes weighted by length, each problem by what did best on the others."""
    if len(drawn) < 2:
        return []
    tokens = np.concatenate([one.tokens for one in drawn]).astype(np.float64)
    weights = feature_vote(drawn, tokens, WEIGHTED, told.seed).weights
    return estimators.weighted_vote(drawn, weights, sizes, told.seed, method="length_vote", **named)


def _live_tables(
    seeds: Sequence[Sequence[LiveOutcomes]], labels: Mapping[str, str], trained: bool
) -> Iterator[PointTable]:
    """Yield the tables of methods with calls; those that ran on the same problems go together."""
    for ids in dict.fromkeys(one.ids for one in seeds[0]):
        same = [[one.point for one in seed if one.ids == ids] for seed in seeds]
        if unknown := [name for name in ids if name not in labels]:
            text = f"{same[0][0].method} of '{same[0][0].arm}' is about '{unknown[0]}'"
            raise DataError(text, "which its pool has not answered")
        yield from tabled(same, ids, _of(labels, ids), trained)


def _of(labels: Mapping[str, str], ids: Sequence[str]) -> list[str]:
    return [labels[name] for name in ids]


@dataclass(frozen=True, eq=False)
class _First:
    """The first seed of an arm."""

    arm: str
    seed: SeedPool
    drawn: Sequence[ProblemDraws]
    trained: bool

    def looked_at(self, told: EstimatorSettings) -> tuple[MarkerTable | None, list[Figure]]:
        """Return the table of markers, and figures: of it, of the votes' margin, of stopping."""
        markers, figures = None, [*of_margins(self.arm, self.drawn), *self._stops(told)]
        if len(self.drawn) > 1:
            records = chain.from_iterable(by_problem(self.seed.folders.samples))
            measured = measure(records, read_lexicons())
            markers = marker_table(
                measured, self.drawn, arm=self.arm, by=self._by(told), seed=told.seed
            )
            figures += of_markers(markers, measured, self.drawn, self.trained)
            figures += of_votes(markers, self.trained)
        return markers, figures

    def _by(self, told: EstimatorSettings) -> Bootstrap:
        labels = [one.cluster or one.id for one in self.drawn]
        return Bootstrap(labels, resamples=max(told.resamples, 100), seed=told.seed)

    def _stops(self, told: EstimatorSettings) -> Iterator[Figure]:
        """Yield what each rule would have used of the whole pool, and how often it agrees."""
        budget = min(one.draws for one in self.drawn)
        for rule in told.rules:
            found = replay(self.drawn, rule, budget, told.seed, model=self.seed.model)
            pairs = (
                (figure_names.USED, found.used, "draws"),
                (figure_names.EQUAL, found.equal, "share"),
            )
            for what, values, unit in pairs:
                yield Figure(
                    quantity=figure_names.stopped(what, rule.name),
                    arm=self.arm,
                    span=Span(estimate=float(values.mean())),
                    unit=unit,
                    n=len(values),
                    setting=figure_names.AT_MOST,
                    at=budget,
                )
