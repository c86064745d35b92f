"""What `llmx list` and shell completion show, without importing Hydra, pydantic or torch.

Each recipe's entry is kept in the user's cache folder for as long as the file stays the same; the
cache is safe to delete, and is done without where it cannot be written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmx.config import places
from llmx.core import json_text, user_cache
from llmx.core.registry import short_names

_FILE = "index-3.json"


@dataclass(frozen=True)
class RecipeEntry:
    """One recipe in the list. ``error`` has one line for each problem of a broken file."""

    name: str
    group: str
    path: str
    paper: str = ""
    description: str = ""
    arms: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """Dotted names of what the file itself sets: stage options and inline values."""
    arm_keys: tuple[str, ...] = ()
    """Those of stages that an arm, or a sweep, may set."""
    outside: tuple[str, ...] = ()
    """What the file says of programs, hosts and keys: ``LINE: KEY: what``."""
    error: str = ""


def entries(extra: Sequence[Path | str] = ()) -> list[RecipeEntry]:
    """Return every recipe, by group and name; broken files too, with their error.

    Raises:
        ConfigError: if a recipe folder that was asked for is not there.
    """
    files = list(places.recipe_files(places.roots(extra)))
    cache = _load()
    found = [_entry(group, path, cache) for group, path in files]
    _save(cache)
    return sorted(found, key=lambda entry: (entry.group, entry.name))


def keys(extra: Sequence[Path | str] = ()) -> list[str]:
    """Return what can stand before ``=``: reserved words, groups, and all keys of their choices."""
    roots = places.roots(extra)
    cache = _load()
    names = {"recipe", "scale", "arms", "seed"}
    for name, path in places.group_files(roots).items():
        group = name.split("/")[0]
        names |= {group} | {f"{group}.{key}" for key in _cached(path, cache, _group_keys)}
    _save(cache)
    return sorted(names)


def papers(extra: Sequence[Path | str] = ()) -> list[str]:
    """Return the papers of which published figures are known, and the short names of these."""
    known = places.claim_files(places.roots(extra))
    return sorted({*known, *(name for name, paper in short_names().items() if paper in known)})


def choices(group: str, extra: Sequence[Path | str] = ()) -> list[str]:
    """Return what can stand after ``group=``."""
    names = [name.split("/") for name in places.group_files(places.roots(extra))]
    return sorted(choice for of, choice in names if of == group and not choice.startswith("_"))


def _entry(group: str, path: Path, cache: dict[str, Any]) -> RecipeEntry:
    known: dict[str, Any] = _cached(path, cache, _describe)
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
    return RecipeEntry(**{**fields, "name": path.stem, "group": group, "path": str(path)})


def _describe(path: Path) -> dict[str, Any]:
    # Imported here: with a warm cache not even PyYAML is needed.
    from llmx.config.problems import Problems
    from llmx.config.reaches import reaches
    from llmx.config.recipe import SECTIONS, parse
    from llmx.config.stages import arm_keys, stage_keys
    from llmx.config.yaml_file import read
    from llmx.core.errors import ConfigError

    try:
        problems = Problems()
        recipe = parse(read(path), "", problems)
        problems.raise_any()
    except ConfigError as error:
        return {**asdict(RecipeEntry("", "", "")), "error": str(error)}
    arm_lines = (text for texts in recipe.arms.values() for text in texts)
    own = [key for key in (text.partition("=")[0] for text in arm_lines) if "." in key]
    inline = [f"{section}.{key}" for section, held in recipe.inline.items() for key in held]
    brought = [section for section in recipe.inline if section not in SECTIONS]
    entry = RecipeEntry(
        name=recipe.name,
        group="",
        path="",
        paper=recipe.words.get("paper", ""),
        description=recipe.words.get("description", ""),
        arms=tuple(recipe.arms),
        scales=tuple(recipe.scales),
        keys=(*stage_keys(recipe.stages), *inline, *brought),
        arm_keys=tuple(dict.fromkeys([*arm_keys(recipe.stages), *own])),
        outside=tuple(f"{reach.line}: {reach.text}" for reach in reaches(recipe)),
    )
    return asdict(entry)


def _group_keys(path: Path) -> list[str]:
    from llmx.config.yaml_file import read
    from llmx.core.errors import ConfigError

    try:
        return [key for key in read(path).data if key != "defaults"]
    except ConfigError:
        return []


def _cached(path: Path, cache: dict[str, Any], make: Any) -> Any:
    stat = path.stat()
    now = [stat.st_mtime_ns, stat.st_size]
    known = cache.get(str(path))
    # An error names the file as seen from the current folder, so it is made afresh.
    if not isinstance(known, dict) or known.get("stamp") != now or known.get("error"):
        made = make(path)
        known = cache[str(path)] = {"stamp": now, "value": made, "error": _passing(made)}
        cache[""] = True
    return known["value"]


def _passing(made: Any) -> bool:
    """Whether what was read of a file holds no longer than this process: an error, or a section of
    a plugin, which the next may do without.
    """
    from llmx.config.recipe import SECTIONS
    from llmx.core.registry import kinds, owner

    if not isinstance(made, dict):
        return False
    heads = {key.split(".")[0] for key in made["keys"]}
    own = (name for name in kinds("section") if owner("section", name).startswith("llmx."))
    return bool(made["error"]) or not heads <= {"stages", *SECTIONS, *own}


def cache_file() -> Path:
    """Return where the index is kept."""
    return user_cache.folder() / _FILE


def _load() -> dict[str, Any]:
    try:
        held = json_text.parse(user_cache.load(_FILE) or b"")
    except ValueError:
        return {}
    return held if isinstance(held, dict) else {}


def _save(cache: dict[str, Any]) -> None:
    if not cache.pop("", False):
        return
    kept = {path: held for path, held in cache.items() if Path(path).exists()}
    user_cache.save(_FILE, json.dumps(kept).encode())
