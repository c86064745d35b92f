"""From a wanted draft share to the threshold that gives it.

Draft share = accepted drafted tokens / emitted tokens: the setting that can be compared between
divergences, whose thresholds have different scales.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from llmx.core.spec import Semantics
from llmx.decoding.accept import leading
from llmx.decoding.api import decode_all
from llmx.decoding.lossy_rules import passed_over
from llmx.decoding.options import DecodeOptions
from llmx.decoding.rows import Decoded, Stop
from llmx.decoding.step_model import StepModel
from llmx.papers.fsd.random_control import (
    blocks_share,
    random_share,
    solve_blocks,
    solve_random,
)
from llmx.papers.fsd.replay import BlockLog, replay

Ladder = NDArray[np.float64]
CLOSE = 0.002
"""A measured share this near to the asked one is taken: near the top, half a point of share is
most of the way from no loss to a large one."""

_WORTH_A_NOTE = 0.01


@dataclass(frozen=True)
class Calibration:
    """A threshold and the shares that go with it.

    Attributes:
        threshold: nats for ``fuzzy``, a probability for ``random``; infinite at an end of the
            reachable range.
        asked: draft share.
        predicted: share computed from replayed blocks (or in closed form for ``random``, unless
            its drafts may stop).
        achieved: share measured by decoding the same prompts with `threshold`.
        trace: every (threshold, measured share) that was tried.
        note: empty, or one line on a share that can't be reached.
    """

    threshold: float
    asked: float
    predicted: float
    achieved: float
    trace: tuple[tuple[float, float], ...]
    note: str


def predict(log: BlockLog, threshold: float, semantics: Semantics, window: int = 0) -> float:
    """Return the draft share of the logged blocks at a threshold; it never falls as that rises.

    Args:
        window: tokens that have to pass without the threshold behind one that it lets through.
    """
    accept = log.divergence <= threshold
    if window:
        accept &= passed_over(log.lossless, log.valid, window)
    if semantics != "research":
        accept = accept | log.lossless
    run = leading(accept, log.valid)
    emitted = run + 1 - ((run == log.valid) & log.closed)
    return float(run.sum() / emitted.sum())


def solve_threshold(
    log: BlockLog, share: float, semantics: Semantics, window: int = 0
) -> tuple[float, float]:
    """Return the threshold whose predicted share is nearest to `share`, and that share.

    Bisection over the observed divergences: between two of them nothing changes.
    """
    ladder = _ladder(log)

    def share_at(threshold: float) -> float:
        return predict(log, threshold, semantics, window)

    at = _bisect(lambda rung: share_at(float(ladder[rung])), share, len(ladder))
    near = [float(ladder[rung]) for rung in (at - 1, at) if 0 <= rung < len(ladder)]
    pairs = [(threshold, share_at(threshold)) for threshold in near]
    return min(pairs, key=lambda pair: abs(pair[1] - share))


def achieved_share(outputs: Sequence[Decoded]) -> float:
    """Return accepted drafted tokens over emitted tokens."""
    emitted = sum(len(one.token_ids) for one in outputs)
    return sum(one.accepted for one in outputs) / emitted


def calibrate(
    target: StepModel,
    draft: StepModel,
    prompts: Sequence[Sequence[int]],
    ids: Sequence[str],
    options: DecodeOptions,
    seed: int,
    share: float,
    tries: int = 4,
    batch: int | None = None,
    stop: Stop | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Calibration:
    """Solve for a share on replayed blocks, then correct by decoding the same prompts.

    The replayed texts are lossless ones; a fuzzy run drifts from them, so the prediction can miss.

    Args:
        options: algorithm ``fuzzy`` or ``random``; the threshold is what is looked for.
        share: of emitted tokens that the draft is to provide, in (0, 1).
        tries: decodes at most.
        batch: rows at once; None = all.
        stop: as in :func:`~llmx.decoding.api.decode`.
        tick: called after the replay and after each decode, for a progress bar.
    """

    def measure(distance: float) -> float:
        tuned = replace(options, threshold=options.threshold_at(distance))
        outputs = decode_all(target, draft, prompts, ids, tuned, seed, stop, batch)
        tick()
        return achieved_share(outputs)

    solver = solve_shares(target, draft, prompts, ids, options, seed, batch, stop)
    threshold, predicted = solver.solve(share)
    tick()
    trace = _refine(measure, solver.ladder, threshold, share, tries)
    best, achieved = min(trace, key=lambda pair: abs(pair[1] - share))
    note = _note(share, achieved, options)
    tried = tuple((options.threshold_at(distance), got) for distance, got in trace)
    return Calibration(options.threshold_at(best), share, predicted, achieved, tried, note)


@dataclass(frozen=True)
class Solver:
    """From draft shares to distances (see :meth:`DecodeOptions.threshold_at`), by prediction.

    Attributes:
        ladder: distances to try, from none to all accepted.
        solve: of a share, the distance with the nearest predicted share, and that share.
    """

    ladder: Ladder
    solve: Callable[[float], tuple[float, float]]


def solve_shares(
    target: StepModel,
    draft: StepModel,
    prompts: Sequence[Sequence[int]],
    ids: Sequence[str],
    options: DecodeOptions,
    seed: int,
    batch: int | None = None,
    stop: Stop | None = None,
) -> Solver:
    """Return the solver of a rule, from blocks replayed along lossless texts.

    The random control needs none, unless its drafts may stop. Arguments as in :func:`calibrate`.
    """
    if options.algorithm == "random" and not options.stop_below:
        return Solver(np.linspace(0, 1, 10001), lambda share: _by_chance(share, options.gamma))
    return _over_blocks(
        replay(target, draft, prompts, ids, options, seed, batch=batch, stop=stop), options
    )


def _by_chance(share: float, gamma: int) -> tuple[float, float]:
    chance = solve_random(share, gamma)
    return chance, random_share(chance, gamma)


def _over_blocks(log: BlockLog, options: DecodeOptions) -> Solver:
    """Return the solver over logged blocks."""
    if options.algorithm == "random":

        def solve(share: float) -> tuple[float, float]:
            chance = solve_blocks(share, log)
            return chance, blocks_share(chance, log)

        return Solver(np.linspace(0, 1, 10001), solve)
    semantics, window = options.semantics, options.deferral_window
    if options.rival:
        semantics = "fallback" if options.tests_ratio else "research"
    return Solver(_ladder(log), lambda share: solve_threshold(log, share, semantics, window))


def _ladder(log: BlockLog) -> Ladder:
    """Return thresholds that separate the observed divergences, from none to all accepted."""
    counted = log.divergence[np.arange(log.divergence.shape[1]) < log.valid[:, None]]
    seen = np.unique(counted[np.isfinite(counted)]).astype(np.float64)
    ladder: Ladder = np.concatenate(([-np.inf], (seen[:-1] + seen[1:]) / 2, [np.inf]))
    return ladder


def _bisect(value: Callable[[int], float], wanted: float, size: int) -> int:
    """Return the first of `size` rungs whose value is at least `wanted`, or `size`."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if value(middle) < wanted else (low, middle)
    return low


def _refine(
    measure: Callable[[float], float], ladder: Ladder, threshold: float, share: float, tries: int
) -> list[tuple[float, float]]:
    """Measure, then move along the ladder by false position until the share is close.

    On the ladder (quantiles of the divergence), not in nats: there the share is nearly a line.
    """
    top = len(ladder) - 1
    # Brackets as (rung, share); neither end has been measured, so neither is ever returned.
    low, high = (-1, 0.0), (top + 1, 1.0)
    at = int(np.searchsorted(ladder, threshold).clip(0, top))
    trace = [(threshold, measure(threshold))]
    while len(trace) < tries and abs(trace[-1][1] - share) > CLOSE:
        got = (at, trace[-1][1])
        low, high = (low, got) if got[1] > share else (got, high)
        if high[0] - low[0] <= 1:
            break
        at = _between(low, high, share)
        trace.append((float(ladder[at]), measure(float(ladder[at]))))
    return trace


def _between(low: tuple[int, float], high: tuple[int, float], share: float) -> int:
    """Return the rung where the line through two brackets has the share, strictly inside."""
    slope = (share - low[1]) / max(high[1] - low[1], 1e-9)
    return int(np.clip(round(low[0] + slope * (high[0] - low[0])), low[0] + 1, high[0] - 1))


def _note(share: float, achieved: float, options: DecodeOptions) -> str:
    if abs(achieved - share) <= _WORTH_A_NOTE:
        return ""
    most = options.gamma / (options.gamma + 1)
    if share > most:
        return (
            f"a draft share of {share:.3f} is above γ/(γ+1) = {most:.3f}; nearest: {achieved:.3f}"
        )
    falls_back = options.tests_ratio or (options.algorithm == "fuzzy" and options.tests_first)
    if achieved > share and falls_back:
        return f"lossless decoding alone has a draft share of {achieved:.3f}, above {share:.3f}"
    return f"nearest draft share reached: {achieved:.3f} for {share:.3f}"
