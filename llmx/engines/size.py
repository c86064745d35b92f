"""How large a model is, read from its configuration and weight headers without loading it."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError
from llmx.engines.locate import local_folder


@dataclass(frozen=True)
class ModelSize:
    """Layers and parameters; zeros for a model that is not on this machine yet."""

    layers: int = 0
    parameters: int = 0


def model_size(name: str | None) -> ModelSize:
    """Return the size of a local model; zeros for a hub model or a stage's output."""
    if name is None or name.startswith("stage:"):
        return ModelSize()
    folder = local_folder(name)
    if folder is None:
        return ModelSize()
    config = _read_config(folder / "config.json")
    weights = sum(_parameters(path) for path in folder.glob("*.safetensors"))
    return ModelSize(int(config.get("num_hidden_layers", 0)), weights)


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
