"""Fingerprints: a short name for a meaning, and a refusal where there is no stable meaning.

Only plain values have a stable form: texts, whole numbers, finite floats, booleans, None, and lists
and string-keyed mappings of those. Anything else is refused, so that a fingerprint never lies.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from llmx.core.errors import StoreError

_LENGTH = 10  # bytes: 80 bits


def fingerprint(value: Any) -> str:
    """Return 20 hexadecimal digits that depend on `value` alone.

    Raises:
        StoreError: if some part of the value has no stable form.
    """
    text = json.dumps(_stable(value, ()), sort_keys=True, ensure_ascii=False)
    return blake2b(text.encode(), digest_size=_LENGTH).hexdigest()


Where = tuple[Any, ...]  # (the place that holds it, key or number there); empty = the whole


def _stable(value: Any, where: Where) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, float):
        return {"float": repr(value)}  # inf and nan: JSON has no form of its own for them
    if isinstance(value, Mapping):
        return {_key(key, where): _stable(item, (where, key)) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_stable(item, (where, place)) for place, item in enumerate(value)]
    kind = type(value).__name__
    raise StoreError(f"{_shown(where)} is a {kind}, which has no stable form to hash")


def _key(key: Any, where: Where) -> str:
    if not isinstance(key, str):
        raise StoreError(
            f"{_shown(where)} has the key {key!r}: only texts have a stable form as keys"
        )
    return key


def _shown(where: Where) -> str:
    """Return a place in words; most values are never named, so that it is made in errors alone."""
    if not where:
        return "value"
    above, at = where
    return _shown(above) + (f"[{at}]" if isinstance(at, int) else f".{at}")


def hash_file(path: Path) -> str:
    """Return the hash of a file's content."""
    digest = blake2b(digest_size=_LENGTH)
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def hash_folder(folder: Path, patterns: Sequence[str], left_out: Collection[str] = ()) -> str:
    """Return one hash over the names and contents of the files that match any pattern.

    The patterns are of names: the files of folders below do not count. A file is read once a
    process for each of its states: a plan asks for the same folder often.
    """

    def counts(name: str) -> bool:
        return name not in left_out and any(fnmatchcase(name, pattern) for pattern in patterns)

    there = folder.iterdir() if folder.is_dir() else ()
    files = sorted(path for path in there if counts(path.name))
    return fingerprint({path.name: hash_once(path) for path in files})


def hash_once(path: Path) -> str:
    """Return the hash of a file's content, read once a process for each of its states."""
    state = path.stat()
    return _hash_state(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _hash_state(path: Path, size: int, modified: int) -> str:
    return hash_file(path)
