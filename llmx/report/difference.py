"""The paired difference in accuracy from the reference: one seed by counts, several by a table."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Span
from llmx.report.gather import ArmFiles
from llmx.report.paired_table import PairedTable, paired_table
from llmx.report.results import Difference
from llmx.report.timing import as_span
from llmx.report.verdict.gap import detectable, gap_p, gap_span
from llmx.stats.paired import paired_difference
from llmx.stats.power import minimum_detectable_effect
from llmx.stats.proportion import paired_score_interval

FEWEST_CLUSTERS = 20
"""Below this a bootstrap over clusters promises more than it keeps."""


def difference(files: ArmFiles, base: ArmFiles | None) -> Difference | None:
    """Compare on the problems that both arms have answered; None without any."""
    table = paired_table(files, base)
    if table is None:
        return None
    return _of_one_seed(table) if table.seeds == 1 else _of_seeds(table)


def _of_one_seed(table: PairedTable) -> Difference:
    gaps = [float(gap) for gap in table.gaps()[:, 0]]
    plain = paired_difference(gaps, [0.0] * len(gaps))
    n, discordant = len(gaps), plain.better + plain.worse
    return Difference(
        problems=n,
        score=as_span(paired_score_interval(plain.better, plain.worse, n)),
        bootstrap=as_span(plain.difference),
        clustered=_clustered(gaps, table.clusters),
        clusters=len(set(table.clusters)),
        gained=plain.better,
        lost=plain.worse,
        p_value=plain.p_value,
        # Laplace's rule: an observed rate of 0 would promise that any difference is seen.
        detectable=minimum_detectable_effect(n, (discordant + 1) / (n + 2)),
    )


def _of_seeds(table: PairedTable) -> Difference:
    gaps, span = table.gaps(), gap_span(table)
    means = gaps.mean(1)
    return Difference(
        problems=len(gaps),
        seeds=table.seeds,
        score=span,
        bootstrap=as_span(paired_difference(means, means * 0).difference),
        clustered=_clustered([float(mean) for mean in means], table.clusters),
        clusters=len(set(table.clusters)),
        gained=int((gaps > 0).sum()),
        lost=int((gaps < 0).sum()),
        p_value=gap_p(table),
        detectable=detectable(span),
    )


def _clustered(gaps: Sequence[float], labels: Sequence[str]) -> Span | None:
    if not FEWEST_CLUSTERS <= len(set(labels)) < len(labels):
        return None
    return as_span(paired_difference(gaps, [0.0] * len(gaps), labels).difference)
