"""A target, its draft and their tokenizer: loaded, kept while they are small, and matched."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.errors import EngineError
from llmx.core.hub import go_offline_if_unreachable
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.templates.dialect import dated
from llmx.engines.kernel import NATIVE, kernel_of
from llmx.engines.pretrained import explained
from llmx.engines.size import cached_folder, content_hash, local_folder, model_size
from llmx.engines.tokenizer import PlainTokenizer, end_ids, open_tokenizer, positions

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


@dataclass
class LoadedPair:
    """Models load when they are first used: the draft alone never loads the target."""

    model: ModelSpec
    spec: EngineSpec
    stages: Mapping[str, Path]

    @cached_property
    def tokenizer(self) -> Any:
        """The target's tokenizer, with a chat template, known to be the draft's too."""
        trust, day = self.spec.trust_remote_code, self.spec.date
        target, revision = self.model.target, self.model.target_revision
        tokenizer = _tokenizer(target, revision, self.stages, trust, day)
        if self.model.draft is not None:
            draft = _tokenizer(self.model.draft, self.model.draft_revision, self.stages, trust, day)
            _check_same(tokenizer, draft, self.model)
        if not tokenizer.chat_template:
            raise EngineError(f"{self.model.target} has no chat template", "use a chat model")
        return tokenizer

    @cached_property
    def target(self) -> StepModel:
        """The target, ready to step."""
        return self._load(self.model.target, self.model.target_revision)

    @cached_property
    def draft(self) -> StepModel:
        """The draft, ready to step.

        Raises:
            EngineError: if the recipe names none.
        """
        if self.model.draft is None:
            raise EngineError("this sampler needs a draft model", "set model.draft")
        return self._load(self.model.draft, self.model.draft_revision)

    @cached_property
    def eos_ids(self) -> tuple[int, ...]:
        """Every token that ends an answer, as the model's generation settings say."""
        folder = local_folder(self.model.target, self.stages)
        known = end_ids(folder, self.tokenizer) if folder else None
        if known is not None:
            return known
        config = _generation_config(self.model, self.stages)
        found = getattr(config, "eos_token_id", None)
        ids = found if isinstance(found, list) else [found]
        own = self.tokenizer.eos_token_id
        return tuple(sorted({int(one) for one in [*ids, own] if one is not None}))

    @cached_property
    def context(self) -> int | None:
        """Positions that every model of the pair knows; None where no configuration says."""
        named = (
            (self.model.target, self.model.target_revision),
            (self.model.draft, self.model.draft_revision),
        )
        trust = self.spec.trust_remote_code
        sizes = [_positions(name, revision, self.stages, trust) for name, revision in named if name]
        return min((size for size in sizes if size), default=None)

    def _load(self, name: str, revision: str | None) -> StepModel:
        return step_model(name, revision, self.spec, self.stages)


def load_pair(model: ModelSpec, spec: EngineSpec, stages: Mapping[str, Path]) -> LoadedPair:
    """Return the pair; a recipe that only uses local models never asks a hub."""
    names = [name for name in (model.target, model.draft) if name]
    if all(local_folder(name, stages) is not None for name in names):
        # Without it a missing file costs half a minute of retries before the error.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    else:
        go_offline_if_unreachable()
    return LoadedPair(model, spec, stages)


def _place(name: str, stages: Mapping[str, Path]) -> str:
    return str(local_folder(name, stages) or name)


def _tokenizer(
    name: str, revision: str | None, stages: Mapping[str, Path], trust_remote_code: bool, day: str
) -> Any:
    folder = local_folder(name, stages)
    plain = _plain(folder, content_hash(folder)) if folder else None
    if plain is not None:
        template = plain.chat_template and dated(plain.chat_template, day)
        return plain if template == plain.chat_template else replace(plain, chat_template=template)
    from llmx.engines.pretrained import tokenizer

    with explained(name):
        return tokenizer(_place(name, stages), revision, trust_remote_code, day)


@lru_cache(maxsize=16)
def _plain(folder: Path, content: str) -> PlainTokenizer | None:
    """Open a tokenizer once a process, for as long as its folder holds the same."""
    return open_tokenizer(folder)


def _positions(
    name: str, revision: str | None, stages: Mapping[str, Path], trust_remote_code: bool
) -> int | None:
    folder = local_folder(name, stages)
    known = positions(folder) if folder else None
    if known is not None:
        return known
    from llmx.engines.pretrained import config

    with explained(name):
        found = config(_place(name, stages), revision, trust_remote_code)
    return getattr(found, "max_position_embeddings", None)


def _generation_config(model: ModelSpec, stages: Mapping[str, Path]) -> Any:
    from llmx.engines.pretrained import generation_config

    place = _place(model.target, stages)
    with explained(model.target):
        try:
            return generation_config(place, model.target_revision)
        except OSError:
            return None


def _check_same(target: Any, draft: Any, model: ModelSpec) -> None:
    """Speculation compares distributions token by token: ids must mean the same in both."""
    ours, theirs = target.get_vocab(), draft.get_vocab()
    differing = sum(theirs.get(token) != place for token, place in ours.items())
    if differing:
        raise EngineError(
            f"{model.draft} and {model.target} differ in {differing} of {len(ours)} tokens",
            "take a draft of the same family",
        )
