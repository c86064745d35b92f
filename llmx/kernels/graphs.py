"""Which calls are replayed as a graph, and which graph is given up; how one is made is given."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeAlias

Work: TypeAlias = Callable[[], None]


def _never() -> bool:
    return False


class Graphs:
    """Runs work as it is at first, and as a graph from the third time on that its key comes.

    A key has to name everything that the work depends on and that a graph would hold: where it
    reads, where it writes, and how. Work under a key that keeps changing is run as it is.

    Args:
        capture: takes work and returns what replays it. May run it, need not: what comes back is
            called once more at once.
        inside: whether a graph is being captured just now, by somebody else. Then nothing is
            captured or replayed, so that the work becomes a part of that graph.
        limit: graphs that are kept, and keys that are waited for; those used last.
        eager: calls of a key before its graph: the first compiles.
    """

    def __init__(
        self,
        capture: Callable[[Work], Work],
        inside: Callable[[], bool] = _never,
        limit: int = 16,
        eager: int = 2,
    ) -> None:
        self._capture, self._inside = capture, inside
        self._limit, self._eager = limit, eager
        self._seen: OrderedDict[Hashable, int] = OrderedDict()
        self._kept: OrderedDict[Hashable, Work] = OrderedDict()
        self.refused: str | None = None

    def __len__(self) -> int:
        """Return how many graphs are kept."""
        return len(self._kept)

    def run(self, key: Hashable, work: Work) -> None:
        """Do the work once, in one way or the other.

        Warns:
            RuntimeWarning: once, if a capture failed; from then on all is run as it is.
        """
        if self.refused is not None or self._inside():
            return work()
        if key not in self._kept and self._due(key):
            self._make(key, work)
        replay = self._kept.get(key)
        if replay is None:
            return work()
        self._kept.move_to_end(key)
        replay()

    def _due(self, key: Hashable) -> bool:
        """Count a call of a key that has no graph; return whether it is to have one now."""
        self._seen[key] = self._seen.pop(key, 0) + 1
        if len(self._seen) > self._limit:
            self._seen.popitem(last=False)
        return self._seen[key] > self._eager

    def _make(self, key: Hashable, work: Work) -> None:
        try:
            replay = self._capture(work)
        except RuntimeError as error:
            self.refused = str(error)
            text = f"no CUDA graph could be captured, calls stay as they are: {error}"
            warnings.warn(text, RuntimeWarning, stacklevel=4)
            return
        del self._seen[key]
        self._kept[key] = replay
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)
