"""How many problems fit a time budget, how small a difference they show, how long answers take.

The number is a fixed function of the specification, not of a stop-watch: the same command on the
same recipe asks for the same problems, so that an interrupted run goes on as it began. What a plan
says of time rests on rates that were measured on this machine, where there are any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llmx.core.names import several
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, RunSpec
from llmx.data import settled
from llmx.engines.kernel import NATIVE, TORCH, kernel_of, known_exact, knows
from llmx.engines.size import ModelSize, local_size, model_size
from llmx.store.machine import (
    ASSUMED,
    ASSUMED_GPU,
    Forward,
    Rates,
    device_memory,
    machine,
    machine_rates,
)

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
# Of models that llmx does not ship: tokens of an answer to a word problem, if it may be as long.
_ANSWER_TOKENS = 192
_QUESTION_TOKENS = 64  # of a question with its template
_LETTERS = 4  # of a token, in what is put around a question
_RAGGED = 1.3  # a fixed batch goes on until its longest answer ends: over the mean length
_CALLS_AROUND = 2000  # calls' time that a problem takes besides its steps: its prompt, its record
_SECONDS_SERVER = 40.0  # until vLLM answers: assumed
_STEPPING = ("hf", "vllm", "vllm_server")  # engines that run a model here
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
    if budgets and any(_of_no_size(arm) for arm in arms):
        return _STEP  # nobody knows what one costs
    per_problem = sum(map(seconds_per_problem, arms)) / _PROCESSES
    if not budgets or not per_problem:
        return max(arm.data.test for arm in arms if arm.data)
    return max(_STEP, int(_QUALITY * min(budgets) / per_problem) // _STEP * _STEP)


def _of_no_size(arm: ArmSpec) -> bool:
    """Whether an arm runs a hub model here of which no size is published with llmx."""
    if arm.engine.is_elsewhere or arm.sampler is None or arm.engine.kind not in _STEPPING:
        return False
    hub = [name for name in used_names(arm) if not name.startswith("stage:")]
    return any(not spec_size(name).layers for name in hub)


def used_names(arm: ArmSpec) -> list[str]:
    """Return the models that an arm's algorithm runs: its target, its draft, or both."""
    if arm.model is None or arm.sampler is None:
        return []
    target, draft = arm.model.target, arm.model.draft
    alone = {"target": (target,), "draft": (draft,)}
    return [name for name in alone.get(arm.sampler.algorithm, (target, draft)) if name]


def spec_size(name: str) -> ModelSize:
    """Return a model's size as the specification alone tells it: of a folder, or as published."""
    return _or_published(local_size(name), name)


def _or_published(size: ModelSize, name: str) -> ModelSize:
    if size.layers or name.startswith("stage:"):
        return size
    from llmx.engines.published import published

    listed = published(name)
    return size if listed is None else listed.size


def seconds_per_problem(arm: ArmSpec, batch_size: int | None = None) -> float:
    """Return one core's seconds for one problem, by the cost model that sizes a run.

    Of a small model a layer costs what its calls do, whatever its size; of a large one its weights
    decide. It is a function of the specification: no measurement of this machine is in it.
    """
    if arm.model is None or arm.sampler is None:
        return 0.0
    rows = batch_size or arm.engine.batch_size
    if arm.engine.is_elsewhere:
        return _SECONDS_ASKED / rows
    by_size = _steps(arm, rows, ASSUMED, spec_size) if arm.engine.kind in _STEPPING else 0.0
    return max(_of_calls(arm, rows), by_size)


def _of_calls(arm: ArmSpec, rows: int) -> float:
    assert arm.model is not None and arm.sampler is not None
    tokens = min(_TYPICAL_TOKENS, arm.sampler.max_tokens)
    used = arm.model.used_by(arm.sampler.algorithm)
    target = local_size(used.target).layers
    draft = local_size(used.draft).layers if used.draft else 0
    layers = {"target": float(target), "draft": float(draft)}.get(
        arm.sampler.algorithm,
        (target + arm.sampler.gamma * draft) / _tokens_per_round(arm.sampler.gamma),
    )
    if arm.engine.kind == "hf" and known_exact(arm.used_model, arm.engine):
        fed = {"target": target, "draft": draft}.get(arm.sampler.algorithm, target + draft)
        return fed * _SECONDS_AROUND + tokens * layers * _SECONDS_PER_LAYER_COMPILED * (
            0.4 + 4.8 / rows
        )
    # Most of a step is moving weights and calling kernels: a row more costs little, up to a point.
    return tokens * layers * _SECONDS_PER_LAYER * (0.9 + 0.8 / rows)


@dataclass(frozen=True)
class TimeEstimate:
    """What answers take on this machine.

    Attributes:
        seconds: of one process; None = not known.
        basis: what they rest on, for people.
        unknown: why they are not known.
    """

    seconds: float | None
    basis: str = ""
    unknown: str = ""


ON_THIS_MACHINE = "by rates measured on this machine"
ASSUMED_HERE = "by assumed rates; `llmx doctor --bench` measures this machine"
ASSUMED_THERE = "assumed: an A100 of 80 GB at 60 % of its bandwidth and 40 % of its arithmetic"
ASSUMED_ANSWER = f"assumed: {_SECONDS_ASKED:g} s for an answer of an endpoint"


def estimate(arm: ArmSpec, problems: int, batch_size: int | None = None) -> TimeEstimate:
    """Return what the answers of an arm take in one process, the start of its engine included.

    Args:
        arm: with the model that answers.
        problems: how many are answered.
        batch_size: rows at once, where it is not the engine's.
    """
    rows = batch_size or arm.engine.batch_size
    if arm.model is not None and arm.engine.is_elsewhere:
        return TimeEstimate(problems * _SECONDS_ASKED / rows, ASSUMED_ANSWER)
    unknown = _unknown(arm)
    if unknown:
        return TimeEstimate(None, unknown=unknown)
    on_gpu = _on_gpu(arm.engine)
    rates = ASSUMED_GPU if on_gpu else machine_rates()
    here = ON_THIS_MACHINE if rates.measured else ASSUMED_HERE
    seconds = problems * _steps(arm, rows, rates, _size_here(arm)) + _start(arm, rates)
    return TimeEstimate(seconds, ASSUMED_THERE if on_gpu else here)


def on_gpu_seconds(arm: ArmSpec, problems: int) -> float:
    """Return what answers take on GPUs at the assumed rate, if all models are of known size."""
    rows = arm.engine.batch_size
    return problems * _steps(arm, rows, ASSUMED_GPU, _size_here(arm))


def _unknown(arm: ArmSpec) -> str:
    """Return why nobody knows how long the arm's answers take; empty where it is known."""
    if arm.model is None or arm.sampler is None or arm.engine.kind not in _STEPPING:
        return f"engine '{arm.engine.kind}' has no known rate"
    size = _size_here(arm)
    for name in used_names(arm):
        if name.startswith("stage:"):
            return "the model is still to be trained"
        if not size(name).parameters:
            return f"{name} is not here, and llmx ships no size of it"
    return _too_large(arm, sum(size(name).parameters for name in used_names(arm)))


def _too_large(arm: ArmSpec, parameters: int) -> str:
    """Return why no rate of this machine says anything: its memory does not hold the weights."""
    has, weights = device_memory(arm.engine.device), _width(arm) * parameters
    if _on_gpu(arm.engine) or has is None or weights <= has:
        return ""
    names, size = " and ".join(used_names(arm)), f"{weights / 1e9:.1f} GB of weights"
    return f"{names}: {size} do not fit into this machine ({has / 1e9:.1f} GB)"


def _size_here(arm: ArmSpec) -> Callable[[str], ModelSize]:
    """Return what knows a model's size: from its files where they are here, else as published."""
    model = arm.model
    assert model is not None

    def size(name: str) -> ModelSize:
        revision = model.target_revision if name == model.target else model.draft_revision
        return _or_published(model_size(name, revision), name)

    return size


def _on_gpu(engine: EngineSpec) -> bool:
    automatic = engine.device == "auto" and bool(machine()["accelerators"])
    return automatic or engine.device.startswith("cuda")


def _kernel(arm: ArmSpec, name: str) -> str:
    """Return the forward that steps a model."""
    if arm.engine.kind != "hf" or _on_gpu(arm.engine) or kernel_of(arm.engine) == TORCH:
        return TORCH
    known = knows(name)
    if known is None:
        from llmx.engines.published import published

        listed = published(name)
        known = listed is not None and listed.llama
    return NATIVE if known else TORCH


def _forward(arm: ArmSpec, name: str, rates: Rates) -> Forward:
    return rates.forwards.get(_kernel(arm, name)) or rates.forwards[TORCH]


def _steps(arm: ArmSpec, rows: int, rates: Rates, size: Callable[[str], ModelSize]) -> float:
    """Return a problem's seconds: its prompt, the steps of its answer, and what is around them.

    A step moves all weights once, whatever the rows, and calculates for each of them: the larger of
    both, and the calls on top.
    """
    assert arm.sampler is not None
    tokens, names = _answer_tokens(arm), used_names(arm)
    speeds = {name: _forward(arm, name, rates).prompt for name in names}
    asked = 2 * _prompt_tokens(arm.data)
    prompt = sum(asked * size(name).parameters / speed for name, speed in speeds.items())

    def step(name: str, width: int) -> float:
        return step_seconds(
            size(name), rows * width, _width(arm), rates, _forward(arm, name, rates)
        )

    if len(names) == 1:
        steps = tokens * step(names[0], 1)
    elif names:
        gamma = arm.sampler.gamma
        rounds = tokens / _tokens_per_round(gamma)
        steps = rounds * (step(names[0], gamma + 1) + gamma * step(names[1], 1))
    else:
        steps = 0.0
    waiting = 1.0 if rows == 1 or _refilled(arm) else _RAGGED
    return prompt + waiting * steps / rows + _CALLS_AROUND * rates.call


def _refilled(arm: ArmSpec) -> bool:
    """Whether the next problem takes the row of one that is over."""
    return arm.engine.kind != "hf" or known_exact(arm.used_model, arm.engine)


def step_seconds(size: ModelSize, tokens: int, width: int, rates: Rates, forward: Forward) -> float:
    """Return the seconds of one step.

    Args:
        size: of the model.
        tokens: that the step calculates, of all rows.
        width: bytes of a weight.
        rates, forward: of the machine, and of the forward that steps.
    """
    moved = width * size.parameters / rates.bandwidth
    calculated = 2 * size.parameters * tokens / forward.operations
    return forward.step + size.layers * forward.layer + max(moved, calculated)


def _width(arm: ArmSpec) -> int:
    return 4 if arm.engine.dtype == "float32" else 2


def _start(arm: ArmSpec, rates: Rates) -> float:
    """Return the seconds until an engine answers: libraries, weights."""
    size, names = _size_here(arm), used_names(arm)
    forwards = {name: _forward(arm, name, rates) for name in names}
    weights = (_width(arm) * size(name).parameters / f.load for name, f in forwards.items())
    server = 0.0 if arm.engine.kind == "hf" else _SECONDS_SERVER
    return max((f.start for f in forwards.values()), default=0.0) + sum(weights) + server


def _answer_tokens(arm: ArmSpec) -> int:
    assert arm.sampler is not None
    ours = all(name.startswith("zoo:") for name in used_names(arm))
    return min(_TYPICAL_TOKENS if ours else _ANSWER_TOKENS, arm.sampler.max_tokens)


def _prompt_tokens(data: DataSpec | None) -> float:
    around = "" if data is None else f"{data.system}{data.preamble}{data.instruction}"
    return _QUESTION_TOKENS + len(around) / _LETTERS


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
