"""Where a model lies, what its files say of it, and how large it is, without loading it."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import EngineError, nearest
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import DATE
from llmx.core.stage import Memory
from llmx.core.user_cache import at_home
from llmx.store.files import inside
from llmx.store.fingerprint import hash_folder, hash_once
from llmx.store.machine import once

ZOO = Path(__file__).parent.parent / "zoo"
# Everything that decides an output: weights, shape, tokens, template, and what ends an answer.
_CONTENT = (
    "*.safetensors",
    "*.bin",
    "*.json",
    "*.py",
    "*.jinja",
    "tokenizer.model",
    "vocab.txt",
    "merges.txt",
)
_TEMPLATES = (
    *("*.jinja", "additional_chat_templates/*.jinja"),
    *("tokenizer_config.json", "chat_template.json"),
)
_NOT_CONTENT = {"about.json"}
GGUF = ".gguf"
_DEQUANTISED: dict[str, str | None] = {"dequantised": "float32-1"}
"""How GGUF weights are read; the number goes up whenever what is read of them changes."""


def local_folder(name: str, stages: Mapping[str, Path] | None = None) -> Path | None:
    """Return the folder or GGUF file behind a name, or None if it names a model on the hub.

    Args:
        name: the reference of a recipe.
        stages: outputs of training stages, by need.

    Raises:
        EngineError: if a zoo model, a stage's model or an explicit path is not there.
    """
    kind, _, rest = name.partition(":")
    if kind == "zoo":
        return _zoo(rest)
    if kind == "stage":
        return _stage(rest, stages or {})
    if name.startswith((".", "/", "~")) or name.endswith(GGUF) or Path(name).is_dir():
        return _path(at_home(name))
    return None


def is_gguf(place: Path) -> bool:
    """Whether a model is a GGUF file, which is no folder that a library loads as it is."""
    return place.suffix == GGUF


def _zoo(name: str) -> Path:
    folder = inside(ZOO, name)
    if not (folder / "config.json").exists():
        known = [path.parent.name for path in ZOO.glob("*/config.json")]
        raise EngineError(f"the zoo has no model '{name}'", nearest(name, known, "zoo models"))
    return folder


def _stage(need: str, stages: Mapping[str, Path]) -> Path:
    if need not in stages:
        raise EngineError(
            f"model 'stage:{need}' is no input of this stage", f"add {need} to the stage's needs"
        )
    return stages[need] / "model"


def _path(place: Path) -> Path:
    """Return a folder with a configuration, or the one GGUF file of a folder without weights."""
    if is_gguf(place) and place.is_file():
        return place
    if (place / _CONFIG).exists() and next(place.glob("*.safetensors"), None):
        return place
    files = ggufs(place)
    if len(files) == 1:
        return files[0]
    if not (place / _CONFIG).exists():
        from llmx.engines.no_model import no_model

        raise no_model(place, [path.name for path in files])
    return place


def ggufs(folder: Path) -> list[Path]:
    """Return the GGUF files of a folder that hold a language model."""
    found = folder.glob(f"*{GGUF}") if folder.is_dir() else ()
    # What reads pictures for a model stands beside it.
    return sorted(path for path in found if not path.name.startswith("mmproj"))


def model_identity(name: str | None, revision: str | None) -> dict[str, str | None] | None:
    """Return what a model means: the hash of its content, or hub name and pinned revision."""
    if name is None:
        return None
    if name.startswith("stage:"):
        return {"stage": name}  # its fingerprint is among the inputs
    place = local_folder(name)
    if place is None:
        return {"hub": name, "revision": revision}
    return {"content": content_hash(place)} | (_DEQUANTISED if is_gguf(place) else {})


def adapter_identity(adapter: str | None) -> dict[str, dict[str, str]]:
    """Return what an adapter means, by its content; nothing where a model has none."""
    return {"adapter": {"content": content_hash(at_home(adapter))}} if adapter else {}


def code_identity(trust_remote_code: bool) -> dict[str, bool]:
    """Return what an answer depends on where a model's own code runs; nothing where none does."""
    return {"trust_remote_code": True} if trust_remote_code else {}


NO_ROOM = "no answer fits: shorten data.preamble or data.instruction, or take a longer context"
"""What helps where the prompt alone is too long: no number of tokens for the answer does."""


def clock_identity(model: ModelSpec, spec: EngineSpec) -> dict[str, str]:
    """Return the day that the clock of a chat template shows; nothing where there is none.

    What a model of the hub has is not known beforehand: its clock shows the usual day, unless
    another one is asked for.
    """
    folder = None if model.target.startswith("stage:") else local_folder(model.target)
    known = spec.date != DATE if folder is None else reads_clock(folder)
    return {"date": spec.date} if known else {}


@once
def reads_clock(folder: Path) -> bool:
    """Whether a chat template of a folder names the clock."""
    there = [path for name in _TEMPLATES for path in folder.glob(name)]
    return any(b"strftime_now" in path.read_bytes() for path in there)


@once
def content_hash(folder: Path) -> str:
    """Return one hash of all that decides an output, in a model's folder or its GGUF file."""
    return hash_once(folder) if is_gguf(folder) else hash_folder(folder, _CONTENT, _NOT_CONTENT)


_MAIN = "main"


def hub_cache() -> Path:
    """Return the folder of the cache, by the same variables as the hub's client."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return _expanded(named)
    above = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _expanded(os.environ.get("HF_HOME") or f"{above}/huggingface") / "hub"


def _expanded(path: str) -> Path:
    return at_home(os.path.expandvars(path))


def cached_folder(name: str, revision: str | None = None) -> Path | None:
    """Return the snapshot of a model that holds its configuration, None where there is none.

    Args:
        name: on the hub, as ``ORG/NAME``.
        revision: a commit, branch or tag; None = main, or else the only one that is here.
    """
    folder = inside(hub_cache(), "--".join(("models", *name.split("/"))), links=True)
    commit = _commit(folder, revision)
    snapshot = inside(folder, "snapshots", commit, links=True) if commit else None
    return snapshot if snapshot and (snapshot / "config.json").exists() else None


def _commit(folder: Path, revision: str | None) -> str | None:
    reference = inside(folder, "refs", revision or _MAIN, links=True)
    if reference.is_file():
        return reference.read_text(encoding="utf-8").strip()
    if revision is not None:
        return revision
    there = [path.name for path in (folder / "snapshots").glob("*")]
    return there[0] if len(there) == 1 else None


# What libraries read of a folder besides config.json, all of them mappings.
_READ = (
    *("generation_config.json", "tokenizer_config.json", "tokenizer.json", "vocab.json"),
    *("special_tokens_map.json", "added_tokens.json", "chat_template.json"),
)


def read_settings(path: Path) -> dict[str, Any]:
    """Return the mapping that a file holds.

    Raises:
        EngineError: if it holds anything else, or cannot be read.
    """
    try:
        found = json_text.parse(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot read {path}: {error}") from error
    if not isinstance(found, dict):
        raise EngineError(f"cannot read {path}: it holds no settings")
    return found


def check_settings(folder: Path) -> None:
    """Read all that libraries will, once a process for each state of a file.

    Raises:
        EngineError: naming the first file that cannot be read.
    """
    for path in (folder / name for name in _READ):
        if path.exists():
            stat = path.stat()
            _check(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _check(path: Path, size: int, modified: int) -> None:
    read_settings(path)


_PROMPT = 512
"""Tokens of a prompt that are allowed for, where a model's context is not shorter."""

_COPIES = 6
"""Float32 arrays of a block's size over the vocabulary that are alive at once: logits of both
models, their log-probabilities, the warped ones and one product of them."""


def decoding_memory(
    target: ModelSize, draft: ModelSize | None, engine: EngineSpec, sampler: SamplerSpec
) -> Memory:
    """Return the bytes that one process takes to decode one batch.

    Args:
        target, draft: sizes; zeros where a model is not on this machine yet.
        engine: its dtype and batch size.
        sampler: its cap and block length.
    """
    models = [target] if draft is None else [target, draft]
    width = 4 if engine.dtype == "float32" else 2
    block = 1 if draft is None else sampler.gamma + 1
    return Memory(
        weights=width * sum(model.parameters for model in models),
        cache=sum(_cache(model, engine, sampler, width) for model in models),
        activations=_activations(target, engine, block),
    )


def _cache(model: ModelSize, engine: EngineSpec, sampler: SamplerSpec, width: int) -> int:
    """Keys and values of every slot: prompt, answer, and the block that may pass its end."""
    most = model.context or _PROMPT + sampler.max_tokens
    slots = min(_PROMPT + sampler.max_tokens, most) + sampler.gamma + 2
    return 2 * width * model.layers * model.kv_width * engine.batch_size * slots


def _activations(target: ModelSize, engine: EngineSpec, block: int) -> int:
    """Logits in the sampler, or the feed-forward of a whole batch of prompts: the larger."""
    logits = 4 * _COPIES * engine.batch_size * block * target.vocabulary
    prompt = 4 * 2 * engine.batch_size * _PROMPT * (target.intermediate + target.hidden)
    return max(logits, prompt)


INDEX = "model.safetensors.index.json"
_CONFIG = "config.json"
_LARGEST = 2**53  # of a number that a configuration or a weight's shape gives


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
    if is_gguf(folder):
        return _header_size(folder)
    check_settings(folder)
    return _size(folder, read_config(folder), sum(map(_parameters, weight_files(folder))))


def _header_size(file: Path) -> ModelSize:
    """Return what the header of a GGUF file says; the numbers count once they are unpacked."""
    from llmx.engines.gguf import read_header

    header = read_header(file)
    heads, hidden = header.number("attention.head_count", 1), header.number("embedding_length")
    head_dim = header.number("attention.key_length", hidden // max(heads, 1))
    return ModelSize(
        layers=header.number("block_count"),
        parameters=header.parameters,
        hidden=hidden,
        intermediate=header.number("feed_forward_length"),
        kv_width=header.number("attention.head_count_kv", heads) * head_dim,
        vocabulary=len(header.tokens) or header.number("vocab_size"),
        context=header.number("context_length"),
    )


def weight_files(folder: Path) -> list[Path]:
    """Return the files that hold the weights once; none while some are missing."""
    if (folder / INDEX).exists():
        files = [inside(folder, name, links=True) for name in _listed(folder / INDEX)]
        return files if all(path.exists() for path in files) else []
    alone = folder / "model.safetensors"
    return [alone] if alone.exists() else sorted(folder.glob("*.safetensors"))


def _listed(index: Path) -> list[str]:
    """Return the names of the files that an index names, each once."""
    named = read_settings(index).get("weight_map", {})
    names = list(named.values()) if isinstance(named, dict) else [None]
    if not all(isinstance(name, str) for name in names):
        raise EngineError(f"{index}: weight_map names no files")
    return sorted(set(map(str, names)))


def _size(folder: Path, config: Mapping[str, Any], weights: int) -> ModelSize:
    def number(name: str, otherwise: int = 0) -> int:
        return _whole(folder / _CONFIG, name, config.get(name) or otherwise)

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


def _whole(path: Path, name: str, value: Any) -> int:
    """Return a number of a configuration.

    Raises:
        EngineError: if it is none, or one that no model has.
    """
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        found = -1
    if not 0 <= found <= _LARGEST:
        raise EngineError(f"{path}: {name} is {str(value)[:20]}, which is no size")
    return found


def read_config(folder: Path) -> dict[str, Any]:
    """Return the content of a model's ``config.json``.

    Raises:
        EngineError: if it cannot be read.
    """
    return read_settings(folder / _CONFIG)


def _parameters(path: Path) -> int:
    """Add up the shapes in a safetensors header, read once a process for each state of the file.

    Raises:
        EngineError: if the file is cut short or is not safetensors.
    """
    try:
        stat = path.stat()
        return _in_header(path, stat.st_size, stat.st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise EngineError(f"{path} is not a whole safetensors file: {error}") from error


@lru_cache(maxsize=1024)
def _in_header(path: Path, size: int, modified: int) -> int:
    """Read 8 bytes of length, then JSON."""
    with path.open("rb") as handle:
        (length,) = struct.unpack("<Q", handle.read(8))
        if length > size:
            raise ValueError("the header is longer than the file")
        header = json_text.parse(handle.read(length))
    return sum(_numbers(t["shape"]) for key, t in header.items() if key != "__metadata__")


def _numbers(shape: Any) -> int:
    """Return how many numbers a tensor holds."""
    if not all(type(side) is int and 0 <= side <= _LARGEST for side in shape):
        raise ValueError(f"no tensor has the shape {str(shape)[:40]}")
    return prod(shape)
