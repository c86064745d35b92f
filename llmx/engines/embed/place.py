"""From the name of an embedder to its folder: a path, an installed package, a stage, the hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from llmx.core import json_text
from llmx.core.errors import EngineError
from llmx.core.install import pip_install
from llmx.engines.pretrained import check_folder, check_weights
from llmx.engines.size import cached_folder
from llmx.store.files import inside, read_json
from llmx.store.fingerprint import fingerprint, hash_file

PACKAGE, STAGE = "package:", "stage:"
_MODULES = "modules.json"
_OURS = "sentence_transformers."
VISION_MODULE = "llmx.engines.embed.vision_module.VisionEncoder"
"""The one module of llmx's own: it reads pictures."""
_PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", re.A)
_CONTENT = {".json", ".safetensors", ".txt", ".model"}


def embedder_folder(
    name: str, revision: str | None = None, stages: Mapping[str, Path] | None = None
) -> Path:
    """Return the folder of an embedder.

    Args:
        name: a path, ``package:NAME`` for files of an installed package (none of its code runs),
            ``stage:NAME`` for what a stage trained, ``OWNER/NAME`` or ``OWNER/NAME@COMMIT`` on the
            hub, if it is here.
        revision: of the hub's.
        stages: folders of stages, by their names.

    Raises:
        EngineError: if it is not there, or would run code when it is loaded.
    """
    folder = _folder(name, revision, stages or {})
    _check(folder)
    return folder


def pinned(name: str) -> bool:
    """Say whether a name is one of the hub at a commit, whose content never changes."""
    return _PINNED.fullmatch(name) is not None and not Path(name).exists()


def embedder_content(name: str) -> str:
    """Return what an embedder is by content; one of the hub at a commit need not be here.

    Raises:
        EngineError: as :func:`embedder_folder`.
    """
    return name if pinned(name) else embedder_hash(embedder_folder(name))


def is_here(name: str) -> bool:
    """Whether a model of the hub is on this machine; other names are looked up when used."""
    elsewhere = name.startswith((PACKAGE, STAGE, ".", "/", "~"))
    owner, _, commit = name.partition("@")
    return elsewhere or Path(name).is_dir() or cached_folder(owner, commit or None) is not None


def _folder(name: str, revision: str | None, stages: Mapping[str, Path]) -> Path:
    if name.startswith(PACKAGE):
        return _packaged(name.removeprefix(PACKAGE))
    if name.startswith(STAGE):
        need = name.removeprefix(STAGE)
        if need not in stages:
            raise EngineError(f"model '{name}' is no input of this stage", f"add {need} to needs")
        return inside(stages[need], "model")
    if (path := Path(name).expanduser()).is_dir():
        return path
    if name.startswith((".", "/", "~")):
        raise EngineError(f"{name} is no folder", "name the folder of the embedder")
    name, _, commit = name.partition("@")
    revision = commit or revision
    found = cached_folder(name, revision)
    if found is None:
        hint = f"hf download {name}" + (f" --revision {revision}" if revision else "")
        raise EngineError(f"the embedder {name} is not on this machine", hint)
    return found


def _packaged(package: str) -> Path:
    """Return the folder of a package's model: where its modules are listed, or else its weights."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError as error:
        text = f"the embedder {PACKAGE}{package} is not installed"
        raise EngineError(text, pip_install(package)) from error
    for wanted in (_MODULES, ".safetensors"):
        named = sorted((one for one in files if one.name.endswith(wanted)), key=str)
        if named:
            place = Path(str(named[0].locate())).parent
            return place.parent if place.name == "weights" else place
    raise EngineError(f"the package {package} ships no weights as *.safetensors")


def _check(folder: Path) -> None:
    """Refuse pickled weights and classes that are not those of sentence-transformers."""
    check_folder(str(folder))
    for below in sorted(path for path in folder.rglob("*") if path.is_dir()):
        check_weights(below)
    listed = folder / _MODULES
    for kind in modules_of(folder):
        if kind != VISION_MODULE and not kind.startswith(_OURS):
            text = f"{listed} names the class {kind}, which is not of sentence-transformers"
            raise EngineError(text, "code that a folder names is not run: take another model")


def modules_of(folder: Path) -> list[str]:
    """Return the classes of the modules that a folder lists; none where it lists none."""
    if not (folder / _MODULES).exists():
        return []
    found = read_json(folder / _MODULES)
    held = found if isinstance(found, list) else [found]
    return [str(one.get("type") if isinstance(one, Mapping) else None) for one in held]


def dimension_of(folder: Path) -> int | None:
    """Return the length of an embedder's vectors, as its settings or the header of its weights say.

    None where neither says it: no settings, and no single table of vectors in a single file.
    """
    settings = folder / "config.json"
    if settings.exists():
        told = read_json(settings)
        own = told.get("text_config")
        found = told.get("hidden_size") or (own.get("hidden_size") if isinstance(own, dict) else 0)
        return found if isinstance(found, int) and found else None
    files = sorted(folder.rglob("*.safetensors"))
    shapes = _shapes(files[0]) if len(files) == 1 else []
    return shapes[0][1] if len(shapes) == 1 else None


def _shapes(file: Path) -> list[list[int]]:
    """Return the shapes of the tables in a file, from its header: eight bytes of length, JSON.

    Raises:
        EngineError: if the file is cut short or is not safetensors.
    """
    try:
        with file.open("rb") as held:
            size = int.from_bytes(held.read(8), "little")
            if size > file.stat().st_size:
                raise ValueError("the header is longer than the file")
            header = json_text.parse(held.read(size))
        shapes = [list(one["shape"]) for name, one in header.items() if name != "__metadata__"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"{file} is not a whole safetensors file: {error}") from error
    return [shape for shape in shapes if len(shape) == 2]


def embedder_hash(folder: Path) -> str:
    """Return one hash over the names and contents of settings, words and weights, all below."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in _CONTENT)
    state = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _hash(folder, state)


@lru_cache(maxsize=16)
def _hash(folder: Path, state: tuple[tuple[Path, int, int], ...]) -> str:
    return fingerprint([[str(p.relative_to(folder)), hash_file(p)] for p, _, _ in state])
