"""How many cases a test tries: few in `make test`, many in `make test-thorough`."""

import os
import random
from collections.abc import Sequence
from typing import TypeVar

import pytest

Item = TypeVar("Item")

THOROUGH = os.environ.get("LLMX_THOROUGH", "0") not in ("", "0")
"""Whether LLMX_THOROUGH asks for the full counts."""

thorough = pytest.mark.skipif(not THOROUGH, reason="in make test-thorough alone")
"""Marks what `make test` does without: what proves again, and dear tests of scripts."""


def count(usual: int, thorough: int) -> int:
    """Return how many kill points, seeds or property cases to try."""
    return thorough if THOROUGH else usual


def some(items: Sequence[Item], usual: int, seed: int = 0) -> list[Item]:
    """Return all items if thorough, else `usual` of them: always the same, in their order."""
    if THOROUGH or usual >= len(items):
        return list(items)
    return [items[at] for at in sorted(random.Random(seed).sample(range(len(items)), usual))]
