"""How many problems fit a time budget, and how small a difference they can show.

The estimate is a fixed function of the specification, not of a stop-watch: the same command on the
same recipe asks for the same problems, so that an interrupted run goes on as it began.
"""

from __future__ import annotations

from llmx.core.spec import ArmSpec, RunSpec
from llmx.engines.size import model_size

_STEP = 32  # numbers of problems are multiples of this
_TYPICAL_TOKENS = 72  # of an answer, where nothing is known; measured on the zoo's test split
# Seconds of one decoding round of a batch of eight, a layer, on one 2024 server core: measured with
# scripts/bench_decode.py on the zoo pair. Calls cost more than arithmetic at these sizes.
_SECONDS_PER_LAYER = 0.00045
_TOKENS_PER_ROUND = 3.5  # of speculation
_PROCESSES = 2
_DISCORDANT = 0.2  # share of problems that only one of two arms gets right, before it is known
_START_UP = 12.0  # seconds: imports, loading, calibration's share


def size_problems(spec: RunSpec, limit: int | None) -> tuple[RunSpec, tuple[str, ...]]:
    """Fill in the number of problems of every arm, equally.

    Args:
        spec: a composed recipe.
        limit: at most so many, from ``--limit``.

    Returns:
        the specification with ``scale.problems`` set, and lines to show.
    """
    if not any(arm.data and arm.sampler for arm in spec.arms.values()):
        return spec, ()
    first = next(iter(spec.arms.values()))
    assert first.data is not None
    wanted = first.scale.problems or _affordable(spec)
    problems = min(wanted, first.data.test, limit or first.data.test)
    arms = {name: _with_problems(arm, problems) for name, arm in spec.arms.items()}
    return spec.model_copy(update={"arms": arms}), (_detectable(problems),)


def _with_problems(arm: ArmSpec, problems: int) -> ArmSpec:
    return arm.model_copy(update={"scale": arm.scale.model_copy(update={"problems": problems})})


def _affordable(spec: RunSpec) -> int:
    """Return how many problems the smallest budget of any arm pays for."""
    budgets = [arm.scale.budget_seconds for arm in spec.arms.values() if arm.scale.budget_seconds]
    if not budgets:
        return max(arm.data.test for arm in spec.arms.values() if arm.data)
    per_problem = sum(seconds_per_problem(arm) for arm in spec.arms.values()) / _PROCESSES
    if not per_problem:
        return max(arm.data.test for arm in spec.arms.values() if arm.data)
    paid = max(min(budgets) - _START_UP, 0.0) / per_problem
    return max(_STEP, int(paid // _STEP) * _STEP)


def seconds_per_problem(arm: ArmSpec) -> float:
    """Estimate one core's seconds for one problem in a batch, for a small model on a CPU."""
    if arm.model is None or arm.sampler is None:
        return 0.0
    tokens = min(_TYPICAL_TOKENS, arm.sampler.max_tokens)
    target = model_size(arm.model.target).layers
    draft = model_size(arm.model.draft).layers if arm.model.draft else 0
    layers = {"target": float(target), "draft": float(draft)}.get(
        arm.sampler.algorithm, (target + arm.sampler.gamma * draft) / _TOKENS_PER_ROUND
    )
    return tokens * layers * _SECONDS_PER_LAYER / arm.engine.batch_size * 8


def _detectable(problems: int) -> str:
    from llmx.stats import minimum_detectable_effect

    effect = minimum_detectable_effect(problems, _DISCORDANT)
    return (
        f"{problems} problems: an accuracy difference of {100 * effect:.1f} points or more is "
        f"found with 80 % power (if two arms disagree on {_DISCORDANT:.0%} of the problems)"
    )
