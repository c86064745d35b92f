"""A fault, and the test that must fail because of it."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One fault: `old` stands once in `file` (under llmx/), `new` is a slip."""

    file: str
    old: str
    new: str
    test: str
