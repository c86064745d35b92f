"""What a plan is made of: rows, and where a teacher was asked, its vectors, ranks and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.errors import DataError
from llmx.core.stage import StageContext, StageInput
from llmx.data.pairs.splits import EVALUATED
from llmx.stages.embed import pair_data, pair_rows
from llmx.stages.pair_table import PairTable
from llmx.stages.rank import RANKS, SCORES
from llmx.store.files import read_json

if TYPE_CHECKING:
    from numpy import float16, int32
    from numpy.typing import NDArray

    from llmx.data.pairs.pairs import PairRows
    from llmx.papers.b3.dataset_rows import KnownRows

SIDES = ("query", "target")
_TABLE = "rows.json"


@dataclass(frozen=True)
class PlanInputs:
    """Rows, and what is known of them.

    Attributes:
        table: of the rows.
        pairs: the rows themselves.
        vectors: those of queries and targets, float16 (n, d) each, memory-mapped.
        ranks: int32 (n, depth), rows, -1 for none, memory-mapped.
        scores: float16 (n, depth), similarities of the ranks, memory-mapped.
        teacher: side to the hash of its vectors.
    """

    table: PairTable
    pairs: PairRows
    vectors: tuple[NDArray[float16], NDArray[float16]] | None = None
    ranks: NDArray[int32] | None = None
    scores: NDArray[float16] | None = None
    teacher: Mapping[str, str] = field(default_factory=dict)

    def known(self) -> KnownRows:
        """Return what is known of the rows, but for their datasets."""
        from llmx.papers.b3.dataset_rows import KnownRows

        target = self.table.target_id
        return KnownRows(self.ranks, target, self.scores, self.vectors, self.pairs)


def reads(given: StageInput, kind: str) -> bool:
    """Say whether a stage of a kind is among those that the stage needs."""
    return any(given.stages[name].kind == kind for name in given.stage.needs)


def plan_inputs(context: StageContext) -> PlanInputs:
    """Return what the inputs hold; without vectors, the rows of the arm's data that train."""
    import numpy as np

    embedded, ranked = (_holding(context.inputs, name) for name in (_TABLE, RANKS))
    held: list[Any] = [None, None]
    if ranked is not None:
        held = [np.load(ranked / name, "r", allow_pickle=False) for name in (RANKS, SCORES)]
    if embedded is None:
        pairs = _pairs(context, None)
        return PlanInputs(PairTable.of(pairs), pairs, None, *held)
    return _of_vectors(context, embedded, *held)


def _holding(inputs: Mapping[str, Path], file: str) -> Path | None:
    return next((folder for folder in inputs.values() if (folder / file).exists()), None)


def _of_vectors(
    context: StageContext,
    folder: Path,
    ranks: NDArray[int32] | None,
    scores: NDArray[float16] | None,
) -> PlanInputs:
    from llmx.engines.embed.vectors import open_vectors

    query, target = (open_vectors(folder / side).array for side in SIDES)
    teacher = {side: read_json(folder / side / "vectors.json")["hash"] for side in SIDES}
    table = PairTable.read(folder)
    pairs = _pairs(context, table.hash)
    return PlanInputs(table, pairs, (query, target), ranks, scores, teacher)


def _pairs(context: StageContext, content: str | None) -> PairRows:
    """Return the rows of the split whose hash is `content`; of `train` where it is None.

    Raises:
        DataError: none has it.
    """
    spec = pair_data(context.given)
    for split in ("train",) if content is None else ("train", *EVALUATED):
        pairs = pair_rows(spec, split)
        if content in (None, pairs.hash):
            return pairs
    raise DataError("the rows that were embedded are no split of the data", "run it again")
