"""Drawn splits kept on the disk: importing a generator takes longer than drawing its problems.

Of kinds that draw from nothing but their specification (``procedural``). A split is found by the
hash of its dataset's identity, of llmx's own code for data, and of what was asked; a damaged file
is none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from llmx.core import user_cache
from llmx.core.record import Sample

_FOLDER = "problems"
_MOST = 64
_SAMPLES = TypeAdapter(tuple[Sample, ...])


def load(identity: str, split: str, limit: int | None) -> tuple[Sample, ...] | None:
    """Return the problems that were drawn of a split, None where there are no whole ones."""
    digest, _, text = (user_cache.load(_file(identity, split, limit)) or b"").partition(b"\n")
    if digest != _digest(text):
        return None
    try:
        return _SAMPLES.validate_json(text)
    except ValidationError:
        return None


def save(identity: str, split: str, limit: int | None, problems: Sequence[Sample]) -> None:
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
