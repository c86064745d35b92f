"""What an embedder reads: a text, or a picture with a text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ImageText:
    """A picture, and the text that stands behind it.

    Attributes:
        image: the file.
        name: of the file within its data, wherever these lie.
    """

    text: str
    image: Path
    name: str


Item = str | ImageText


def prompted(prompt: str, item: Item) -> Item:
    """Return an item with a prompt before its text."""
    if isinstance(item, ImageText):
        return replace(item, text=prompt + item.text) if prompt else item
    return prompt + item


def plain(item: Item) -> Any:
    """Return an item in a form that has a fingerprint: a text is itself."""
    return [item.name, item.text] if isinstance(item, ImageText) else item


def shown(item: Item) -> str:
    """Return an item as records and pages show it."""
    return f"[{item.name}] {item.text}".rstrip() if isinstance(item, ImageText) else item
