"""The paired difference in a metric from the reference: one seed by counts, several by a table."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Span
from llmx.core.record import RIGHT, Metric
from llmx.report.gather import ArmFiles
from llmx.report.paired_table import PairedTable, scaled_gaps, table_of, value_of
from llmx.report.results import Difference
from llmx.report.timing import as_span
from llmx.report.verdict.gap import detectable, gap_p, gap_span
from llmx.stats.paired import paired_difference
from llmx.stats.power import minimum_detectable_effect
from llmx.stats.proportion import paired_score_interval

FEWEST_CLUSTERS = 20
"""Below this a bootstrap over clusters promises more than it keeps."""


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
        problems=n,
        score=as_span(paired_score_interval(plain.better, plain.worse, n)),
        bootstrap=as_span(plain.difference),
        clustered=_clustered(gaps, table.clusters),
        clusters=len(set(table.clusters)),
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
        problems=len(gaps),
        seeds=table.seeds,
        score=span,
        bootstrap=as_span(paired_difference(means, means * 0).difference),
        clustered=_clustered([float(mean) for mean in means], table.clusters),
        clusters=len(set(table.clusters)),
        gained=int((better > 0).sum()),
        lost=int((better < 0).sum()),
        p_value=gap_p(table, metric),
        detectable=detectable(span),
    )


def _clustered(gaps: Sequence[float], labels: Sequence[str]) -> Span | None:
    if not FEWEST_CLUSTERS <= len(set(labels)) < len(labels):
        return None
    return as_span(paired_difference(gaps, [0.0] * len(gaps), labels).difference)
