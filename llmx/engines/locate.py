"""From a model's name in a recipe to the folder or hub name that is loaded.

``zoo:NAME`` ships with llmx, ``stage:NEED`` is the output of a training stage of the same recipe,
a path is a folder, and everything else is a name on the hub.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llmx.core.errors import EngineError, nearest
from llmx.core.user_cache import at_home
from llmx.store.fingerprint import hash_folder
from llmx.store.machine import once
from llmx.store.place import inside

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
_NOT_CONTENT = {"about.json"}


def local_folder(name: str, stages: Mapping[str, Path] | None = None) -> Path | None:
    """Return the folder behind a name, or None if it names a model on the hub.

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
    if name.startswith((".", "/", "~")) or Path(name).is_dir():
        return _path(at_home(name))
    return None


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


def _path(folder: Path) -> Path:
    if not (folder / "config.json").exists():
        raise EngineError(f"{folder} holds no model (config.json is missing)", "check the path")
    return folder


def model_identity(name: str | None, revision: str | None) -> dict[str, str | None] | None:
    """Return what a model means: the hash of its content, or hub name and pinned revision."""
    if name is None:
        return None
    if name.startswith("stage:"):
        return {"stage": name}  # its fingerprint is among the inputs
    folder = local_folder(name)
    if folder is None:
        return {"hub": name, "revision": revision}
    return {"content": content_hash(folder)}


def code_identity(trust_remote_code: bool) -> dict[str, bool]:
    """Return what an answer depends on where a model's own code runs; nothing where none does."""
    return {"trust_remote_code": True} if trust_remote_code else {}


@once
def content_hash(folder: Path) -> str:
    """Return one hash of everything in a model folder that decides an output."""
    return hash_folder(folder, _CONTENT, _NOT_CONTENT)
