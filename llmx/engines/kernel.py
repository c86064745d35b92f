"""Which forward an engine runs: the compiled one, or torch's.

It is meaning, not speed: both give other last bits. So ``engine.kernel=auto`` is settled before a
run gets its name, and stands in its specification; a process that cannot provide what stands there
refuses.
"""

from __future__ import annotations

from llmx.core.errors import EngineError
from llmx.core.spec import ArmSpec, EngineSpec, ModelSpec, RunSpec
from llmx.engines.size import is_gguf, local_folder
from llmx.store.machine import machine, once

NATIVE = "native-1"
"""The compiled forward; the number goes up whenever its bits change."""
TORCH = "torch"
KERNEL_ENGINES = ("hf", "vllm")
"""Kinds of engine that step models; the pair of `vllm` is calibrated by the same loops."""


def with_kernels(spec: RunSpec) -> RunSpec:
    """Return a specification in which every arm's engine says which forward it runs."""
    arms = {name: _settled(arm) for name, arm in spec.arms.items()}
    return spec.model_copy(update={"arms": arms})


def _settled(arm: ArmSpec) -> ArmSpec:
    if arm.engine.kind not in KERNEL_ENGINES or arm.engine.kernel == kernel_of(arm.engine):
        return arm
    engine = arm.engine.model_copy(update={"kernel": kernel_of(arm.engine)})
    return arm.model_copy(update={"engine": engine})


def kernel_of(spec: EngineSpec) -> str:
    """Return the forward that an engine runs.

    Raises:
        EngineError: if it asks for the compiled one, and that cannot be had.
    """
    from llmx.engines.native.build import trouble

    if spec.kernel == TORCH:
        return TORCH
    if spec.kernel == "auto":
        return TORCH if _unfit(spec) or trouble() else NATIVE
    why = _refusal(spec)
    if why:
        raise EngineError(f"engine.kernel={spec.kernel}: {why}", "engine.kernel=torch")
    return NATIVE


def _refusal(spec: EngineSpec) -> str | None:
    """Return why the compiled forward that an engine asks for cannot be had."""
    from llmx.engines.native.build import trouble

    if spec.kernel == "native":
        return _unfit(spec) or trouble()
    if spec.kernel != NATIVE:
        return f"this version of llmx has {NATIVE}"
    # What was settled on a CPU goes on on one; whether it can be had is seen when it loads.
    auto = spec.device == "auto"
    return _unfit(spec.model_copy(update={"device": "cpu"}) if auto else spec)


def _unfit(spec: EngineSpec) -> str | None:
    """Return which setting leaves the compiled forward out; it is float32 on a CPU."""
    on_cpu = spec.device == "cpu" or (spec.device == "auto" and not machine()["accelerators"])
    if not on_cpu:
        return "the compiled forward runs on a CPU alone (engine.device=cpu)"
    if spec.dtype != "float32":
        return "the compiled forward is float32 alone (engine.dtype=float32)"
    return None if spec.lean else "engine.lean=false asks for transformers' own forward"


def kernel_identity(model: ModelSpec, spec: EngineSpec) -> dict[str, object]:
    """Return what the arithmetic of a pair depends on; the batch size only where it moves bits."""
    known = [knows(name) for name in (model.target, model.draft) if name]
    kernel = kernel_of(spec)
    if kernel == TORCH or not any(one is not False for one in known):
        return {"kernel": TORCH, "batch_size": spec.batch_size}
    return {"kernel": kernel} if all(known) else {"kernel": kernel, "batch_size": spec.batch_size}


def known_exact(model: ModelSpec | None, spec: EngineSpec) -> bool:
    """Whether it is known beforehand that an answer depends on its request alone."""
    return model is not None and "batch_size" not in kernel_identity(model, spec)


@once
def knows(name: str) -> bool | None:
    """Whether the compiled forward knows a model; None where its folder is not there to look at.

    A hub model is never looked at, not even where it is here: the answer would change with it.
    Of a GGUF file the folder is made when it loads.
    """
    from llmx.engines.native.weights import native_shape

    if name.startswith("stage:"):
        return None
    place = local_folder(name)
    return None if place is None or is_gguf(place) else native_shape(place) is not None
