"""Problems that this process has drawn or read already: stages ask for the same ones in turn.

A dataset is kept by its class, its specification and its identity, which holds the content of what
is read from files. Splits that trainings read are large, and read once: they are not kept.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from threading import RLock
from typing import Any

from pydantic import TypeAdapter, ValidationError

from llmx.core import user_cache
from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.store.rows import lean

_FOLDER = "problems"
_MOST = 64
_SAMPLES = TypeAdapter(tuple[Sample, ...])


def recalled(identity: str, split: str, limit: int | None) -> tuple[Sample, ...] | None:
    """Return the problems that were drawn of a split, None where there are no whole ones."""
    digest, _, text = (user_cache.load(_file(identity, split, limit)) or b"").partition(b"\n")
    if digest != _digest(text):
        return None
    try:
        return _SAMPLES.validate_json(text)
    except ValidationError:
        return None


def keep(identity: str, split: str, limit: int | None, problems: Sequence[Sample]) -> None:
    """Keep what was drawn of a split."""
    text = _SAMPLES.dump_json(tuple(problems))
    user_cache.save(_file(identity, split, limit), _digest(text) + b"\n" + text)
    user_cache.keep_newest(f"{_FOLDER}/*.json", _MOST)


def _file(identity: str, split: str, limit: int | None) -> str:
    asked = json.dumps([identity, split, limit, _code()])
    return f"{_FOLDER}/{_digest(asked.encode()).decode()}.json"


@lru_cache(maxsize=1)
def _code() -> str:
    """Return the hash of the code that draws: a problem may change with any line of it."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return _digest(b"\0".join(path.read_bytes() for path in files)).decode()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=20).hexdigest().encode()


_KEPT = frozenset({"test", "calibration", "validation", "heldout"})
_LOCK = RLock()  # a dataset draws its splits one after the other


def doubled(ids: Iterable[Hashable]) -> tuple[int, int] | None:
    """Return the first two places, from 0, that hold the same; None where all are different."""
    seen: dict[Hashable, int] = {}
    for place, one in enumerate(ids):
        if (first := seen.setdefault(one, place)) != place:
            return first, place
    return None


def one_of_each(found: Sequence[Sample], kind: str, split: str) -> Sequence[Sample]:
    """Return problems, whose ids are all different: by them answers, scores and arms are paired.

    Raises:
        DataError: naming the first two of one id.
    """
    if (places := doubled(one.id for one in found)) is not None:
        first, other = (place + 1 for place in places)
        text = f"problems {first} and {other} of {kind}, split {split}, have one id"
        raise DataError(f"{text}: '{found[places[0]].id}'", "give each problem an id of its own")
    return found


def problems(spec: DataSpec, split: str, limit: int | None) -> list[Sample]:
    """Return the first `limit` problems of a split, drawn once a process; the list is the caller's.

    Raises:
        DataError: for a split that cannot be had, or in which two problems have one id; asking
            again tries again.
    """
    kind = lookup("data", spec.kind)
    identity = _identity(kind, spec) if split in _KEPT else None
    if identity is None:
        return list(one_of_each(kind(spec).split(split, limit), spec.kind, split))
    with _LOCK:
        return list(_dataset(kind, spec, identity).split(split, limit))


def _identity(kind: Any, spec: DataSpec) -> str | None:
    try:
        return json.dumps(kind.identity(spec), sort_keys=True)
    except DataError:
        return None  # what its problems depend on is not known


class _Dataset:
    """A dataset with what was asked of it; made when something is asked that is not kept."""

    def __init__(self, kind: Any, spec: DataSpec, identity: str) -> None:
        self._spec = spec
        self._make = lru_cache(maxsize=1)(lambda: kind(spec))
        self._identity = identity if getattr(kind, "procedural", False) else None
        self._found: dict[tuple[str, int | None], tuple[Sample, ...]] = {}

    def split(self, name: str, limit: int | None) -> tuple[Sample, ...]:
        """Return the first problems; of a split that is here as a whole a part of it."""
        asked = None if limit is not None and limit == getattr(self._spec, name, None) else limit
        known = next((key for key in (asked, None) if (name, key) in self._found), asked)
        if (name, known) not in self._found:
            drawn = one_of_each(self._drawn(name, known), self._spec.kind, name)
            self._found[name, known] = tuple(lean(drawn))
        return self._found[name, known][:limit]

    def _drawn(self, name: str, limit: int | None) -> tuple[Sample, ...]:
        if self._identity is None:
            return tuple(self._make().split(name, limit))
        there = recalled(self._identity, name, limit)
        if there is None:
            there = tuple(self._make().split(name, limit))
            keep(self._identity, name, limit, there)
        return there


@lru_cache(maxsize=8)
def _dataset(kind: Any, spec: DataSpec, identity: str) -> _Dataset:
    return _Dataset(kind, spec, identity)


def forget() -> None:
    """Draw and read everything anew from here on."""
    _dataset.cache_clear()


# Splits are drawn in the order test, calibration, validation, heldout, sft, train, lessons: none
# depends on a later one. The sizes of three of them are options of the kinds that have them.
_AFTER_CALIBRATION = {"heldout", "heldout_templates", "train", "validation", "sft", "lessons"}
_DRAWN_LATER = {
    "test": {"calibration", *_AFTER_CALIBRATION},
    "calibration": _AFTER_CALIBRATION,
    "validation": {"sft", "train", "lessons"},
    "sft": {"train", "lessons"},
    "train": {"lessons"},
}


@dataclass(frozen=True)
class Settled:
    """A specification that leaves nothing open, and lines on what was found for it."""

    spec: DataSpec
    notes: tuple[str, ...] = ()


def settled(spec: DataSpec, found: Path) -> Settled:
    """Return a specification with what its kind finds out once: columns, sizes, a commit.

    Args:
        found: file in which commits stand that were looked up, so that they are looked up once.

    Raises:
        DataError: if there is no such data.
    """
    settle = getattr(lookup("data", spec.kind), "settled", None)
    result: Settled = Settled(spec) if settle is None else settle(spec, found)
    return result


def load(spec: DataSpec, split: str, limit: int | None = None) -> list[Sample]:
    """Return the first `limit` problems of a split, in the dataset's fixed order."""
    return problems(spec, split, limit)


def identity(spec: DataSpec) -> dict[str, Any]:
    """Return what a dataset's problems depend on, without drawing or fetching any."""
    found: dict[str, Any] = lookup("data", spec.kind).identity(spec)
    return found


def evaluation_identity(spec: DataSpec, split: str) -> dict[str, Any]:
    """Return what one evaluation split depends on: not how much of the others is drawn after it."""
    later = _DRAWN_LATER.get(split, set())
    found = identity(spec)
    kept = {name: value for name, value in found["spec"].items() if name not in later}
    options = kept.pop("options", {})
    if left := {name: value for name, value in options.items() if name not in later}:
        kept["options"] = left
    return {**found, "spec": kept, "split": split}
