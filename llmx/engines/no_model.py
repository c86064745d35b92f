"""Why a path is no model, in one line: what is there, what is missing, and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import EngineError, nearest
from llmx.store.files import inside

_ADAPTER = "adapter_config.json"
_INDEX = "model.safetensors.index.json"
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_OTHER_TOKENIZERS = ("*.tiktoken", "tekken.json", "tokenizer_config.json", "*.py")


def no_model(place: Path, files: Sequence[str]) -> EngineError:
    """Return the error for a path that holds neither a configuration nor one GGUF file.

    Args:
        files: names of the GGUF files in it.
    """
    if not place.exists():
        text = f"{place} holds no model (nothing is there)"
        return EngineError(text, _neighbour(place) or "check the path")
    if place.is_file():
        text = f"{place} is a file, and no *.gguf: a model is a folder with config.json"
        return EngineError(text, f"name the folder that holds it: {place.parent}")
    if (place / _ADAPTER).exists():
        return _an_adapter(place)
    if files:
        text = f"{place} holds {len(files)} GGUF files: {', '.join(files)}"
        return EngineError(text, f"name one: {inside(place, files[0], links=True)}")
    text = f"{place} holds no model ({what_is_missing(place)})"
    return EngineError(text, _below(place) or "check the path")


def _neighbour(place: Path) -> str:
    above = place.parent
    known = [path.name for path in above.iterdir()] if above.is_dir() else []
    said = nearest(place.name, known) if known else ""
    return said if said.startswith("did you mean") else ""


def _an_adapter(place: Path) -> EngineError:
    base = _mapping(place / _ADAPTER).get("base_model_name_or_path") or "ITS_BASE"
    text = f"{place} holds a LoRA adapter and no model (config.json is missing)"
    return EngineError(text, f"model.target={base} model.adapter={place}")


def _below(place: Path) -> str:
    """Return a hint at the first model of a folder below, as the hub's cache has it."""
    found = sorted(place.glob("*/config.json")) + sorted(place.glob("snapshots/*/config.json"))
    return f"is it {found[0].parent}?" if found else ""


def what_is_missing(folder: Path) -> str:
    """Return ``config.json, tokenizer.json are missing``; nothing where all is there."""
    names = list(missing_from(folder))
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} missing" if names else ""


def missing_from(folder: Path) -> Iterator[str]:
    """Yield what a folder lacks of configuration, weights and tokenizer."""
    if not (folder / "config.json").exists():
        yield "config.json"
    if (folder / _INDEX).exists():
        yield from _not_there(folder)
    elif not next(folder.glob("*.safetensors"), None):
        yield "*.safetensors"
    if not any((folder / name).exists() for name in _TOKENIZERS) and not any(
        next(folder.glob(pattern), None) for pattern in _OTHER_TOKENIZERS
    ):
        yield "tokenizer.json"


def _not_there(folder: Path) -> list[str]:
    listed = _mapping(folder / _INDEX).get("weight_map", {})
    names = sorted({str(name) for name in listed.values()}) if isinstance(listed, dict) else []
    return [name for name in names if not inside(folder, name, links=True).exists()]


def _mapping(path: Path) -> dict[str, Any]:
    try:
        found = json_text.parse(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
