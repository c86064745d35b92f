"""Models that are made of others: a GGUF file unpacked, an adapter merged into its base.

Each is made once, as a folder of float32 safetensors that every engine loads, and kept in the
user's cache by the content of what it is made of. It may be deleted at any time.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from llmx.core import user_cache
from llmx.core.errors import EngineError, LlmxError
from llmx.core.install import with_extra
from llmx.core.progress import Progress
from llmx.engines.size import (
    cached_folder,
    content_hash,
    is_gguf,
    model_size,
)
from llmx.store.files import inside, read_json, sync_tree, write_json
from llmx.store.fingerprint import fingerprint
from llmx.store.lock import Lock

_ABOUT = "about.json"
_VERSION = 1  # of what is written; another number makes all of them anew
_WAIT = 0.2  # seconds between looks at a lock
_ROOM = 1.05  # what is written besides the weights
_TOKENIZER = (
    *("tokenizer*", "special_tokens_map.json", "added_tokens.json", "chat_template*"),
    *("vocab.*", "merges.txt", "generation_config.json", "*.model"),
)


def derived_folder(
    name: str, revision: str | None, place: Path | None, adapter: str | None, progress: Progress
) -> Path | None:
    """Return the folder to load a model from, made if it has to be; None for one of the hub.

    Args:
        name: the reference of a recipe.
        place: the folder or GGUF file behind it; None for a model of the hub.
        adapter: folder with a LoRA adapter for it.

    Raises:
        EngineError: if it cannot be made.
    """
    folder = _unpacked(place, progress) if place is not None and is_gguf(place) else place
    return folder if adapter is None else _merged(name, revision, folder, adapter, progress)


def tidy_tokenizer(path: Path) -> None:
    """Drop how a tokenizer was loaded here, and name the class that every version knows."""
    about = {name: value for name, value in read_json(path).items() if name not in _LOADED}
    if about.get("tokenizer_class") == "TokenizersBackend":
        about["tokenizer_class"] = "PreTrainedTokenizerFast"
    write_json(path, about)


_LOADED = ("backend", "is_local", "local_files_only", "name_or_path")


def _unpacked(file: Path, progress: Progress) -> Path:
    from llmx.engines.gguf import read_header

    header = read_header(file)  # in a second, before a library takes half a minute
    require("gguf", "gguf", f"{file.name} is a GGUF file, which the package gguf reads")

    def make(out: Path) -> dict[str, Any]:
        from llmx.engines.pretrained import explained, gguf_model

        with TemporaryDirectory() as alone, explained(str(file)):
            link = Path(alone, "model.gguf")  # what else lies in its folder is never looked at
            link.symlink_to(file.resolve())
            model, tokenizer = gguf_model(link)
        ends = sorted({*header.end_ids(), *_ids(model.generation_config.eos_token_id)})
        model.generation_config.eos_token_id = ends or None
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)
        _drop_beyond(out, len(header.tokens))
        tidy_tokenizer(out / "tokenizer_config.json")
        return {"from": file.name, "unpacked": dict(header.types)}

    progress.note(f"unpacking {file.name}: {header.said()}")
    return _kept(["gguf", content_hash(file)], 4 * header.parameters, make)


def _drop_beyond(out: Path, known: int) -> None:
    """Drop tokens that the library adds and the model has no row for: a text may hold one."""
    path, told = out / "tokenizer.json", out / "tokenizer_config.json"
    if not known or not path.exists():
        return
    spelling, about = read_json(path), read_json(told)
    beyond = {one["content"] for one in spelling["added_tokens"] if one["id"] >= known}
    if beyond:
        kept = [one for one in spelling["added_tokens"] if one["id"] < known]
        write_json(path, {**spelling, "added_tokens": kept})
        write_json(told, {name: value for name, value in about.items() if value not in beyond})


def _ids(found: int | list[int] | None) -> list[int]:
    return found if isinstance(found, list) else [] if found is None else [found]


def _merged(
    name: str, revision: str | None, base: Path | None, adapter: str, progress: Progress
) -> Path:
    from llmx.engines.adapter import check_adapter

    folder = check_adapter(adapter, base)
    require("peft", "train", "model.adapter needs the package peft")
    content = content_hash(base) if base is not None else [name, _commit(name, revision)]

    def make(out: Path) -> dict[str, Any]:
        import torch

        from llmx.engines.pretrained import causal_model, explained, with_adapter

        with explained(name):
            model = causal_model(str(base or name), revision, dtype=torch.float32)
        with explained(adapter):
            whole = with_adapter(model, folder).merge_and_unload(safe_merge=True)
        whole.save_pretrained(out)
        for source in (base or cached_folder(name, revision), folder):
            _copy_tokenizer(source, out)
        return {"from": name, "merged": adapter}

    progress.note(f"merging {adapter}")
    parameters = model_size(str(base)).parameters if base else 0
    return _kept(["adapter", content, content_hash(folder)], 4 * parameters, make)


def _commit(name: str, revision: str | None) -> str | None:
    """Return the commit of a hub model, which is fetched if it is not here."""
    from llmx.engines.pretrained import config, explained

    if cached_folder(name, revision) is None:
        with explained(name):
            config(name, revision)
    here = cached_folder(name, revision)
    return revision if here is None else here.name


def _copy_tokenizer(source: Path | None, out: Path) -> None:
    """Copy what spells and ends a text; an adapter's own goes over its base's."""
    for pattern in _TOKENIZER if source is not None else ():
        for path in source.glob(pattern) if source is not None else ():
            if path.is_file():
                shutil.copyfile(path, inside(out, path.name))


def require(package: str, extra: str, why: str) -> None:
    """Refuse where a package is not here.

    Raises:
        EngineError: with the line that installs it for the interpreter that runs.
    """
    if find_spec(package) is None:
        raise EngineError(why, with_extra(extra))


def models_folder() -> Path:
    """Return where models that were made are kept.

    Raises:
        EngineError: if nothing says where the home of the user is.
    """
    try:
        return user_cache.folder() / "models"
    except RuntimeError as error:
        raise EngineError("no folder for a model that is made", "set LLMX_CACHE=FOLDER") from error


def _kept(content: Any, size: int, make: Callable[[Path], dict[str, Any]]) -> Path:
    """Return the folder of this content, made if it is not there whole.

    Args:
        size: bytes of its weights; 0 = not known.
        make: writes the folder, and returns what is said of it.
    """
    root, key = models_folder(), fingerprint([_VERSION, content])
    found = inside(root, key)
    if _whole(found):
        return found
    try:
        with _alone(inside(root, f"{key}.lock")):
            if not _whole(found):
                _check_room(root, size)
                _make(found, make)
    except OSError as error:
        hint = "LLMX_CACHE=FOLDER names another place"
        raise EngineError(f"cannot keep a model under {root}: {error.strerror}", hint) from error
    return found


def _whole(folder: Path) -> bool:
    """Whether a folder is there with all its files, each as long as it was written."""
    try:
        listed = read_json(folder / _ABOUT)["files"]
        return all(inside(folder, name).stat().st_size == size for name, size in listed.items())
    except (LlmxError, OSError, TypeError, KeyError, AttributeError):
        return False


def _make(found: Path, make: Callable[[Path], dict[str, Any]]) -> None:
    for left in (found, *found.parent.glob(f".{found.name}.*.tmp")):  # of a kill, or damaged
        shutil.rmtree(left, ignore_errors=True)
    scratch = found.with_name(f".{found.name}.{os.getpid()}.tmp")
    scratch.mkdir()
    try:
        told = make(scratch)
        sizes = {path.name: path.stat().st_size for path in scratch.iterdir()}
        write_json(scratch / _ABOUT, {**told, "files": sizes})
        sync_tree(scratch)
        scratch.rename(found)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_room(root: Path, size: int) -> None:
    free, need = shutil.disk_usage(root).free, int(size * _ROOM)
    if need > free:
        raise EngineError(
            f"the model takes {need / 1e9:.1f} GB in float32, and {root} has {free / 1e9:.1f} GB",
            "LLMX_CACHE=FOLDER names another place; a llama.cpp server: engine=openai",
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until nobody else makes the same model."""
    lock = Lock(path)
    while not lock.try_acquire():
        time.sleep(_WAIT)
    try:
        yield
    finally:
        lock.release()
