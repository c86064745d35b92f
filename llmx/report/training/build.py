"""From what trainings left behind to the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from llmx.report.training.evidence import Arms, SeedRun
from llmx.report.training.model import Learned, Seed, ShownRollout, TrainingReport
from llmx.report.training.outputs import accuracy_gap, accuracy_p, backtracks_gap, outputs
from llmx.report.training.prediction import prediction
from llmx.report.training.series import QUANTITIES, Series, default_window, odd, series, smooth


def build(
    arms: Arms,
    title: str,
    references: Mapping[str, str],
    reference: str | None,
    window: int | None,
    collapse: float,
    broken: Sequence[str] = (),
) -> TrainingReport:
    """Measure every arm.

    Args:
        references: arm → the arm it is compared with, where that is not the same for all.
        window: of the moving average; None = a tenth of the longest curve. A centred average has
            an odd width: an even one is taken one wider, and the report gives what was taken.
        collapse: see :func:`llmx.report.training.build.steady`.
        broken: arms that were broken on purpose: the correlation leaves them out.
    """
    longest = max((len(run.rl) for runs in arms.values() for run in runs), default=0)
    wide = odd(window) if window is not None else default_window(longest)
    predicted = prediction({name: runs for name, runs in arms.items() if name not in broken})
    return TrainingReport(
        title=title,
        reference=reference,
        window=wide,
        collapse=collapse,
        arms=tuple(
            _learned(name, arms, references.get(name, reference), wide, collapse) for name in arms
        ),
        curves={name: found for name in QUANTITIES if (found := _curves(name, arms, wide))},
        predicts=predicted.span,
        predicts_reliability=predicted.reliability,
        predicts_arms=predicted.arms,
        predicts_seeds=predicted.seeds,
        broken=tuple(name for name in arms if name in broken),
    )


def _curves(name: str, arms: Arms, window: int) -> tuple[Series, ...]:
    read = QUANTITIES[name][1]
    found = (series(arm, [read(run) for run in runs], window) for arm, runs in arms.items())
    return tuple(one for one in found if one is not None)


def _learned(name: str, arms: Arms, against: str | None, window: int, collapse: float) -> Learned:
    runs = arms[name]
    before, after = [run.before for run in runs], [run.after for run in runs]
    base = arms.get(against or "", ())
    other = against if base and against != name else None
    return Learned(
        arm=name,
        seeds=len(runs),
        before=outputs(before),
        after=outputs(after),
        gain=accuracy_gap(after, before),
        gain_p=accuracy_p(after, before),
        more_backtracks=backtracks_gap(runs),
        against=other,
        versus=accuracy_gap(after, [run.after for run in base]) if other else None,
        versus_before=accuracy_gap(before, [run.before for run in base]) if other else None,
        form_only=_over_groups(runs, "form_only"),
        silent=_over_groups(runs, "silent"),
        trained_on=runs[0].trained_on,
        steady=all_steady(runs, window, collapse),
    )


def _over_groups(runs: Sequence[SeedRun], name: str) -> float | None:
    """Return the share of all groups of all steps and seeds."""
    found = [(getattr(one, name), one.groups) for run in runs for one in run.drawn]
    if not found or any(value is None for value, _ in found):
        return None
    return float(sum(value * groups for value, groups in found) / sum(n for _, n in found))


def shown(arms: Arms, names: Sequence[str]) -> dict[str, tuple[ShownRollout, ...]]:
    """Return the rollouts to read, of the first seed of each named arm that has any."""
    return {
        name: tuple(_shown(name, row) for row in arms[name][0].shown)
        for name in names
        if name in arms and arms[name][0].shown
    }


def _shown(arm: str, row: Mapping[str, object]) -> ShownRollout:
    fields = {name: row[name] for name in ShownRollout.model_fields if name != "arm"}
    return ShownRollout.model_validate({"arm": arm, **fields})


def steady(run: SeedRun, window: int, collapse: float) -> Seed | None:
    """Return the figures of one seed; None without a curve of rewards.

    Args:
        window: of the moving average, in points.
        collapse: share of the greatest smoothed reward below which its last value has collapsed.
    """
    points = QUANTITIES["reward"][1](run)
    if not points:
        return None
    raw = np.array([value for _, value in points])
    smoothed = smooth(raw, window)
    last, best = float(smoothed[-1]), float(smoothed.max())
    return Seed(
        name=run.name,
        steps=int(points[-1][0]),
        first=float(smoothed[0]),
        last=last,
        best=best,
        drop=last - best,
        jitter=float(np.diff(raw).var(ddof=1)) if len(raw) > 2 else None,
        collapsed=bool(best > 0 and last < collapse * best),
    )


def all_steady(runs: Sequence[SeedRun], window: int, collapse: float) -> tuple[Seed, ...]:
    """Return the figures of every seed that has a curve."""
    found = (steady(run, window, collapse) for run in runs)
    return tuple(one for one in found if one is not None)
