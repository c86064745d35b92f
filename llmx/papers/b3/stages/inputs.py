"""What a plan is made of: rows, and where a teacher was asked, its vectors, ranks and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from llmx.core.registry import lookup
from llmx.core.stage import StageContext, StageInput
from llmx.stages.embed import pair_data
from llmx.stages.pair_table import PairTable
from llmx.stages.rank import RANKS
from llmx.store.files import read_json

if TYPE_CHECKING:
    from numpy import float16, int32
    from numpy.typing import NDArray

SIDES = ("query", "target")
_TABLE = "rows.json"


@dataclass(frozen=True)
class PlanInputs:
    """Rows, and what is known of them.

    Attributes:
        table: of the rows.
        vectors: those of queries and targets, float16 (n, d) each, memory-mapped.
        ranks: int32 (n, depth), rows, -1 for none.
        teacher: side to the hash of its vectors.
    """

    table: PairTable
    vectors: tuple[NDArray[float16], NDArray[float16]] | None = None
    ranks: NDArray[int32] | None = None
    teacher: Mapping[str, str] = field(default_factory=dict)


def reads(given: StageInput, kind: str) -> bool:
    """Say whether a stage of a kind is among those that the stage needs."""
    return any(given.stages[name].kind == kind for name in given.stage.needs)


def plan_inputs(context: StageContext) -> PlanInputs:
    """Return what the inputs hold; without vectors, the rows of the arm's data that train."""
    import numpy as np

    embedded, ranked = (_holding(context.inputs, name) for name in (_TABLE, RANKS))
    ranks = None if ranked is None else np.load(ranked / RANKS, allow_pickle=False)
    if embedded is None:
        spec = pair_data(context.given)
        rows = lookup("data", spec.kind)(spec).pairs("train")
        return PlanInputs(PairTable.of(rows), None, ranks)
    return _of_vectors(embedded, ranks)


def _holding(inputs: Mapping[str, Path], file: str) -> Path | None:
    return next((folder for folder in inputs.values() if (folder / file).exists()), None)


def _of_vectors(folder: Path, ranks: NDArray[int32] | None) -> PlanInputs:
    from llmx.engines.embed.vectors import open_vectors

    query, target = (open_vectors(folder / side).array for side in SIDES)
    teacher = {side: read_json(folder / side / "vectors.json")["hash"] for side in SIDES}
    return PlanInputs(PairTable.read(folder), (query, target), ranks, teacher)
