"""The paired difference in a metric from the reference: one seed by counts, several by a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure, Span
from llmx.core.record import ACCURACY, RIGHT, Metric
from llmx.report.figures import names
from llmx.report.gather import ArmFiles
from llmx.report.numbers import gap_unit
from llmx.report.paired_table import PairedTable, scaled_gaps, table_of, value_of
from llmx.report.timing import as_span
from llmx.report.verdict.gap import detectable, gap_p, gap_span
from llmx.stats.paired import paired_difference
from llmx.stats.power import minimum_detectable_effect
from llmx.stats.proportion import paired_score_interval

FEWEST_CLUSTERS = 20
"""Below this a bootstrap over clusters promises more than it keeps."""


@dataclass(frozen=True)
class Difference:
    """Accuracy, or another metric, minus the reference's, on the problems that both answered.

    Of a graded metric `score` is Student's t interval, `gained` and `lost` count answers that are
    better and worse, and one seed is treated as several are.

    Attributes:
        score: of one seed a score interval (Tango 1998), of several a t interval over items, and
            over seeds where the arms were trained.
        bootstrap: the same difference, paired bootstrap over problems; `clustered` over clusters.
        gained: right here, wrong in the reference arm; over all seeds. `lost`: the other way.
        p_value: exact two-sided McNemar test; of several seeds sign flips of item means, of trained
            arms the interval inverted.
        detectable: smallest difference found with 80 % power: at this discordant rate, of several
            seeds at this width of the interval.
        lone: whether it is of one seed of a training.
    """

    metric: Metric
    problems: int
    score: Span
    bootstrap: Span
    clustered: Span | None
    gained: int
    lost: int
    p_value: float
    detectable: float
    seeds: int = 1
    lone: bool = False

    def figures(self, arm: str, against: str) -> Iterator[Figure]:
        """Yield it as figures of an arm; of a metric beside accuracy the difference alone."""
        counts = {"n": self.problems, "seeds": self.seeds, "lone": self.lone}
        own = {"arm": arm, "against": against, **counts}
        metric = self.metric
        yield Figure(
            quantity=names.gap_of(metric.name),
            span=self.score,
            unit=gap_unit(metric),
            p=self.p_value,
            metric="" if metric.name == ACCURACY else metric.name,
            **own,
        )
        for quantity, span, unit in self._beside() if metric.name == ACCURACY else ():
            yield Figure(quantity=quantity, span=span, unit=unit, **own)

    def _beside(self) -> Iterator[tuple[str, Span, str]]:
        yield names.BOOTSTRAP, self.bootstrap, "points"
        if self.clustered is not None:
            yield names.CLUSTERED, self.clustered, "points"
        yield names.GAINED, Span(estimate=self.gained), "problems"
        yield names.LOST, Span(estimate=self.lost), "problems"
        yield names.DETECTABLE, Span(estimate=self.detectable), "points"


def difference(files: ArmFiles, base: ArmFiles | None, metric: Metric = RIGHT) -> Difference | None:
    """Compare on the problems that both arms have answered; None without any, or the metric."""
    table = table_of(files, base, metric)
    if table is None:
        return None
    counted = metric.boolean and metric.aggregate == "mean" and table.seeds == 1
    return _of_one_seed(table, metric) if counted else _of_seeds(table, metric)


def _of_one_seed(table: PairedTable, metric: Metric) -> Difference:
    gaps = [float(gap) for gap in table.gaps(value_of(metric))[:, 0]]
    plain = paired_difference(gaps, [0.0] * len(gaps))
    n, discordant = len(gaps), plain.better + plain.worse
    return Difference(
        metric=metric,
        problems=n,
        lone=table.lone,
        score=as_span(paired_score_interval(plain.better, plain.worse, n)),
        bootstrap=as_span(plain.difference),
        clustered=_clustered(gaps, table.clusters),
        gained=plain.better if metric.signed > 0 else plain.worse,
        lost=plain.worse if metric.signed > 0 else plain.better,
        p_value=plain.p_value,
        # Laplace's rule: an observed rate of 0 would promise that any difference is seen.
        detectable=minimum_detectable_effect(n, (discordant + 1) / (n + 2)),
    )


def _of_seeds(table: PairedTable, metric: Metric) -> Difference:
    (gaps, _), span = scaled_gaps(table, metric), gap_span(table, metric)
    means, better = gaps.mean(1), metric.signed * gaps
    return Difference(
        metric=metric,
        problems=len(gaps),
        seeds=table.seeds,
        lone=table.lone,
        score=span,
        bootstrap=as_span(paired_difference(means, means * 0).difference),
        clustered=_clustered([float(mean) for mean in means], table.clusters),
        gained=int((better > 0).sum()),
        lost=int((better < 0).sum()),
        p_value=gap_p(table, metric),
        detectable=detectable(span),
    )


def _clustered(gaps: Sequence[float], labels: Sequence[str]) -> Span | None:
    if not FEWEST_CLUSTERS <= len(set(labels)) < len(labels):
        return None
    return as_span(paired_difference(gaps, [0.0] * len(gaps), labels).difference)
