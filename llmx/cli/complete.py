"""Shell completion of ``KEY=VALUE`` words, answered from the index alone."""

from __future__ import annotations

import os
import re
from pathlib import Path

from llmx.config import index
from llmx.core import json_text
from llmx.core.errors import LlmxError
from llmx.core.names import families
from llmx.store.files import inside


def join_bash_words() -> None:
    """Make bash's view of the line one that typer understands.

    Bash splits words at ``=``. Right behind the sign its current word is ``=`` itself, and only
    answers that begin with it would pass typer's filter: point at the empty word after it instead.
    """
    if os.environ.get("_LLMX_COMPLETE") != "complete_bash":
        return
    words = os.environ.get("COMP_WORDS", "").split("\n")
    at = int(os.environ.get("COMP_CWORD", "0") or 0)
    if at < len(words) and words[at] == "=":
        os.environ["COMP_CWORD"] = str(at + 1)
        os.environ["COMP_WORDS"] = "\n".join(words[: at + 1])


def overrides(incomplete: str) -> list[str]:
    """Return completions of a ``KEY=VALUE`` word, or of its value where the shell split it."""
    key = _bash_key()
    if key is not None:
        return _values(key)
    key, equals, _ = incomplete.partition("=")
    try:
        if equals:
            return [f"{key}={value}" for value in _values(key)]
        names = _arm_keys(key) if key.startswith("arms.") else [*index.keys(), *_recipe_keys()]
        return [f"{name}=" for name in dict.fromkeys(names)]
    except LlmxError:
        return []


def evaluated(incomplete: str) -> list[str]:
    """Return completions of a word of ``llmx eval``: a model, a file of questions, a setting."""
    if "=" in incomplete or _bash_key() is not None:
        return overrides(incomplete)
    return [*places(incomplete), *overrides(incomplete)]


def places(incomplete: str) -> list[str]:
    """Return files and folders whose path begins so; a folder ends with a slash."""
    folder, slash, start = incomplete.rpartition("/")
    try:
        found = sorted(Path(f"{folder}{slash}" or ".").iterdir())
    except OSError:
        return []
    seen = [path for path in found if path.name.startswith(start)]
    if not start:
        seen = [path for path in seen if not path.name.startswith(".")]
    return [f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}" for path in seen]


def recipes(incomplete: str) -> list[str]:
    """Return recipe names."""
    try:
        return [entry.name for entry in index.entries()]
    except LlmxError:
        return []


def runs(incomplete: str) -> list[str]:
    """Return names of runs (of ``$LLMX_RUNS`` or ``./runs``); their arms behind a colon."""
    folder = Path(os.environ.get("LLMX_RUNS") or "runs")
    run, colon, _ = incomplete.partition(":")
    if colon:
        return [f"{run}:{arm}" for arm in _arms_of(folder, run)]
    return sorted(path.parent.name for path in folder.glob("*/manifest.json"))


def _arms_of(runs: Path, run: str) -> list[str]:
    try:
        spec = inside(runs, run, links=True) / "spec.json"
        return list(families(json_text.parse(spec.read_bytes())["arms"]))
    except (LlmxError, OSError, ValueError, KeyError, TypeError):
        return []


def papers(incomplete: str) -> list[str]:
    """Return names of papers with published figures."""
    return index.papers()


def _values(key: str) -> list[str]:
    if key == "recipe":
        return recipes("")
    if key == "arms":
        return list(entry.arms) if (entry := _chosen()) else []
    return index.choices(key)


def _recipe_keys() -> list[str]:
    entry = _chosen()
    return [] if entry is None else [*entry.keys, *(f"arms.{arm}" for arm in entry.arms)]


def _arm_keys(word: str) -> list[str]:
    """Return ``arms.NAME.KEY`` for the arm, or the pattern, that a word begins with."""
    entry = _chosen()
    if entry is None:
        return []
    named = [f"arms.{arm}." for arm in (*entry.arms, "*") if word.startswith(f"arms.{arm}.")]
    pattern = re.match(r"arms\.[\w.+-]*[*?\[][^.=]*\.", word)
    before = max(named, key=len) if named else pattern.group() if pattern else ""
    if not before:
        return [f"arms.{arm}" for arm in entry.arms]
    keys = dict.fromkeys([*index.keys(), *entry.arm_keys])
    return [f"{before}{key}" for key in keys if key not in ("recipe", "scale", "arms")]


def _chosen() -> index.RecipeEntry | None:
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    match = re.search(r"recipe\s*=\s*([\w/-]+)", line)
    name = match.group(1).rsplit("/", 1)[-1] if match else ""
    return next((entry for entry in index.entries() if entry.name == name), None)


def _bash_key() -> str | None:
    """Return the key whose value bash is completing, as it gives ``key``, ``=``, ``val`` apart."""
    words = os.environ.get("COMP_WORDS", "").split()
    at = int(os.environ.get("COMP_CWORD", "0") or 0)
    if os.environ.get("_LLMX_COMPLETE") == "complete_bash" and at >= 2 and words[at - 1] == "=":
        return words[at - 2]
    return None
