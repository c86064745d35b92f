"""From the logs of a run to its exploration."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import RunError
from llmx.core.figure import Spread
from llmx.core.names import families
from llmx.core.spec import Semantics
from llmx.papers.fsd.divergence_log import DivergenceLog, joined
from llmx.papers.fsd.explore.drift import Logged, drift
from llmx.papers.fsd.explore.model import AtShare, Drift, Explored, Transfer
from llmx.papers.fsd.explore.passing import agreement, at_share, curve
from llmx.papers.fsd.explore.texts import by_text
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


def explore(
    logs: Mapping[str, Logged],
    references: Mapping[str, str],
    share: float,
    semantics: Semantics,
) -> Explored:
    """Compare all measures along the reference's texts, and state the drift of the other arms.

    Args:
        logs: by arm, every seed an arm.
        references: arm -> its reference.
        share: at which measures are compared.
        semantics: of the rule that they are compared under.

    Raises:
        RunError: if no reference was logged.
    """
    base, members, notes = _base(logs, references)
    log = joined([logs[name].log for name in members])
    names = [str(name) for name in log.measures]
    solved = {name: at_share(log, name, share, semantics) for name in names}
    whole = [name for name in names if _divergence(name) == name]
    return Explored(
        base=base,
        semantics=semantics,
        asked_share=share,
        problems=len(set(map(str, log.ids))),
        seeds=len(members),
        blocks=len(log.valid),
        tokens=int(log.valid.sum()),
        at_share=tuple(solved.values()),
        curves=tuple(curve(log, name, semantics) for name in whole),
        transfer=_transfers(log, solved, whole, semantics),
        agreement=tuple(
            agreement(log, solved[a], solved[b], semantics) for a, b in combinations(whole, 2)
        ),
        drift=_drifts(logs, references),
        notes=notes,
    )


def _base(
    logs: Mapping[str, Logged], references: Mapping[str, str]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the reference's family, its logged seeds, and what is left out."""
    found = families(name for name in logs if references.get(name, name) == name)
    if not found:
        raise RunError("no log of a reference", "let the divergence_log stage cover that arm")
    base, *others = found
    left = ", ".join(f"`{name}`" for name in others)
    notes = (f"Measures are compared along `{base}` alone; left out: {left}.",) if left else ()
    return base, found[base], notes


def _transfers(
    log: DivergenceLog,
    solved: Mapping[str, AtShare],
    whole: list[str],
    semantics: Semantics,
) -> tuple[Transfer, ...]:
    """Every divergence under every other, and each under its own truncated and warped forms."""
    own = [(name, other) for other in solved if (name := _divergence(other)) != other]
    pairs = [*permutations(whole, 2), *(pair for pair in own if pair[0] in solved)]
    return tuple(transfer(log, solved[name], other, semantics) for name, other in pairs)


def _divergence(measure: str) -> str:
    """Return the divergence of a measure's name."""
    return measure.removesuffix("_warped").partition("_top")[0]


def _drifts(logs: Mapping[str, Logged], references: Mapping[str, str]) -> tuple[Drift, ...]:
    fuzzy = families(name for name, one in logs.items() if one.rule.measure is not None)
    found = []
    for name, members in fuzzy.items():
        pairs = [
            (logs[member], logs[references[member]])
            for member in members
            if references.get(member) in logs
        ]
        one = drift(name, pairs) if pairs else None
        if one is not None:
            found.append(one)
    return tuple(found)
