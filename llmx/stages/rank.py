"""Stage `rank`: the nearest targets of each query, within its dataset, exactly."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmx.core.options import Count, StageOptions
from llmx.core.progress import Progress
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.stages.pair_table import PairTable, input_with
from llmx.store.files import write_bytes, write_json

if TYPE_CHECKING:
    from numpy import int32, int64
    from numpy.typing import NDArray

RANKS, ABOUT = "ranks.npy", "rank.json"
_SECONDS = 20.0  # 20,000 rows of 256 numbers on one core
_FIRST = 30


class RankOptions(StageOptions):
    """How deep."""

    depth: Count = Field(default=130, description="nearest targets of each query that are kept")


class RankStage:
    """Writes ``ranks.npy``, int32 (n, depth): rows, best first, -1 where a dataset has no more.

    ``rank.json`` says how often a row's own target is the first, or among the first 30. Needs a
    stage of kind `embed`.
    """

    Options: ClassVar[type[StageOptions]] = RankOptions
    kind: ClassVar[str] = "rank"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The depth; what is ranked is that of its input."""
        return given.read(RankOptions).model_dump()

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """That of the default rows; it grows with their square."""
        return Cost(seconds=_SECONDS)

    def run(self, context: StageContext) -> None:
        """Search dataset by dataset."""
        import numpy as np

        folder = input_with(context.inputs, "rows.json", "embed")
        table = PairTable.read(folder)
        depth = context.given.read(RankOptions).depth
        ranks = _ranked(folder, table, depth, context.progress)
        memory = io.BytesIO()
        np.save(memory, ranks)
        write_bytes(context.out / RANKS, memory.getvalue())
        write_json(
            context.out / ABOUT,
            {"search": "exact", "depth": depth, **own_found(ranks, table.target_id)},
        )


def _ranked(folder: Path, table: PairTable, depth: int, progress: Progress) -> NDArray[int32]:
    import numpy as np

    from llmx.engines.embed.vectors import open_vectors
    from llmx.engines.nearest.exact import top_k

    query, target = (open_vectors(folder / side).array for side in ("query", "target"))
    progress.start(len(query), unit="rows")
    found = np.full((len(query), depth), -1, np.int32)
    for place in range(len(table.datasets)):
        rows = np.flatnonzero(table.dataset == place)
        k = min(depth, len(rows))
        best = top_k(query[rows], target[rows], k, scores=False).indices
        found[rows, :k] = rows[best]
        progress.advance(len(rows))
    return found


def own_found(ranks: NDArray[int32], target_id: NDArray[int64]) -> dict[str, float]:
    """Return the shares of rows whose own target, or an equal text, is the first, or among 30.

    Args:
        ranks: int32 (n, depth), rows, -1 for none.
        target_id: int64 (n,).
    """
    right = (target_id[ranks] == target_id[:, None]) & (ranks >= 0)
    among = f"own_target_in_{_FIRST}"
    first = right[:, :_FIRST].any(1)
    return {"own_target_first": float(right[:, 0].mean()), among: float(first.mean())}
