"""One measure's threshold under another: which share does it give?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmx.core.figure import Spread
from llmx.core.spec import Semantics
from llmx.explore.model import AtShare, Transfer
from llmx.explore.texts import by_text
from llmx.methods.decode.divergence_log import DivergenceLog
from llmx.stats.ratio import ratio_of_means

_RESAMPLES = 2000


def transfer(log: DivergenceLog, source: AtShare, to: str, semantics: Semantics) -> Transfer:
    """Use `source`'s threshold under the measure `to`.

    The interval is over problems, with the threshold held: what another sample of problems would
    say of this number under that measure.
    """
    _, columns = by_text(log.ids, log.sums(log.accepts(to, source.threshold, semantics)))
    accepted, emitted = columns.T
    if not accepted.any() or np.array_equal(accepted, emitted):
        low = share = high = float(accepted.sum() / emitted.sum())
    else:
        span = ratio_of_means(accepted, emitted, resamples=_RESAMPLES)
        low, share, high = span.low, span.estimate, span.high
    return Transfer(
        source=source.measure,
        to=to,
        asked_share=source.share,
        threshold=source.threshold,
        share=share,
        low=low,
        high=high,
        spread=_spread(columns),
    )


def _spread(columns: NDArray[np.float64]) -> Spread:
    """Return what a test of the share needs of accepted and emitted tokens, a text a row."""
    accepted, emitted = columns.mean(0)
    moments = np.cov(columns, rowvar=False) if len(columns) > 1 else np.zeros((2, 2))
    return Spread(
        items=len(columns),
        accepted=float(accepted),
        emitted=float(emitted),
        variances=(float(moments[0, 0]), float(moments[0, 1]), float(moments[1, 1])),
    )
