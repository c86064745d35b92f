"""How many problems fit a time budget, and how small a difference they can show.

The estimate is a fixed function of the specification, not of a stop-watch: the same command on the
same recipe asks for the same problems, so that an interrupted run goes on as it began.
"""

from __future__ import annotations

from pathlib import Path

from llmx.core.spec import ArmSpec, RunSpec
from llmx.data import settled
from llmx.engines.kernel import known_exact
from llmx.engines.size import local_size
from llmx.report.numbers import several

_STEP = 32  # numbers of problems are multiples of this
_TYPICAL_TOKENS = 64  # of an answer; measured on the zoo's test split
# Seconds of one target step a layer and problem, in a batch of eight, with both cores of a 2024
# server at work: measured with the recipe fsd_gsm8k. Calls cost more than arithmetic here.
_SECONDS_PER_LAYER = 9.5e-5
# The same on the compiled forward, measured with `make bench` on two cores of an EPYC with AVX2: a
# step, and what a problem takes besides (its prompt, its words, its record), a layer each. There a
# row more costs less: a step of one row moves all weights for one token.
_SECONDS_PER_LAYER_COMPILED = 1.8e-5
_SECONDS_AROUND = 2.2e-3
_SECONDS_ASKED = 2.0  # for one answer of an endpoint: assumed, as nothing is known of it
_ACCEPTANCE = 0.95  # chance that a drafted token stands, on the zoo's test split
_PROCESSES = 2
_DISCORDANT = 0.2  # share of problems that only one of two arms gets right, before it is known
# Share of a budget that the answers get; loading, calibration and speed take the rest. Fixed, so
# that another calibration or another number of timed rounds asks for the same problems.
_QUALITY = 0.5


def with_data(spec: RunSpec, found: Path) -> RunSpec:
    """Return a specification whose data leave nothing open, with a line on what was found there.

    Args:
        found: file in which commits stand that were looked up once.

    Raises:
        DataError: if an arm's data cannot be had.
    """
    open_ = dict.fromkeys(arm.data for arm in spec.arms.values() if arm.data is not None)
    done = {data: settled(data, found) for data in open_}
    if all(one.spec == data and not one.notes for data, one in done.items()):
        return spec
    arms = {
        name: arm.model_copy(update={"data": done[arm.data].spec}) if arm.data else arm
        for name, arm in spec.arms.items()
    }
    notes = dict.fromkeys((*spec.notes, *(note for one in done.values() for note in one.notes)))
    return spec.model_copy(update={"arms": arms, "notes": tuple(notes)})


def size_problems(spec: RunSpec, limit: int | None) -> RunSpec:
    """Fill in the number of problems of every arm, equally.

    Args:
        spec: a composed recipe.
        limit: at most so many, from ``--limit``.

    Returns:
        the specification with ``scale.problems`` set, where anything is answered.
    """
    if not _answers(spec):
        return spec
    first = next(iter(spec.arms.values()))
    assert first.data is not None
    wanted = first.scale.problems or _affordable(spec)
    there = min(arm.data.test for arm in spec.arms.values() if arm.data)
    problems = min(wanted, there, limit or there)
    arms = {name: _with_problems(arm, problems, limit) for name, arm in spec.arms.items()}
    return spec.model_copy(update={"arms": arms})


def size_notes(spec: RunSpec) -> tuple[str, ...]:
    """Return a line on what the number of problems of a sized specification can show."""
    problems = next(iter(spec.arms.values())).scale.problems
    return (_detectable(problems),) if problems and _answers(spec) else ()


def _answers(spec: RunSpec) -> bool:
    return any(arm.data and arm.sampler for arm in spec.arms.values())


def _with_problems(arm: ArmSpec, problems: int, limit: int | None) -> ArmSpec:
    scale, most = arm.scale, limit or arm.scale.speed_problems + arm.scale.calibration_problems
    sizes = {
        "problems": problems,
        "calibration_problems": min(scale.calibration_problems, most),
        "speed_problems": min(scale.speed_problems, most),
    }
    return arm.model_copy(update={"scale": scale.model_copy(update=sizes)})


def _affordable(spec: RunSpec) -> int:
    """Return how many problems the smallest budget of any arm pays for."""
    arms = list(spec.arms.values())
    budgets = [arm.scale.budget_seconds for arm in arms if arm.scale.budget_seconds]
    per_problem = sum(map(seconds_per_problem, arms)) / _PROCESSES
    if not budgets or not per_problem:
        return max(arm.data.test for arm in arms if arm.data)
    return max(_STEP, int(_QUALITY * min(budgets) / per_problem) // _STEP * _STEP)


def seconds_per_problem(arm: ArmSpec, batch_size: int | None = None) -> float:
    """Estimate one core's seconds for one problem, for a small model on a CPU."""
    if arm.model is None or arm.sampler is None:
        return 0.0
    if arm.engine.kind == "openai":
        return _SECONDS_ASKED / arm.engine.batch_size
    tokens = min(_TYPICAL_TOKENS, arm.sampler.max_tokens)
    used = arm.model.used_by(arm.sampler.algorithm)
    target = local_size(used.target).layers
    draft = local_size(used.draft).layers if used.draft else 0
    layers = {"target": float(target), "draft": float(draft)}.get(
        arm.sampler.algorithm,
        (target + arm.sampler.gamma * draft) / _tokens_per_round(arm.sampler.gamma),
    )
    rows = batch_size or arm.engine.batch_size
    if arm.engine.kind == "hf" and known_exact(arm.used_model, arm.engine):
        fed = {"target": target, "draft": draft}.get(arm.sampler.algorithm, target + draft)
        return fed * _SECONDS_AROUND + tokens * layers * _SECONDS_PER_LAYER_COMPILED * (
            0.4 + 4.8 / rows
        )
    # Most of a step is moving weights and calling kernels: a row more costs little, up to a point.
    return tokens * layers * _SECONDS_PER_LAYER * (0.9 + 0.8 / rows)


def _tokens_per_round(gamma: int) -> float:
    """Expected tokens a round (Leviathan et al., arXiv 2211.17192, eq. 1)."""
    return float((1 - _ACCEPTANCE ** (gamma + 1)) / (1 - _ACCEPTANCE))


def _detectable(problems: int) -> str:
    from llmx.stats.power import minimum_detectable_effect

    effect = minimum_detectable_effect(problems, _DISCORDANT)
    if effect >= 1:
        return f"{several(problems, 'problem')}: too few to show a difference between arms"
    return (
        f"{problems} problems: an accuracy difference of {100 * effect:.1f} points or more is "
        f"found with 80 % power (if two arms disagree on {_DISCORDANT:.0%} of the problems)"
    )
