"""LoRA adapters of peft's: whether a folder is one, and whether it fits a model, by headers."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import EngineError, LlmxError
from llmx.core.user_cache import at_home
from llmx.engines.size import read_settings

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"


def check_adapter(name: str, base: Path | None) -> Path:
    """Return an adapter's folder once it is whole, of a kind that can be merged, and fits.

    Args:
        base: folder of the model; None where it is not here to be compared, or is a GGUF file.

    Raises:
        EngineError: naming what is missing, or the first weight that the model does not have.
    """
    folder = at_home(name)
    for file in (CONFIG, WEIGHTS):
        if not (folder / file).exists():
            raise EngineError(
                f"model.adapter={name} holds no LoRA adapter ({file} is missing)", _instead(folder)
            )
    kind = read_settings(folder / CONFIG).get("peft_type")
    if kind != "LORA":
        raise EngineError(f"model.adapter={name} is of type {kind}", "LORA alone can be merged")
    what = unlike(folder, base) if base is not None else None
    if what:
        made_for = based_on(folder) or "another model"
        raise EngineError(
            f"model.adapter={name} does not fit {base}: {what}", f"it was made for {made_for}"
        )
    return folder


def _instead(folder: Path) -> str:
    if not folder.is_dir():
        return "name the folder that training wrote"
    if (folder / "config.json").exists():
        return f"a whole model is model.target={folder}"
    return "save the adapter as safetensors" if (folder / CONFIG).exists() else "check the path"


def based_on(folder: Path) -> str | None:
    """Return the name of the model that an adapter says it was made for."""
    try:
        found = read_settings(folder / CONFIG).get("base_model_name_or_path")
    except LlmxError:
        return None
    return found if isinstance(found, str) and found else None


def unlike(adapter: Path, base: Path) -> str | None:
    """Return what an adapter changes that the model does not have, or has in another width."""
    theirs, ours = _adapted(shapes(adapter)), {n: s[-1:] for n, s in shapes(base).items()}
    return first_other(theirs.keys(), theirs, ours) if ours else None


def first_other(
    names: Iterable[str], theirs: Mapping[str, list[int]], ours: Mapping[str, list[int]]
) -> str | None:
    """Return the first of these weights whose shapes are not alike, and both shapes."""
    for name in sorted(names):
        if theirs[name] != ours.get(name):
            return f"{name} is {theirs[name]}, not {ours.get(name, 'there')}"
    return None


def shapes(folder: Path) -> dict[str, list[int]]:
    """Return the shapes that the headers of safetensors files give.

    Raises:
        EngineError: if a file is cut short or is not safetensors.
    """
    found: dict[str, list[int]] = {}
    for path in folder.glob("*.safetensors"):
        try:
            found.update(_in_file(path))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
            raise EngineError(f"{path} is not a whole safetensors file: {error}") from error
    return found


def _in_file(path: Path) -> dict[str, list[int]]:
    with path.open("rb") as handle:
        (length,) = struct.unpack("<Q", handle.read(8))
        if length > path.stat().st_size:
            raise ValueError("the header is longer than the file")
        header: dict[str, Any] = json_text.parse(handle.read(length))
    return {name: about["shape"] for name, about in header.items() if name != "__metadata__"}


def _adapted(adapter: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """Return the width of the input of each matrix that an adapter changes, by its own name."""
    return {
        name.removeprefix("base_model.model.").replace(".lora_A.", "."): shape[-1:]
        for name, shape in adapter.items()
        if ".lora_A." in name
    }
