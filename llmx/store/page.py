"""Pages for people: reports, comparisons, cards. Texts of strangers in them steer no terminal."""

from __future__ import annotations

from pathlib import Path

from llmx.core.names import marked
from llmx.store.files import write_text


def write_marked(path: Path, text: str) -> None:
    """Replace `path` by `text`, with marks for characters that steer a terminal.

    Raises:
        StoreError: if it cannot be written.
    """
    write_text(path, marked(text))
