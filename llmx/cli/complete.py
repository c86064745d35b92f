"""Shell completion of ``KEY=VALUE`` words, answered from the index alone."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from llmx.config import index
from llmx.core import json_text
from llmx.core.errors import LlmxError
from llmx.core.names import families
from llmx.store.files import inside


def join_bash_words() -> None:
    """Make bash's view of the line one that typer understands.

    Bash splits words at ``=`` and ``:``. Right behind the sign its current word is the sign
    itself, and only answers that begin with it would pass typer's filter: point at the empty word
    after it instead.
    """
    if os.environ.get("_LLMX_COMPLETE") != "complete_bash":
        return
    words = os.environ.get("COMP_WORDS", "").split("\n")
    at = int(os.environ.get("COMP_CWORD", "0") or 0)
    if at < len(words) and words[at] in ("=", ":"):
        os.environ["COMP_CWORD"] = str(at + 1)
        os.environ["COMP_WORDS"] = "\n".join(words[: at + 1])


def overrides(incomplete: str) -> list[str]:
    """Return completions of a ``KEY=VALUE`` word, or of its value where the shell split it."""
    key = _bash_key()
    if key is not None:
        return _values(key, incomplete)
    key, equals, begun = incomplete.partition("=")
    try:
        if equals:
            return [f"{key}={value}" for value in _values(key, begun)]
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
    run, colon, _ = incomplete.partition(":")
    if colon:
        return [f"{run}:{arm}" for arm in _arms_of(_runs_folder(), run)]
    named = _bash_before(":")
    if named is not None:  # behind a colon at which bash has split
        return _arms_of(_runs_folder(), "" if named in ("batches", "compare", ":") else named)
    return run_names(incomplete)


def run_names(incomplete: str) -> list[str]:
    """Return names of runs (of ``$LLMX_RUNS`` or ``./runs``)."""
    return sorted(path.parent.name for path in _runs_folder().glob("*/manifest.json"))


def submitted_runs(incomplete: str) -> list[str]:
    """Return names of runs that were submitted, finished or not."""
    return sorted(path.parents[1].name for path in _runs_folder().glob("*/cluster/launch.json"))


def submitted(incomplete: str) -> list[str]:
    """Return completions of a word of ``llmx submit``: a setting, or a run that was submitted."""
    if "=" in incomplete or _bash_key() is not None:
        return overrides(incomplete)
    return [*overrides(incomplete), *submitted_runs(incomplete)]


def reported(incomplete: str) -> list[str]:
    """Return what `llmx report` takes: a run, or a recipe that has one."""
    names = run_names(incomplete)
    return [*dict.fromkeys(name.rpartition("-")[0] for name in names), *names]


def _runs_folder() -> Path:
    return Path(os.environ.get("LLMX_RUNS") or "runs")


def _arms_of(runs: Path, run: str) -> list[str]:
    """Return the arms of a run; without a name, of the newest."""
    try:
        folder = inside(runs, run, links=True) if run else _newest(runs)
        spec = folder / "spec.json"
        return list(families(json_text.parse(spec.read_bytes())["arms"]))
    except (LlmxError, OSError, ValueError, KeyError, TypeError):
        return []


def _newest(runs: Path) -> Path:
    return max(runs.glob("*/manifest.json"), key=lambda path: path.stat().st_mtime).parent


def sorts(incomplete: str) -> list[str]:
    """Return what `llmx list` lists."""
    from llmx.config.listing import SORTS

    return ["recipes", *SORTS]


def papers(incomplete: str) -> list[str]:
    """Return names of papers with published figures."""
    return index.papers()


def _values(key: str, begun: str = "") -> list[str]:
    """Return values of a key; `begun` is what is typed of one, a list without its last name."""
    if key == "recipe":
        return [*recipes(""), *(places(begun) if "/" in begun else ())]
    if key == "arms":
        return _listed(list(entry.arms), begun) if (entry := _chosen()) else []
    if key in _PATHS:
        return places(begun)
    return index.choices(key)


_PATHS = (
    "data.options.path",
    "model.target",
    "model.draft",
    "model.adapter",
    "engine.script",
    "engine.python",
)


def _listed(names: Sequence[str], begun: str) -> list[str]:
    """Return names as they go on in a list: `[a,b` is completed to `[a,b` and what begins so."""
    head = re.match(r"(?:['\"]?\[)?(?:.*,)?", begun)
    before = head.group() if head else ""
    taken = before.lstrip("'\"[").split(",")
    return [f"{before}{name}" for name in names if name not in taken]


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
    return _bash_before("=")


def _bash_before(sign: str) -> str | None:
    """Return the word before the sign that stands before what bash is completing."""
    words = os.environ.get("COMP_WORDS", "").split()
    at = int(os.environ.get("COMP_CWORD", "0") or 0)
    if os.environ.get("_LLMX_COMPLETE") == "complete_bash" and at >= 2 and words[at - 1] == sign:
        return words[at - 2]
    return None
