"""Stage `batches`: which rows share a batch, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from llmx.core.errors import ConfigError
from llmx.core.options import Count, StageOptions
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.stages.pair_table import PairTable, input_with
from llmx.stages.rank import RANKS
from llmx.store.files import read_json, write_json

if TYPE_CHECKING:
    from llmx.papers.b3.mined import MiningSettings

DIAGNOSTICS = "diagnostics.json"
_SECONDS = 8.0


class BatchesOptions(StageOptions):
    """Band, graph, cut, swaps and order."""

    size: Count = Field(default=128, description="rows of a batch, over all devices: |B|")
    cluster: Count | None = Field(
        default=None, description="rows of a cluster, K; null = a quarter of `size`"
    )
    cut: Literal["best", "leiden", "metis", "metis_recursive", "random"] = Field(
        default="best", description="of the graph; `best` = Leiden or recursive METIS"
    )
    skip: int | None = Field(
        default=None,
        ge=0,
        description="first ranks that are left out, p; null = 30, of short answers 70",
    )
    width: Count = Field(default=100, description="ranks after them that may be edges, m")
    rule: Literal["mutual", "either"] = Field(
        default="mutual", description="an edge if both rows have the other in the band, or one"
    )
    swaps: int = Field(default=0, ge=0, description="passes of local search after the cut")
    leak_penalty: float = Field(
        default=0.0, ge=0, description="edges that a pair of the first p ranks costs in swaps"
    )
    redraw: Literal["each_epoch", "once"] = Field(
        default="each_epoch", description="when the clusters of a batch are drawn"
    )
    tail: Literal["drop", "fill"] = Field(
        default="drop", description="rows that fill no batch: left out, or filled up"
    )
    seed: int = Field(default=0, description="of the cut, the swaps and the order")

    def settings(self) -> MiningSettings:
        """Return them as the mining has them."""
        from llmx.papers.b3.mined import MiningSettings

        return MiningSettings(
            size=self.size,
            cluster=self.rows_of_cluster(),
            kind=self.cut,
            skip=self.skip,
            width=self.width,
            rule=self.rule,
            passes=self.swaps,
            penalty=self.leak_penalty,
            seed=self.seed,
            redraw=self.redraw,
            tail=self.tail,
        )

    def rows_of_cluster(self) -> int:
        """Return K.

        Raises:
            ConfigError: if batches are not made of whole clusters.
        """
        found = self.cluster or max(1, self.size // 4)
        if self.size % found:
            text = f"batches of {self.size} rows are not made of whole clusters of {found}"
            raise ConfigError(text, "size a multiple of cluster")
        return found


class BatchesStage:
    """Writes ``plan.npz``, ``plan.json`` and ``diagnostics.json``.

    Needs stages of the kinds `embed` and `rank`. :func:`llmx.papers.b3.plan_file.read_plan` gives
    the plan back, whose ``epoch(e)`` are the rows of each batch.
    """

    Options: ClassVar[type[StageOptions]] = BatchesOptions
    kind: ClassVar[str] = "batches"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The options; rows and ranks are those of its inputs."""
        options = given.read(BatchesOptions)
        return {**options.model_dump(), "cluster": options.rows_of_cluster()}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Some seconds for 20,000 rows, of which Leiden takes the most."""
        given.read(BatchesOptions).rows_of_cluster()
        return Cost(seconds=_SECONDS)

    def run(self, context: StageContext) -> None:
        """Mine, and write the plan beside what it is like."""
        import numpy as np

        from llmx.papers.b3.mined import datasets, mined
        from llmx.papers.b3.plan_file import write_plan

        context.progress.start(1, unit="plan")
        embedded = input_with(context.inputs, "rows.json", "embed")
        table = PairTable.read(embedded)
        ranks = np.load(input_with(context.inputs, RANKS, "rank") / RANKS, allow_pickle=False)
        parts = datasets(ranks, table.target_id, table.dataset, table.datasets)
        plan, found = mined(parts, context.given.read(BatchesOptions).settings())
        sides = ("query", "target")
        teacher = {side: read_json(embedded / side / "vectors.json")["hash"] for side in sides}
        write_plan(context.out, plan, {"data": table.hash, "teacher": teacher})
        first = plan.epoch(0)
        told = {"rows": len(ranks), "batches": plan.count(), "tail": len(first.tail)}
        write_json(context.out / DIAGNOSTICS, {**told, "datasets": found})
        context.progress.advance()
