"""Loading a target, its draft and their tokenizer, and refusing what does not fit together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.errors import EngineError
from llmx.core.hub import go_offline_if_unreachable
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.engines.explained import explained
from llmx.engines.locate import content_hash, local_folder
from llmx.engines.models import step_model
from llmx.engines.tokenizer import PlainTokenizer, end_ids, open_tokenizer, positions

if TYPE_CHECKING:  # it brings torch
    from llmx.decoding import StepModel


@dataclass
class LoadedPair:
    """Models load when they are first used: the draft alone never loads the target."""

    model: ModelSpec
    spec: EngineSpec
    stages: Mapping[str, Path]

    @cached_property
    def tokenizer(self) -> Any:
        """The target's tokenizer, with a chat template, known to be the draft's too."""
        trust = self.spec.trust_remote_code
        tokenizer = _tokenizer(self.model.target, self.model.target_revision, self.stages, trust)
        if self.model.draft is not None:
            draft = _tokenizer(self.model.draft, self.model.draft_revision, self.stages, trust)
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
    name: str, revision: str | None, stages: Mapping[str, Path], trust_remote_code: bool
) -> Any:
    folder = local_folder(name, stages)
    plain = _plain(folder, content_hash(folder)) if folder else None
    if plain is not None:
        return plain
    from llmx.engines.pretrained import tokenizer

    with explained(name):
        return tokenizer(_place(name, stages), revision, trust_remote_code)


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
