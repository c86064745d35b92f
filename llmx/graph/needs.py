"""What a run needs beyond this machine: models of the hub, licences, GPUs, hours, packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from math import ceil
from typing import TYPE_CHECKING, Any

from llmx.core.install import with_extra
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, RunSpec
from llmx.core.stage import Memory
from llmx.engines.published import ListedModel, published
from llmx.engines.size import ModelSize, cached_folder, decoding_memory, local_folder
from llmx.stages.budget import ASSUMED_THERE, on_gpu_seconds, spec_size, used_names
from llmx.store.machine import device_memory

if TYPE_CHECKING:
    from llmx.graph.plan import Plan

_DEVICE = 80e9  # bytes of one GPU
_USABLE = 0.9  # of them: vLLM's own default
_TRAINED = {"sft": "trl", "dpo": "trl", "grpo": "trl", "rloo": "trl"}
_EXTRA = {"trl": "train", "datasets": "hub", "peft": "train"}


def needs(plan: Plan) -> tuple[str, ...]:
    """Return a line on each thing that a run of the hub's models or data needs, if any."""
    names, data = sorted(hub_models(plan.spec)), tuple(_data(plan.spec))
    if not names:
        return data
    width = max(map(_width, plan.spec.arms.values()))
    models = (_model(name, width) for name in names)
    large = () if _fits(plan.spec) else (*_devices(plan.spec), *_hours(plan))
    return (*models, *data, *large, *_packages(plan.spec))


def _data(spec: RunSpec) -> Iterator[str]:
    """Yield what data say that they need; most kinds say nothing beside their models."""
    for data in dict.fromkeys(arm.data for arm in spec.arms.values() if arm.data is not None):
        say = getattr(lookup("data", data.kind), "needs", None)
        yield from say(data) if say is not None else ()


def _fits(spec: RunSpec) -> bool:
    """Whether this machine holds every arm's models, as far as their sizes are known."""
    return all(
        _memory(arm).total <= (device_memory(arm.engine.device) or 0) for arm in spec.arms.values()
    )


def hub_models(spec: RunSpec) -> set[str]:
    """Return the hub models that run on this side, by name."""
    named = (name for arm in spec.arms.values() for name in _of_arm(arm))
    return {name for name in (*named, *_of_stages(spec)) if _on_hub(name)}


def _of_arm(arm: ArmSpec) -> Iterator[str]:
    if not arm.engine.is_elsewhere:
        yield from used_names(arm)
    for voice in arm.ensemble.voices.values() if arm.ensemble else ():
        if voice.model is not None and not (voice.engine or arm.engine).is_elsewhere:
            yield voice.model.target


def _of_stages(spec: RunSpec) -> Iterator[str]:
    changed = (one for arm in spec.arms.values() for one in _changed(arm))
    for options in (*(stage.options for stage in spec.stages), *changed):
        yield from _names(options.get("base"))
        yield from _names(options.get("model"))


def _changed(arm: ArmSpec) -> Iterator[Mapping[str, Any]]:
    for options in arm.stages.values():
        if isinstance(options, Mapping):
            yield options


def _names(value: Any) -> list[str]:
    named = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return [name for name in named if isinstance(name, str)]


def _on_hub(name: str) -> bool:
    return ":" not in name and "/" in name and local_folder(name) is None


def _width(arm: ArmSpec) -> int:
    return 4 if arm.engine.dtype == "float32" else 2


def _model(name: str, width: int) -> str:
    known = published(name)
    here = "" if cached_folder(name) is None else "; it is here"
    if known is None:
        return f"needs {name}: its size and licence are not known to llmx{here}"
    size = known.size.parameters
    dtype = "float32" if width == 4 else "16-bit"
    text = f"needs {name}: {_count(size)} parameters, {gigabytes(width * size)} of {dtype} weights"
    return f"{text}{_licence(known, name)}{here}"


def _licence(known: ListedModel, name: str) -> str:
    if not known.gated:
        return ""
    return f"; gated: accept its licence at https://huggingface.co/{name}, then log in"


def _count(parameters: int) -> str:
    return f"{parameters / 1e9:.1f} B" if parameters >= 1e9 else f"{parameters / 1e6:.0f} M"


def _devices(spec: RunSpec) -> Iterator[str]:
    """Yield the GPUs that the largest arm takes."""
    known = {name: need for name, arm in spec.arms.items() if (need := _memory(arm)).weights}
    if not known:
        return
    arm = max(known, key=lambda name: known[name].total)
    need = known[arm]
    devices = ceil(need.total / (_USABLE * _DEVICE))
    several = "one GPU" if devices == 1 else f"{devices} GPUs"
    yield f"arm {arm} takes {gigabytes(need.total)} ({parts(need)}): {several} of 80 GB"


def _memory(arm: ArmSpec) -> Memory:
    """Return what an arm's pair takes, nothing where a size is not known."""
    names = used_names(arm)
    sizes: list[ModelSize] = [spec_size(name) for name in names]
    if (
        not names
        or arm.engine.is_elsewhere
        or arm.sampler is None
        or not all(s.layers for s in sizes)
    ):
        return Memory()
    draft = sizes[1] if len(sizes) > 1 else None
    return decoding_memory(sizes[0], draft, arm.engine, arm.sampler)


def _hours(plan: Plan) -> Iterator[str]:
    """Yield how long answers take on GPUs at a stated rate; of trainings nothing is said."""
    todo = [
        (node.given.arms, row.cost.samples)
        for node, row in zip(plan.graph, plan.stages, strict=True)
        if row.cost.tokens and not row.cached and len(node.given.arms) == 1
    ]
    asked = [(arm, samples) for arms, samples in todo for arm in arms.values()]
    known = [on_gpu_seconds(arm, samples) for arm, samples in asked if _memory(arm).weights]
    if not known:
        return
    rest = len(asked) - len(known)
    left = f"; {rest} stages of unknown models come on top" if rest else ""
    yield (
        f"answers take about {sum(known) / 3600:,.1f} GPU-hours ({ASSUMED_THERE});"
        f" timed rounds and trainings come on top{left}"
    )


def _packages(spec: RunSpec) -> Iterator[str]:
    """Yield the packages that are missing, with what installs them."""
    wanted = {_TRAINED[stage.kind] for stage in spec.stages if stage.kind in _TRAINED}
    wanted |= {"peft" for stage in spec.stages if stage.options.get("lora")}
    wanted |= {"datasets" for arm in spec.arms.values() if arm.data and arm.data.revision}
    for name in sorted(wanted):
        if find_spec(name) is None:
            yield f"the package {name} is missing: {with_extra(_EXTRA[name])}"


def parts(memory: Memory) -> str:
    """Return ``weights 141.2 GB, cache 12.0 GB``: what is not zero."""
    named = {
        "weights": memory.weights,
        "cache": memory.cache,
        "activations": memory.activations,
        "gradients": memory.gradients,
        "optimiser": memory.optimiser,
    }
    return ", ".join(f"{name} {gigabytes(size)}" for name, size in named.items() if size)


def gigabytes(size: int) -> str:
    """Return bytes in GB, or in MB below one."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
