"""When the stages of a run were made on one machine, out of what each says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from llmx.core.errors import StoreError
from llmx.core.timeline import WorkBar, WorkerLife
from llmx.graph.accesses import ACCESSES
from llmx.graph.folder import RunFolder
from llmx.graph.graph import CACHE, build_graph, entry_of
from llmx.store.cache import ABOUT
from llmx.store.files import read_lines

_HERE = "this machine"


def local_lives(run: RunFolder) -> list[WorkerLife]:
    """Return processes that may have made the stages of a run: as few as there must have been.

    A stage says how long it took, and its description is written when it ends. What was made before
    the first command of the run is left out. Of a stage whose parts several processes did the bar
    is as long as they took together.

    Raises:
        StoreError: if the run is of another version of llmx.
    """
    cache, first, bars = run.path.parent / CACHE, _first(run), list[WorkBar]()
    for node in build_graph(run.spec()):
        entry = entry_of(cache, node)
        with suppress(StoreError, OSError, KeyError):
            ended = (entry.folder / ABOUT).stat().st_mtime
            if ended >= first:
                bars.append(WorkBar(node.title, ended - float(entry.about()["seconds"]), ended))
    return [
        WorkerLife(_HERE, f"process {at}", "local", 0, mine[0].begin, mine[-1].end, tuple(mine))
        for at, mine in enumerate(in_lanes(bars), 1)
    ]


def in_lanes(bars: Iterable[WorkBar]) -> list[list[WorkBar]]:
    """Return bars in as few rows as there can be without two at once in one."""
    lanes: list[list[WorkBar]] = []
    for bar in sorted(bars, key=lambda one: (one.begin, one.end)):
        free = next((lane for lane in lanes if lane[-1].end <= bar.begin + 1e-3), None)
        if free is None:
            lanes.append([bar])
        else:
            free.append(bar)
    return lanes


def _first(run: RunFolder) -> float:
    """Return when the first command began to work at a run; 0 where that is not known."""
    with suppress(StoreError, KeyError, TypeError, ValueError, IndexError):
        rows = read_lines(run.path / ACCESSES)
        return datetime.fromisoformat(rows[0]["written"]).timestamp()
    return 0.0
