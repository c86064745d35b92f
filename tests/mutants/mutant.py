"""A row of the table of faults."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One fault."""

    file: str
    old: str
    new: str
    test: str
