"""Tables of right and wrong readings, which lie beside the tests."""

from pathlib import Path
from typing import Any

import yaml


def table(name: str) -> dict[str, Any]:
    """Return a file of readings."""
    return yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))


def pairs(part: dict[str | None, list[str]]) -> list[tuple[str | None, str]]:
    """Return (reading, text) of each row."""
    return [(reading, text) for reading, texts in part.items() for text in texts]
