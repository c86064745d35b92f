"""Did a reinforcement learning have anything to learn from?

Rewards are compared within a group of completions of one prompt. Where all of a group are equal,
as where every completion is cut before its answer, the group teaches nothing; where that is so in
every step, the model that comes out is the one that went in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from llmx.core.names import several
from llmx.store.files import read_json

ABOUT = "training.json"
_SILENT, _CUT = "groups_without_signal", "truncated"


def without_signal(about: Mapping[str, Any]) -> str:
    """Return why a training taught nothing; empty where it may have.

    Args:
        about: the content of a ``training.json``.
    """
    curve = [point for point in about.get("curve", ()) if _SILENT in point]
    if not curve or any(point[_SILENT] < 1 for point in curve):
        return ""
    steps = several(int(about.get("steps", len(curve))), "step")
    why = f"in all of its {steps} of {about['kind']} the rewards of every group were equal"
    if all(point.get(_CUT, 0) >= 1 for point in curve):
        cap = (about.get("settings") or {}).get("max_completion_length")
        at = f" at {several(int(cap), 'token')}" if cap else ""
        why += f", and every completion was cut{at} (settings.max_completion_length)"
    return why


def unlearned(inputs: Mapping[str, Path], arms: Iterable[str]) -> dict[str, str]:
    """Return arm → why a training that it rests on taught nothing; nothing of all others.

    Args:
        inputs: ``need/arm`` → folder in the cache, as a stage is given them.
    """
    found: dict[str, str] = {}
    known: dict[Path, tuple[str, ...]] = {}
    for arm in arms:
        folders = [path for key, path in inputs.items() if key.partition("/")[2] == arm]
        why = next((w for folder in folders for w in _behind(folder, known)), "")
        if why:
            found[arm] = why
    return found


def _behind(folder: Path, known: dict[Path, tuple[str, ...]]) -> tuple[str, ...]:
    """Return why trainings that an output rests on, at whatever distance, taught nothing."""
    if folder not in known:
        known[folder] = ()
        own = _own(folder)
        said = [own] if own else []
        said += [why for one in _inputs(folder) for why in _behind(one, known)]
        known[folder] = tuple(said)
    return known[folder]


def _own(folder: Path) -> str:
    path = folder / ABOUT
    return without_signal(read_json(path)) if path.exists() else ""


def _inputs(folder: Path) -> Iterator[Path]:
    """Yield the outputs that one was made from, as far as they are still in the cache."""
    about = folder / "stage.json"
    if about.exists():
        for name in (read_json(about).get("inputs") or {}).values():
            yield from folder.parent.parent.glob(f"*/{name}")


def said_unlearned(found: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence an arm."""
    for arm, why in found.items():
        yield f"`{arm}` was trained without signal: {why}. It learned nothing from its rewards."


def in_run(folder: Path) -> dict[str, str]:
    """Return ``STAGE/ARM`` → why, of the trainings of a run folder that taught nothing."""
    paths = sorted((*folder.glob(f"*/{ABOUT}"), *folder.glob(f"*/*/{ABOUT}")))
    said = {str(path.parent.relative_to(folder)): _own(path.parent) for path in paths}
    return {name: why for name, why in said.items() if why}
