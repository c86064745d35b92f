"""Contents of messages: a text, or parts of which some were thought and not said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_THOUGHT = ("thinking", "reasoning", "redacted_thinking")


@dataclass(frozen=True)
class Content:
    """What was said, and what was thought."""

    text: str = ""
    thought: str = ""


def split_content(content: Any) -> Content:
    """Return the texts of a content: a text, parts in a list, or nothing.

    Raises:
        ValueError: for anything else, which is no content of a message.
    """
    if isinstance(content, Content):
        return content
    if content is None or isinstance(content, str):
        return Content(content or "")
    if not isinstance(content, list) or not all(isinstance(p, str | dict) for p in content):
        raise ValueError("a content is a text, or parts in a list")
    thought = [isinstance(part, dict) and part.get("type") in _THOUGHT for part in content]
    pairs = list(zip(content, thought, strict=True))
    return Content(
        "".join(text for part, inner in pairs if not inner for text in _texts(part)),
        "".join(text for part, inner in pairs if inner for text in _texts(part)),
    )


def text_of(content: Any) -> str:
    """Return what a content says; of one that cannot be read nothing."""
    try:
        return split_content(content).text
    except ValueError:
        return ""


def _texts(part: Any) -> Iterator[str]:
    """Yield the texts of a part; thinking is a list of parts in some dialects."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, dict):
        for name in ("text", "thinking", "reasoning"):
            if name in part:
                yield from _texts(part[name])
                return
