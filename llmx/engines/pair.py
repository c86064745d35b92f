"""Loading a target, its draft and their tokenizer, and refusing what does not fit together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.errors import EngineError
from llmx.core.hub import go_offline_if_unreachable
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.engines.locate import local_folder
from llmx.engines.tokenizer import end_ids, open_tokenizer, positions

if TYPE_CHECKING:  # it brings torch
    from llmx.methods.decode import StepModel


@dataclass
class LoadedPair:
    """Models load when they are first used: the draft alone never loads the target."""

    model: ModelSpec
    spec: EngineSpec
    stages: Mapping[str, Path]

    @cached_property
    def tokenizer(self) -> Any:
        """The target's tokenizer, with a chat template, known to be the draft's too."""
        tokenizer = _tokenizer(self.model.target, self.model.target_revision, self.stages)
        if self.model.draft is not None:
            draft = _tokenizer(self.model.draft, self.model.draft_revision, self.stages)
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
        sizes = [_positions(name, revision, self.stages) for name, revision in named if name]
        return min((size for size in sizes if size), default=None)

    def _load(self, name: str, revision: str | None) -> StepModel:
        import torch
        from transformers import AutoModelForCausalLM
        from transformers.utils.logging import disable_progress_bar

        from llmx.engines.step import build_step_model

        torch.set_num_threads(self.spec.threads)
        disable_progress_bar()  # the run has a bar of its own
        place = _place(name, self.stages)
        dtype = getattr(torch, self.spec.dtype)
        with _explained(name):
            model = AutoModelForCausalLM.from_pretrained(place, revision=revision, dtype=dtype)
        _check_finite(name, model)
        return build_step_model(model.to(_device(self.spec.device)).eval(), self.spec.lean)


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


def _tokenizer(name: str, revision: str | None, stages: Mapping[str, Path]) -> Any:
    folder = local_folder(name, stages)
    plain = open_tokenizer(folder) if folder else None
    if plain is not None:
        return plain
    from transformers import AutoTokenizer

    with _explained(name):
        return AutoTokenizer.from_pretrained(_place(name, stages), revision=revision)


def _positions(name: str, revision: str | None, stages: Mapping[str, Path]) -> int | None:
    folder = local_folder(name, stages)
    known = positions(folder) if folder else None
    if known is not None:
        return known
    from transformers import AutoConfig

    with _explained(name):
        config = AutoConfig.from_pretrained(_place(name, stages), revision=revision)
    return getattr(config, "max_position_embeddings", None)


def _generation_config(model: ModelSpec, stages: Mapping[str, Path]) -> Any:
    from transformers import GenerationConfig

    try:
        return GenerationConfig.from_pretrained(
            _place(model.target, stages), revision=model.target_revision
        )
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


_OFFLINE = "without a network use model=zoo_gsm, or a local folder"
_INCOMPLETE = "the folder needs whole config.json, *.safetensors and tokenizer.json: copy it again"


class _explained:
    """Turns a library's loading error into one line."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (EngineError, KeyboardInterrupt)):
            return
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        offline = any(word in str(error).lower() for word in ("connect", "offline", "resolve"))
        is_folder = Path(self.name).expanduser().is_dir()
        hint = _OFFLINE if offline else _INCOMPLETE if is_folder else ""
        raise EngineError(f"cannot load {self.name}: {first[:200]}", hint) from error
