"""How large a model is, read from its configuration and weight headers without loading it."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError
from llmx.engines.locate import local_folder


@dataclass(frozen=True)
class ModelSize:
    """What a configuration and weight headers say; zeros for a model that is not here yet.

    Attributes:
        kv_width: numbers that a layer keeps for one key: key-value heads times their dimension.
        context: positions that the model knows.
    """

    layers: int = 0
    parameters: int = 0
    hidden: int = 0
    intermediate: int = 0
    kv_width: int = 0
    vocabulary: int = 0
    context: int = 0


def model_size(name: str | None) -> ModelSize:
    """Return the size of a local model; zeros for a hub model or a stage's output."""
    if name is None or name.startswith("stage:"):
        return ModelSize()
    folder = local_folder(name)
    if folder is None:
        return ModelSize()
    config = _read_config(folder / "config.json")
    weights = sum(_parameters(path) for path in folder.glob("*.safetensors"))
    return _size(config, weights)


def _size(config: Mapping[str, Any], weights: int) -> ModelSize:
    def number(name: str, otherwise: int = 0) -> int:
        return int(config.get(name) or otherwise)

    heads = number("num_attention_heads", 1)
    head_dim = number("head_dim", number("hidden_size") // heads)
    return ModelSize(
        layers=number("num_hidden_layers"),
        parameters=weights,
        hidden=number("hidden_size"),
        intermediate=number("intermediate_size"),
        kv_width=number("num_key_value_heads", heads) * head_dim,
        vocabulary=number("vocab_size"),
        context=number("max_position_embeddings"),
    )


def _read_config(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot read {path}: {error}") from error
    return found


def _parameters(path: Path) -> int:
    """Add up the shapes in a safetensors header (8 bytes of length, then JSON).

    Raises:
        EngineError: if the file is cut short or is not safetensors.
    """
    try:
        with path.open("rb") as handle:
            (length,) = struct.unpack("<Q", handle.read(8))
            if length > path.stat().st_size:
                raise ValueError("the header is longer than the file")
            header = json.loads(handle.read(length))
        return sum(prod(t["shape"]) for key, t in header.items() if key != "__metadata__")
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise EngineError(f"{path} is not a whole safetensors file: {error}") from error
