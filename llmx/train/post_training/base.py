"""The model that a training starts from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core.errors import ConfigError, EngineError
from llmx.core.hub import go_offline_if_unreachable
from llmx.core.spec import ShapeSpec
from llmx.core.stage import StageContext, StageInput
from llmx.engines.pair import ready_folder
from llmx.engines.pretrained import in_one_line
from llmx.engines.size import ModelSize, content_hash, local_folder, model_identity, model_size


@dataclass(frozen=True)
class Base:
    """A reference, its folder if it is here, and its revision if it is on the hub."""

    name: str
    folder: Path | None
    revision: str | None

    @property
    def place(self) -> str:
        """What ``from_pretrained`` takes."""
        return str(self.folder or self.name)

    def provenance(self) -> dict[str, str | None]:
        """Return what the model is: a hash of its content, or name and revision on the hub."""
        if self.folder is None:
            return {"name": self.name, "revision": self.revision}
        return {"name": self.name, "content": content_hash(self.folder)}


def _revision(name: str, given: StageInput) -> str | None:
    """Return the revision of the hub's model in a recipe whose target is this one, or a stage's."""
    model = given.arm.model
    if model is None or model.target is None or name.startswith("stage:"):
        return None
    stands_for = model.target == name or model.target.startswith("stage:")
    return model.target_revision if stands_for and local_folder(name) is None else None


def bases_identity(names: Sequence[str], given: StageInput) -> list[Any]:
    """Return what the models mean, in order of preference."""
    return [model_identity(name, _revision(name, given)) for name in names]


def size_of(names: Sequence[str], given: StageInput) -> ModelSize:
    """Return the size of the first model that is known, zeros if none is.

    A model that another stage is still to train has the size of the one that the arm names.
    """
    model = given.arm.model
    for name in (*names, model.target if model is not None else None):
        found = _size_of(name, given)
        if found.parameters:
            return found
    return _of_shape(given.arm.shape) if given.arm.shape is not None else ModelSize()


def _size_of(name: str | None, given: StageInput, seen: frozenset[str] = frozenset()) -> ModelSize:
    """Return the size of a model, or of what the stage that is to train it starts from."""
    kind, _, need = (name or "").partition(":")
    stage = given.stages.get(need) if kind == "stage" else None
    if stage is None or stage.name in seen:
        return model_size(name, _revision(name or "", given))
    if isinstance(shape := stage.options.get("shape"), Mapping):
        return _of_shape(ShapeSpec.model_validate(shape))
    base = stage.options.get("base") or ()
    later = (base,) if isinstance(base, str) else base
    sizes = (_size_of(one, given, seen | {stage.name}) for one in later)
    return next((size for size in sizes if size.parameters), ModelSize())


def _of_shape(shape: ShapeSpec) -> ModelSize:
    """Return what a model of this shape has without its embedding, which a corpus decides."""
    layer = 4 * shape.hidden**2 + 3 * shape.hidden * shape.intermediate
    return ModelSize(
        layers=shape.layers,
        parameters=shape.layers * layer,
        hidden=shape.hidden,
        intermediate=shape.intermediate,
        kv_width=shape.hidden,
        context=shape.context,
    )


def find_base(names: Sequence[str], context: StageContext) -> Base:
    """Return the first model that the arm has: a stage with nothing to do for it left none.

    Raises:
        ConfigError: if none of the stages that are named ran for this arm.
    """
    for name in names:
        kind, _, need = name.partition(":")
        if kind == "stage" and need not in context.inputs:
            continue
        folder = ready_folder(name, None, context.inputs, progress=context.progress)
        if folder is not None and not (folder / "config.json").exists():
            raise EngineError(f"'{name}' wrote no model", "name a stage that trains one")
        return Base(name, folder, _revision(name, context.given))
    raise ConfigError(
        f"stage '{context.given.stage.name}' has no model to start from in this arm",
        f"'{names[-1]}' did nothing for it; name another model after it",
    )


def decide_hub(base: Base) -> None:
    """Ask no hub for a model that is here, and let TRL tell no hub of a training.

    Call it before a library reads the variables.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if base.folder is not None:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    else:
        go_offline_if_unreachable()


def known_positions(base: Base) -> int | None:
    """Return the positions that a model's configuration names; None where it names none.

    Raises:
        EngineError: if there is no configuration that transformers knows.
    """
    from llmx.engines.pretrained import config, explained

    with explained(base.place):
        found = config(base.place, base.revision)
    return getattr(found.get_text_config(), "max_position_embeddings", None)


def load_tokenizer(base: Base) -> Any:
    """Return the tokenizer, which must be able to end and to pad.

    Raises:
        EngineError: if it cannot be loaded, or has no end of text.
    """
    from llmx.engines import pretrained

    try:
        tokenizer = pretrained.tokenizer(base.place, base.revision)
    except (OSError, ValueError) as error:
        found = in_one_line(base.name, error)
        raise EngineError(f"the tokenizer: {found.message}", found.hint) from error
    if tokenizer.eos_token is None:
        raise EngineError(f"the tokenizer of '{base.name}' has no EOS token", "an answer must end")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer
