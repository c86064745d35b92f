"""What a measure lets pass: the price of a draft share, read off a log."""

from __future__ import annotations

import numpy as np

from llmx.core.spec import Semantics
from llmx.decoding.accept import Flags, leading
from llmx.papers.fsd.divergence_log import DivergenceLog
from llmx.papers.fsd.explore.model import Agreement, AtShare, Curve
from llmx.papers.fsd.explore.solve import rungs, solve

_RUNGS = 41


def at_share(log: DivergenceLog, measure: str, share: float, semantics: Semantics) -> AtShare:
    """Solve a measure for a share, and look at the tokens that it accepts there."""
    threshold = solve(log, measure, share, semantics)
    kept = _emitted(log, log.accepts(measure, threshold, semantics))
    return AtShare(
        measure=measure,
        threshold=finite(threshold),
        share=log.share(measure, threshold, semantics),
        refused=_part(~log.lossless, kept),
        not_argmax=_part(~log.argmax, kept),
        surprise=float(-np.log(np.maximum(log.p[kept], 1e-30)).mean()) if kept.any() else 0.0,
    )


def curve(log: DivergenceLog, measure: str, semantics: Semantics) -> Curve:
    """Return share and refused share over a ladder of thresholds."""
    thresholds = rungs(log, measure, _RUNGS)
    accepts = [log.accepts(measure, rung, semantics) for rung in thresholds]
    sums = [log.sums(accept).sum(0) for accept in accepts]
    return Curve(
        measure=measure,
        thresholds=tuple(thresholds),
        shares=tuple(float(accepted / emitted) for accepted, emitted in sums),
        refused=tuple(_part(~log.lossless, _emitted(log, accept)) for accept in accepts),
    )


def agreement(
    log: DivergenceLog, first: AtShare, second: AtShare, semantics: Semantics
) -> Agreement:
    """Count the drafted tokens that only one of two measures accepts."""
    one, other = (log.accepts(m.measure, m.threshold, semantics) for m in (first, second))
    differ = _part(one != other, log.counted())
    return Agreement(first=first.measure, second=second.measure, differ=differ)


def finite(threshold: float) -> float:
    """Return a threshold that JSON can hold."""
    return float(np.clip(threshold, -1e9, 1e9))


def _emitted(log: DivergenceLog, accept: Flags) -> Flags:
    """Keep the tokens before each block's first rejection."""
    run = leading(accept, log.valid)
    inside: Flags = np.arange(accept.shape[1]) < run[:, None]
    return inside


def _part(which: Flags, among: Flags) -> float:
    return float(which[among].mean()) if among.any() else 0.0
