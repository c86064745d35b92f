"""What generation stages share: which problems an arm asks, and with what model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from llmx.core.errors import ConfigError, DataError
from llmx.core.permuted import in_draw
from llmx.core.progress import Progress
from llmx.core.record import Sample
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, RunSpec, SamplerSpec
from llmx.core.speech import LOSSLESS, LOSSY, Request, ask, brought
from llmx.core.stage import Cost, Memory, StageInput
from llmx.data import evaluation_identity, load
from llmx.data.tasks.options import Wrapper, sent_wrapper, wrap
from llmx.engines.engine import Engine, Telling, engine_class
from llmx.engines.size import clock_identity, model_identity
from llmx.store.files import read_json
from llmx.train.course.duration import on_cpu, written_seconds
from llmx.train.post_training.base import size_of


def answering(given: StageInput, inputs: Iterable[str] | None = None) -> ArmSpec:
    """Return the arm with the model of the stage's option ``model`` as its target.

    The option is a name, or several of which the first that the arm has counts: a stage that did
    nothing for the arm left none. Without `inputs` (before anything ran) it is the first.

    Raises:
        ConfigError: for an option that is no name, or if the arm has none of them.
    """
    names, arm = answering_names(given), given.arm
    if not names or arm.model is None:
        return arm
    there = names if inputs is None else [name for name in names if _has(name, set(inputs))]
    if not there:
        where = f"stages.{given.stage.name}.model"
        raise ConfigError(f"{where}: the arm has none of {', '.join(names)}", "add a model to it")
    return arm.model_copy(update={"model": arm.model.model_copy(update={"target": there[0]})})


def answering_names(given: StageInput) -> list[str]:
    """Return what the option names, nothing if it is not given."""
    named = given.options.model
    names = [named] if isinstance(named, str) else [*(named or ())]
    where = f"stages.{given.stage.name}.model"
    for name in names:
        kind, _, need = name.partition(":")
        if kind == "stage" and need not in given.stage.needs:
            raise ConfigError(f"{where}: '{name}' is no input of it", f"add {need} to its needs")
    return names


def otherwise(given: StageInput) -> dict[str, Any]:
    """Return what the names behind the first mean, for a stage's identity."""
    later = answering_names(given)[1:]
    return {"otherwise": [model_identity(name, None) for name in later]} if later else {}


def _has(name: str, inputs: set[str]) -> bool:
    kind, _, need = name.partition(":")
    return kind != "stage" or need in inputs


def later_seconds(given: StageInput, arm: ArmSpec, problems: int) -> float | None:
    """Return the seconds of answers at their cap, from the rates of a training's rollouts.

    None where those rates say nothing: another engine than this process, a second model, a GPU,
    a model that no stage trains, or one of unknown size.

    Args:
        given: the stage that decodes.
        arm: with the model that answers.
        problems: how many are answered.
    """
    model, sampler = arm.model, arm.sampler
    if model is None or sampler is None or not model.target.startswith("stage:"):
        return None
    if arm.engine.kind != "hf" or sampler.algorithm != "target" or not on_cpu(given):
        return None
    size = size_of([*answering_names(given), model.target], given)
    return written_seconds(size, problems, arm.engine.batch_size, sampler.max_tokens) or None


_GUARDS = {"hold", "hold_gain", "floor", "budget", "strict", "strict_scale"}
_FUZZY = {"semantics", "divergence", "divergence_top_k", "divergence_on", *_GUARDS}
_DIALS = {"threshold", "draft_share", "accuracy_loss"}
_DRAFTING = {"gamma", "draft", "first_block", "stop_below"}
_ALONE = {*_DRAFTING, "ensemble_weight", *_FUZZY, *_DIALS}
_UNREAD: dict[str, set[str]] = {
    # settings that an algorithm never reads, so that they don't part equal work
    "target": _ALONE,
    "draft": _ALONE,
    **{name: {"ensemble_weight", *_FUZZY, *_DIALS} for name in LOSSLESS},
    "ensemble": {*_FUZZY, *_DIALS},
    "random": {"ensemble_weight", *_FUZZY},
    "fuzzy": {"ensemble_weight"},
    **{name: {"ensemble_weight", *_FUZZY} for name in ("typical", "fly", "cascade")},
}


def _unread(algorithm: str) -> set[str]:
    if brought(algorithm):
        from llmx.decoding.stateful_rule import stateful_rule

        rule = stateful_rule(algorithm)
        own = {"ensemble_weight", *_FUZZY, "draft_share", "accuracy_loss"}
        return own if rule is None else own - rule.settings
    return _UNREAD[algorithm]


def _rule(algorithm: str) -> dict[str, Any]:
    """Return the version of a rule that a package brings; nothing of llmx's own."""
    if not brought(algorithm):
        return {}
    from llmx.decoding.accept_rule import brought_rule
    from llmx.decoding.stateful_rule import stateful_rule

    return {"rule": (stateful_rule(algorithm) or brought_rule(algorithm)).version}


def required(arm: ArmSpec, stage: str) -> tuple[DataSpec, SamplerSpec]:
    """Return data and sampler of an arm.

    Raises:
        ConfigError: if the recipe gives the arm no such thing.
    """
    if arm.data is None or arm.sampler is None:
        what = "data" if arm.data is None else "sampler"
        raise ConfigError(f"stage '{stage}' needs a {what}", f"add {what}=… to the recipe")
    return arm.data, arm.sampler


def decoding_identity(arm: ArmSpec, split: str, stage: str) -> dict[str, Any]:
    """Return what an arm's completions depend on, but for how many there are.

    Raises:
        ConfigError: for a sampler that the arm's engine cannot follow, or a prompt that it cannot
            send.
    """
    data, sampler = required(settled(arm), stage)
    check = getattr(engine_class(arm.engine.kind), "check", None)
    if check is not None:
        check(sampler, arm.engine)
    return {
        "data": evaluation_identity(data, split),
        "engine": dict(engine_class(arm.engine.kind).identity(arm.used_model, arm.engine)),
        "sampler": sampler.model_dump(mode="json", exclude=_unread(sampler.algorithm)),
        "seed": arm.seed,
        **_rule(sampler.algorithm),
        **_around(data, arm.engine.kind),
    }


def _wrapper(data: DataSpec) -> Wrapper:
    """Return what is put around a question: a chat, unless an option says something else."""
    return sent_wrapper(data) if data.options else "chat"


def _around(data: DataSpec, engine: str) -> dict[str, str]:
    """Return what is put around a question; nothing for a chat, which earlier identities are of."""
    wrapper = _wrapper(data)
    if wrapper == "chat":
        return {}
    if "raw" not in engine_class(engine).capabilities:
        raise ConfigError(
            f"engine '{engine}' sends chats, and data.options.wrapper={wrapper} makes raw prompts",
            "engine=hf or engine=vllm, or data.options.wrapper=chat",
        )
    return {"wrapper": wrapper}


def settled(arm: ArmSpec) -> ArmSpec:
    """Return the arm as its engine decodes it: some always take one target token first."""
    first = getattr(engine_class(arm.engine.kind), "first_block", None)
    if first is None or arm.sampler is None:
        return arm
    return arm.model_copy(update={"sampler": arm.sampler.model_copy(update={"first_block": first})})


def stepped(arm: ArmSpec, do: str) -> ArmSpec:
    """Return the arm with an engine that steps models: what is measured belongs to the pair.

    Args:
        do: what cannot be done elsewhere, for the message: ``be calibrated``.

    Raises:
        ConfigError: for an engine whose pair cannot be loaded here.
    """
    if arm.engine.kind == "hf":
        return arm
    if arm.engine.kind != "vllm":
        raise ConfigError(f"engine '{arm.engine.kind}' cannot {do}", "use engine=hf or engine=vllm")
    kept = ("device", "dtype", "threads", "kernel")
    lean = EngineSpec(**{name: getattr(arm.engine, name) for name in kept})
    return settled(arm).model_copy(update={"engine": lean})


def lossless_of(sampler: SamplerSpec) -> SamplerSpec:
    """Return SD that draws and drafts as another rule does; soft greedy drafts become one-hot."""
    own = {"algorithm", "window", "deferral", *_UNREAD["speculative"]}
    shared = sampler.model_dump(exclude=own)
    if sampler.draft == "greedy_soft":
        shared["draft"] = "greedy"
    return SamplerSpec(algorithm="speculative", **shared)


def first_block_notes(spec: RunSpec) -> tuple[str, ...]:
    """Return a line on arms whose law changes with the engine: lossless ones keep theirs."""
    moved = [
        name
        for name, arm in spec.arms.items()
        if arm.sampler and _is_lossy(arm.sampler.algorithm) and settled(arm) != arm
    ]
    if not moved:
        return ()
    text = "one target token comes before the first block (sampler.first_block=target) in"
    return (f"{text} {', '.join(moved)}: their engine cannot draft from the prompt at once",)


def clock_notes(spec: RunSpec) -> tuple[str, ...]:
    """Return a line on each model whose chat template shows a day."""
    arms = [arm for arm in spec.arms.values() if not arm.engine.is_elsewhere]
    models = [(arm.used_model, arm.engine) for arm in arms]
    found = [(one.target, clock_identity(one, engine)) for one, engine in models if one]
    days = dict.fromkeys((name, clock["date"]) for name, clock in found if clock)
    text = "the chat template of {} reads a clock, which shows {} (engine.date)"
    return tuple(text.format(name, day) for name, day in days)


def _is_lossy(algorithm: str) -> bool:
    return algorithm in LOSSY or brought(algorithm)


def open_engine(arm: ArmSpec, inputs: Mapping[str, Path], progress: Progress) -> Engine:
    """Return the arm's engine; models load at the first request, and may say how far they are."""
    engine = engine_class(arm.engine.kind)(arm.used_model, arm.engine, inputs)
    if isinstance(engine, Telling):
        engine.progress = progress
    return engine


class Requests(Sequence[Request]):
    """Requests of many problems, each made when it is asked for: they are larger than problems.

    Where a problem is answered several times, its draws stand together, each asked as it shows the
    problem.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        make: Callable[[Sample], Request],
        draws: range = range(1),
        which: range | None = None,
    ) -> None:
        self._samples, self._make, self._draws = samples, make, draws
        self._which = range(len(samples) * len(draws)) if which is None else which

    def __len__(self) -> int:
        return len(self._which)

    def of_problems(self, which: slice) -> Requests:
        """Return the requests of some problems, by their places in the dataset."""
        return Requests(self._samples[which], self._make, self._draws)

    @overload
    def __getitem__(self, place: int) -> Request: ...

    @overload
    def __getitem__(self, place: slice) -> Requests: ...

    def __getitem__(self, place: int | slice) -> Request | Requests:
        if isinstance(place, slice):
            return Requests(self._samples, self._make, self._draws, self._which[place])
        problem, draw = divmod(self._which[place], len(self._draws))
        sample, number = self._samples[problem], self._draws[draw]
        if not number:  # a dataset has its problems as the first draw shows them
            return self._make(sample)
        return self._make(in_draw(sample, number)).model_copy(update={"draw": number})


def requests_for(
    arm: ArmSpec,
    split: str,
    problems: int | None,
    threshold: float | None,
    draws: range = range(1),
) -> Requests:
    """Return the requests of one arm, in the dataset's order; of each problem its `draws`."""
    data, sampler = required(settled(arm), "decode")
    samples = load(data, split, problems)
    return Requests(samples, lambda sample: put(data, sample, sampler, arm.seed, threshold), draws)


def put(
    data: DataSpec, sample: Sample, sampler: SamplerSpec, seed: int, threshold: float | None = None
) -> Request:
    """Return the request that puts one problem in the words of its dataset's specification.

    With a raw wrapper (``data.options.wrapper``) it is to the letter what trainings learn from.
    """
    wrapper = _wrapper(data)
    raw = None if wrapper == "chat" else wrap(data.kind, sample.question, wrapper)
    if raw is not None and sample.turns:
        text = f"problem '{sample.id}' is a chat of {len(sample.turns) + 1} turns"
        raise DataError(f"{text}, and a raw wrapper has one", "set data.options.wrapper=chat")
    if raw is not None:
        return Request(id=sample.id, raw=raw, sampler=sampler, threshold=threshold, seed=seed)
    words = {"system": data.system, "preamble": data.preamble}
    return ask(sample, data.instruction, sampler, seed, threshold, **words)


def calibrated_threshold(inputs: Mapping[str, Path], arm: str | None = None) -> float | None:
    """Return the threshold that a calibration among the inputs solved, if there is one."""
    for name, folder in inputs.items():
        if arm is not None and not name.endswith(f"/{arm}"):
            continue
        path = folder / "calibration.json"
        if path.exists():
            return float(read_json(path)["threshold"])
    return None


def decoding_cost(arm: ArmSpec, problems: int, given: StageInput | None = None) -> Cost:
    """TimeEstimate generation: tokens at the cap, memory of weights, caches and activations.

    Args:
        arm: with the model that answers.
        problems: how many are answered.
        given: the stage that decodes; needed for the time of models that are still to be trained.
    """
    from llmx.engines.size import decoding_memory, model_size
    from llmx.stages.budget import ASSUMED_HERE, TimeEstimate, estimate

    assert arm.sampler is not None
    found = estimate(arm, problems)
    later = later_seconds(given, arm, problems) if found.seconds is None and given else None
    if later is not None:
        found = TimeEstimate(later, ASSUMED_HERE)
    model = arm.used_model
    target = model_size(model.target, model.target_revision) if model else model_size(None)
    draft = model_size(model.draft, model.draft_revision) if model and model.draft else None
    return Cost(
        samples=problems,
        tokens=problems * arm.sampler.max_tokens,
        seconds=found.seconds,
        basis=found.basis,
        unknown=found.unknown,
        memory=Memory()
        if arm.engine.is_elsewhere
        else decoding_memory(target, draft, arm.engine, arm.sampler),
        device=arm.engine.device,
        money=problems * arm.sampler.max_tokens * arm.engine.price_out / 1e6,
    )
