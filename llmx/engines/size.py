"""How large a model is, read from its configuration and weight headers without loading it."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError
from llmx.engines.hub_cache import cached_folder
from llmx.engines.locate import local_folder
from llmx.store.once import once

INDEX = "model.safetensors.index.json"


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


@once
def model_size(name: str | None, revision: str | None = None) -> ModelSize:
    """Return the size of a model that is on this machine, as a folder or in the hub's cache.

    Zeros for a stage's output, and for a hub model that is not here, or not whole.
    """
    if name is None or name.startswith("stage:"):
        return ModelSize()
    return _folder_size(local_folder(name) or cached_folder(name, revision))


@once
def local_size(name: str | None) -> ModelSize:
    """Return the size of a model that is a folder; zeros for any other.

    It is the same before and after a hub model comes here: what a run asks for must not change.
    """
    if name is None or name.startswith("stage:"):
        return ModelSize()
    return _folder_size(local_folder(name))


def _folder_size(folder: Path | None) -> ModelSize:
    if folder is None:
        return ModelSize()
    return _size(read_config(folder), sum(map(_parameters, weight_files(folder))))


def weight_files(folder: Path) -> list[Path]:
    """Return the files that hold the weights once; none while some are missing."""
    if (folder / INDEX).exists():
        names = set(read_json(folder / INDEX).get("weight_map", {}).values())
        files = [folder / name for name in sorted(names)]
        return files if all(path.exists() for path in files) else []
    alone = folder / "model.safetensors"
    return [alone] if alone.exists() else sorted(folder.glob("*.safetensors"))


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


def read_config(folder: Path) -> dict[str, Any]:
    """Return the content of a model's ``config.json``.

    Raises:
        EngineError: if it cannot be read.
    """
    return read_json(folder / "config.json")


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a file of a model's folder holds.

    Raises:
        EngineError: if it cannot be read.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot read {path}: {error}") from error
    return found


def _parameters(path: Path) -> int:
    """Add up the shapes in a safetensors header, read once a process for each state of the file.

    Raises:
        EngineError: if the file is cut short or is not safetensors.
    """
    try:
        stat = path.stat()
        return _in_header(path, stat.st_size, stat.st_mtime_ns)
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise EngineError(f"{path} is not a whole safetensors file: {error}") from error


@lru_cache(maxsize=1024)
def _in_header(path: Path, size: int, modified: int) -> int:
    """Read 8 bytes of length, then JSON."""
    with path.open("rb") as handle:
        (length,) = struct.unpack("<Q", handle.read(8))
        if length > size:
            raise ValueError("the header is longer than the file")
        header = json.loads(handle.read(length))
    return sum(prod(t["shape"]) for key, t in header.items() if key != "__metadata__")
