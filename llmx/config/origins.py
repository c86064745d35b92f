"""Where each value came from: which file and line, and whether the user typed it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from llmx.config.edge import Assignment


@dataclass
class Origins:
    """Dotted key -> its place; what is set as a whole outvotes what was set inside it before.

    ``typed`` are the keys of the command line. Whatever is not among them is a file's, however the
    file was chosen: a group that the user picks by name may be a stranger's.
    """

    places: dict[str, str] = field(default_factory=dict)
    typed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, assignments: Iterable[Assignment]) -> Origins:
        """Return the origins of assignments, applied in their order."""
        found = cls()
        for given in assignments:
            found.note(given)
        return found

    def copy(self) -> Origins:
        """Return origins that change on their own."""
        return Origins(dict(self.places), self.typed)

    def note(self, given: Assignment) -> None:
        """Remember where a key is set now."""
        inside = f"{given.key}."
        self.places = {k: p for k, p in self.places.items() if not k.startswith(inside)}
        now = {given.key} if given.typed else set()
        self.typed = (self.typed - {given.key}) | now  # what has lost its place is asked no more
        self.places[given.key] = given.origin

    def setter(self, key: str) -> str | None:
        """Return the key by which a value was set: itself, or the nearest one that holds it."""
        while key not in self.places:
            key, dot, _ = key.rpartition(".")
            if not dot:
                return None
        return key

    def is_typed(self, key: str) -> bool:
        """Whether the user typed the value of a key."""
        return self.setter(key) in self.typed
