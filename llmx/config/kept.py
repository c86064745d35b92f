"""Compositions kept on the disk: the same command, on the same files, waits for no Hydra again.

A composition is found by the hash of all that it depends on (:mod:`llmx.config.compose`), so a
stale one is never found. A file is its own hash and the specification; one that is damaged is none.
"""

from __future__ import annotations

from hashlib import blake2b

from pydantic import ValidationError

from llmx.core import user_cache
from llmx.core.spec import RunSpec

_FOLDER = "compositions"
_MOST = 128


def load(key: str) -> RunSpec | None:
    """Return the composition of that hash, None where there is no whole one."""
    digest, _, text = (user_cache.load(_file(key)) or b"").partition(b"\n")
    if digest != _digest(text):
        return None
    try:
        return RunSpec.model_validate_json(text)
    except ValidationError:
        return None


def save(key: str, spec: RunSpec) -> None:
    """Keep a composition, unless it would not come back as it is."""
    text = spec.model_dump_json().encode()
    if repr(RunSpec.model_validate_json(text)) != repr(spec):
        return
    user_cache.save(_file(key), _digest(text) + b"\n" + text)
    user_cache.keep_newest(f"{_FOLDER}/*.json", _MOST)


def _file(key: str) -> str:
    return f"{_FOLDER}/{key}.json"


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=20).hexdigest().encode()
