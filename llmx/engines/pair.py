"""A target, its draft and their tokenizer: loaded, kept while they are small, and matched."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.errors import EngineError
from llmx.core.hub import go_offline_if_unreachable
from llmx.core.progress import Progress, Silent
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.templates.dialect import dated
from llmx.engines.kernel import NATIVE, kernel_of
from llmx.engines.pretrained import explained
from llmx.engines.size import cached_folder, content_hash, is_gguf, local_folder, model_size
from llmx.engines.tokenizer import PlainTokenizer, end_ids, open_tokenizer, positions
from llmx.engines.tokenizer.plain_template import with_plain_template

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


def step_model(name: str, revision: str | None, spec: EngineSpec, folder: Path | None) -> StepModel:
    """Return a model ready to step, by the forward that the engine's settings ask for.

    Args:
        folder: where it lies; None for a model of the hub.

    Raises:
        EngineError: if it cannot be loaded.
    """
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
    from llmx.engines.native.weights import native_shape

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


def ready_folder(
    name: str,
    revision: str | None = None,
    stages: Mapping[str, Path] | None = None,
    adapter: str | None = None,
    progress: Progress | None = None,
) -> Path | None:
    """Return the folder to load a model from; None for one of the hub.

    A GGUF file is unpacked and an adapter merged first, once.

    Args:
        name: the reference of a recipe.
        stages: outputs of training stages, by need.
        adapter: folder with a LoRA adapter for it.

    Raises:
        EngineError: if it cannot be made, or is not there.
    """
    place = local_folder(name, stages)
    if adapter is None and (place is None or not is_gguf(place)):
        return place
    from llmx.engines.derived import derived_folder

    return derived_folder(name, revision, place, adapter, progress or Silent())


def target_folder(
    model: ModelSpec, stages: Mapping[str, Path], progress: Progress | None = None
) -> Path | None:
    """Return the folder to load a target from, its adapter merged; None for one of the hub."""
    return ready_folder(model.target, model.target_revision, stages, model.adapter, progress)


@dataclass
class LoadedPair:
    """Models load when they are first used: each alone never loads, or reads, the other."""

    model: ModelSpec
    spec: EngineSpec
    stages: Mapping[str, Path]
    progress: Progress = field(default_factory=Silent)

    @cached_property
    def target_folder(self) -> Path | None:
        """Where the target lies, its adapter merged; None for a model of the hub."""
        return target_folder(self.model, self.stages, self.progress)

    @cached_property
    def draft_folder(self) -> Path | None:
        """Where the draft lies; None for a model of the hub.

        Raises:
            EngineError: if the recipe names none.
        """
        if self.model.draft is None:
            raise EngineError("this sampler needs a draft model", "set model.draft")
        draft, revision = self.model.draft, self.model.draft_revision
        return ready_folder(draft, revision, self.stages, progress=self.progress)

    @cached_property
    def tokenizer(self) -> Any:
        """The target's tokenizer; its template sends plain text where the model has none."""
        model, trust, day = self.model, self.spec.trust_remote_code, self.spec.date
        found = _tokenizer(model.target, model.target_revision, self.target_folder, trust, day)
        return found if found.chat_template else with_plain_template(found)

    @cached_property
    def shared_tokenizer(self) -> Any:
        """The target's tokenizer, known to be the draft's too.

        Raises:
            EngineError: if they differ.
        """
        folder, trust, day = self.draft_folder, self.spec.trust_remote_code, self.spec.date
        draft = _tokenizer(str(self.model.draft), self.model.draft_revision, folder, trust, day)
        check_same(self.tokenizer.get_vocab(), draft.get_vocab(), self.model)
        return self.tokenizer

    @cached_property
    def target(self) -> StepModel:
        """The target, ready to step."""
        model = self.model
        return step_model(model.target, model.target_revision, self.spec, self.target_folder)

    @cached_property
    def draft(self) -> StepModel:
        """The draft, ready to step.

        Raises:
            EngineError: if the recipe names none, or one with other tokens.
        """
        _ = self.shared_tokenizer
        model = self.model
        return step_model(str(model.draft), model.draft_revision, self.spec, self.draft_folder)

    @cached_property
    def eos_ids(self) -> tuple[int, ...]:
        """Every token that ends an answer, as the model's generation settings say."""
        folder = self.target_folder
        known = end_ids(folder, self.tokenizer) if folder else None
        if known is not None:
            return known
        config = _generation_config(self.model, folder)
        found = getattr(config, "eos_token_id", None)
        ids = found if isinstance(found, list) else [found]
        own = self.tokenizer.eos_token_id
        return tuple(sorted({int(one) for one in [*ids, own] if one is not None}))

    @cached_property
    def context(self) -> int | None:
        """Positions that every model of the pair knows; None where no configuration says."""
        sizes = (self.target_context, self._draft_context if self.model.draft else None)
        return min((size for size in sizes if size), default=None)

    @cached_property
    def target_context(self) -> int | None:
        """Positions that the target knows; None where its configuration does not say."""
        model = self.model
        return self._positions(model.target, model.target_revision, self.target_folder)

    @property
    def _draft_context(self) -> int | None:
        model = self.model
        return self._positions(str(model.draft), model.draft_revision, self.draft_folder)

    def _positions(self, name: str, revision: str | None, folder: Path | None) -> int | None:
        return _positions(name, revision, folder, self.spec.trust_remote_code)


def load_pair(
    model: ModelSpec,
    spec: EngineSpec,
    stages: Mapping[str, Path],
    progress: Progress | None = None,
) -> LoadedPair:
    """Return the pair; a recipe that only uses local models never asks a hub."""
    draft = model.draft is None or _is_here(model.draft, stages)
    if draft and local_folder(model.target, stages) is not None:
        # Without it a missing file costs half a minute of retries before the error.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    else:
        go_offline_if_unreachable()
    return LoadedPair(model, spec, stages, progress or Silent())


def _is_here(name: str, stages: Mapping[str, Path]) -> bool:
    """Whether a model is no hub's; one that is nowhere is refused by whoever reads it."""
    try:
        return local_folder(name, stages) is not None
    except EngineError:
        return True


def _tokenizer(
    name: str, revision: str | None, folder: Path | None, trust_remote_code: bool, day: str
) -> Any:
    plain = _plain(folder, content_hash(folder)) if folder else None
    if plain is not None:
        template = plain.chat_template and dated(plain.chat_template, day)
        return plain if template == plain.chat_template else replace(plain, chat_template=template)
    from llmx.engines.pretrained import tokenizer

    with explained(name):
        return tokenizer(str(folder or name), revision, trust_remote_code, day)


@lru_cache(maxsize=16)
def _plain(folder: Path, content: str) -> PlainTokenizer | None:
    """Open a tokenizer once a process, for as long as its folder holds the same."""
    return open_tokenizer(folder)


def _positions(
    name: str, revision: str | None, folder: Path | None, trust_remote_code: bool
) -> int | None:
    known = positions(folder) if folder else None
    if known is not None:
        return known
    from llmx.engines.pretrained import config

    with explained(name):
        found = config(str(folder or name), revision, trust_remote_code)
    return getattr(found, "max_position_embeddings", None)


def _generation_config(model: ModelSpec, folder: Path | None) -> Any:
    from llmx.engines.pretrained import generation_config

    with explained(model.target):
        try:
            return generation_config(str(folder or model.target), model.target_revision)
        except OSError:
            return None


def check_same(ours: Mapping[str, int], theirs: Mapping[str, int], model: ModelSpec) -> None:
    """Refuse a pair of other tokens: speculation compares distributions token by token.

    Args:
        ours: token → id of the target.
        theirs: the same of the draft.

    Raises:
        EngineError: with how many differ.
    """
    differing = sum(theirs.get(token) != place for token, place in ours.items())
    if differing:
        raise EngineError(
            f"{model.draft} and {model.target} differ in {differing} of {len(ours)} tokens",
            "take a draft of the same family",
        )
