"""How far a prediction from one arm's texts is from what another arm really did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from llmx.core.figure import Span
from llmx.papers.fsd.divergence_log import Counts, DivergenceLog, Names
from llmx.papers.fsd.explore.model import Drift, LoggedRule
from llmx.papers.fsd.explore.passing import finite
from llmx.papers.fsd.explore.texts import by_text
from llmx.report.timing import as_span
from llmx.stats.bootstrap import Floats, bootstrap

_RESAMPLES = 2000


@dataclass(frozen=True)
class Logged:
    """One arm's log, with its rule."""

    rule: LoggedRule
    log: DivergenceLog


def drift(name: str, pairs: Sequence[tuple[Logged, Logged]]) -> Drift | None:
    """Compare three tellings of a fuzzy arm's draft share; None where no text is shared.

    Args:
        name: of the arm.
        pairs: (the arm, its reference), one a seed.
    """
    parts = [_columns(own, reference) for own, reference in pairs]
    ids, sums = by_text(
        np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    )
    if not len(ids):
        return None
    rule, total = pairs[0][0].rule, sums.sum(0)
    assert rule.measure is not None
    thresholds = [own.rule.threshold for own, _ in pairs if own.rule.threshold is not None]
    return Drift(
        arm=name,
        measure=rule.measure,
        threshold=finite(float(np.mean(thresholds))),
        predicted=float(total[0] / total[1]),
        own=float(total[2] / total[3]),
        real=float(total[4] / total[5]),
        texts=_gap(sums, 2, 0),
        alignment=_gap(sums, 4, 2),
        whole=_gap(sums, 4, 0),
    )


def _columns(own: Logged, reference: Logged) -> tuple[Names, Counts]:
    """Return shared ids and six columns: (accepted, emitted) as predicted, as replayed, as real."""
    rule = own.rule
    assert rule.measure is not None and rule.threshold is not None
    sums = [
        log.sums(log.accepts(rule.measure, rule.threshold, rule.semantics))
        for log in (reference.log, own.log)
    ]
    real = np.stack((own.log.accepted, own.log.emitted), 1).astype(np.float64)
    ids, at_reference, at_own = np.intersect1d(reference.log.ids, own.log.ids, return_indices=True)
    return ids, np.hstack((sums[0][at_reference], sums[1][at_own], real[at_own]))


def _gap(sums: Counts, first: int, second: int) -> Span:
    """Bootstrap the difference of two shares over problems."""

    def difference(totals: Floats) -> Floats:
        one = totals[..., first] / totals[..., first + 1]
        other = totals[..., second] / totals[..., second + 1]
        gap: Floats = one - other
        return gap

    return as_span(bootstrap(sums, difference, resamples=_RESAMPLES, method="percentile"))
