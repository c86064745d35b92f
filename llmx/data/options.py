"""Multiple-choice problems: a question, and below it options that are lettered from A."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase


def with_options(question: str, options: Sequence[str]) -> str:
    """Return the question as it is asked: each option on a line of its own, ``A. …``.

    Raises:
        ValueError: for fewer than two options, or more than there are letters.
    """
    if not 2 <= len(options) <= len(ascii_uppercase):
        raise ValueError(f"{len(options)} options")
    pairs = zip(ascii_uppercase, options, strict=False)
    lines = [f"{letter}. {text.strip()}" for letter, text in pairs]
    return "\n".join([question.strip(), *lines])
