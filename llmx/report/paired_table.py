"""Two arms side by side: the same problems under the same seeds, as tables of items × seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmx.core.record import Score
from llmx.report.gather import ArmFiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Value = Callable[[Score], float]


def correct(score: Score) -> float:
    """1 for a right answer in the asked format."""
    return float(score.correct)


def tokens(score: Score) -> float:
    """Length of the output, tokens."""
    return float(score.tokens)


@dataclass(frozen=True)
class PairedTable:
    """What two arms have in common.

    Attributes:
        ids: problems that both have answered under every common seed, sorted.
        clusters: one label a problem; its own id where it has none.
        seeds: how many seeds both have.
    """

    first: ArmFiles
    second: ArmFiles
    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    seeds: int

    def values(self, which: ArmFiles, value: Value) -> NDArray[np.float64]:
        """Return float64 (items, seeds)."""
        import numpy as np

        runs = which.runs()[: self.seeds]
        return np.array([[value(run.scores[name]) for run in runs] for name in self.ids])

    def gaps(self, value: Value = correct) -> NDArray[np.float64]:
        """Return first minus second, float64 (items, seeds)."""
        found: NDArray[np.float64] = self.values(self.first, value) - self.values(
            self.second, value
        )
        return found


def paired_table(first: ArmFiles, second: ArmFiles | None) -> PairedTable | None:
    """Pair two arms; None where they have no problem in common."""
    if second is None:
        return None
    seeds = min(len(first.runs()), len(second.runs()))
    runs = (*first.runs()[:seeds], *second.runs()[:seeds])
    ids = sorted(set.intersection(*(set(run.scores) for run in runs)))
    if not ids:
        return None
    return PairedTable(first, second, tuple(ids), labels(first, ids), seeds)


def labels(files: ArmFiles, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the cluster of each problem; one without a cluster is one by itself."""
    return tuple(files.scores[name].cluster or name for name in ids)
