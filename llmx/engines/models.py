"""Models ready to step, kept for the process while they are small.

A sweep asks for the same pair in hundreds of stages; loading it each time would take longer than
the answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.errors import EngineError
from llmx.core.spec import EngineSpec
from llmx.engines.explained import explained
from llmx.engines.hub_cache import cached_folder
from llmx.engines.kernel import NATIVE, kernel_of
from llmx.engines.locate import content_hash, local_folder
from llmx.engines.size import model_size

if TYPE_CHECKING:
    from llmx.decoding import StepModel

_SMALL = 16 * 2**20  # parameters of a model that may stay
_MOST = 8  # models that stay


class Shelf:
    """Models by what they are; the one that was not asked for longest goes first."""

    def __init__(self, most: int = _MOST) -> None:
        self.most = most
        self.held: OrderedDict[object, StepModel] = OrderedDict()

    def get(self, key: object, load: Callable[[], StepModel], keep: bool) -> StepModel:
        """Return the model of a key, loaded if it is not here."""
        if key in self.held:
            self.held.move_to_end(key)
            return self.held[key]
        model = load()
        if keep:
            self.held[key] = model
            while len(self.held) > self.most:
                self.held.popitem(last=False)
        return model


SHELF = Shelf()


def step_model(
    name: str, revision: str | None, spec: EngineSpec, stages: Mapping[str, Path]
) -> StepModel:
    """Return a model ready to step, by the forward that the engine's settings ask for.

    Raises:
        EngineError: if it cannot be loaded.
    """
    folder = local_folder(name, stages)
    kernel = kernel_of(spec)
    content = content_hash(folder) if folder else (name, revision)
    key = (content, kernel, spec.device, spec.dtype, spec.lean, spec.trust_remote_code)
    small = folder is not None and model_size(str(folder)).parameters <= _SMALL
    return SHELF.get(key, lambda: _load(name, revision, spec, kernel, folder), keep=small)


def _load(
    name: str, revision: str | None, spec: EngineSpec, kernel: str, folder: Path | None
) -> StepModel:
    from llmx.engines.pretrained import check_folder

    check_folder(str(folder or name), revision)
    if kernel == NATIVE:
        here = folder or _downloaded(name, revision)
        found = _native(name, here) if here else None
        if found is not None:
            return found
    return _through_torch(name, revision, spec, folder)


def _native(name: str, folder: Path) -> StepModel | None:
    from llmx.engines.native.model import NativeLlama

    with explained(name):
        return NativeLlama.load(name, folder)


def _downloaded(name: str, revision: str | None) -> Path | None:
    """Return the snapshot of a hub model, which is fetched if it is not here."""
    from llmx.engines.native.shape import native_shape

    here = cached_folder(name, revision)
    if here is None or native_shape(here) is None:
        # By the library that knows all layouts.
        _transformers(name, revision, EngineSpec(), None)
        here = cached_folder(name, revision)
    return here


def _through_torch(
    name: str, revision: str | None, spec: EngineSpec, folder: Path | None
) -> StepModel:
    import torch

    from llmx.engines.step import build_step_model

    torch.set_num_threads(spec.threads)
    model = _transformers(name, revision, spec, folder)
    _check_finite(name, model)
    return build_step_model(model.to(_device(spec.device)).eval(), spec.lean)


def _transformers(name: str, revision: str | None, spec: EngineSpec, folder: Path | None) -> Any:
    import torch
    from transformers.utils.logging import disable_progress_bar

    from llmx.engines.pretrained import causal_model

    disable_progress_bar()  # the run has a bar of its own
    place, trust = str(folder or name), spec.trust_remote_code
    with explained(name):
        return causal_model(place, revision, trust, dtype=getattr(torch, spec.dtype))


def _device(wanted: str) -> str:
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if not there[wanted.partition(":")[0]]:
        raise EngineError(f"engine.device={wanted}: this machine has none", "engine.device=auto")
    return wanted


def _check_finite(name: str, model: Any) -> None:
    """A weight that is no number makes every text nonsense, and no later step complains."""
    for where, weight in model.named_parameters():
        if not weight.isfinite().all():
            raise EngineError(
                f"{name} has weights that are no numbers, in {where}", "a damaged file?"
            )
