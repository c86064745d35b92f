"""The JSON files of a model folder: a plan reads them before a library follows them anywhere."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import EngineError

# What libraries read of a folder besides config.json, all of them mappings.
_READ = (
    *("generation_config.json", "tokenizer_config.json", "tokenizer.json", "vocab.json"),
    *("special_tokens_map.json", "added_tokens.json", "chat_template.json"),
)


def read_settings(path: Path) -> dict[str, Any]:
    """Return the mapping that a file holds.

    Raises:
        EngineError: if it holds anything else, or cannot be read.
    """
    try:
        found = json_text.parse(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot read {path}: {error}") from error
    if not isinstance(found, dict):
        raise EngineError(f"cannot read {path}: it holds no settings")
    return found


def check_settings(folder: Path) -> None:
    """Read all that libraries will, once a process for each state of a file.

    Raises:
        EngineError: naming the first file that cannot be read.
    """
    for path in (folder / name for name in _READ):
        if path.exists():
            stat = path.stat()
            _check(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _check(path: Path, size: int, modified: int) -> None:
    read_settings(path)
