"""Stage `batches`: which rows share a batch, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from llmx.core.errors import ConfigError
from llmx.core.options import Count, StageOptions
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import identity
from llmx.papers.b3.stages.inputs import plan_inputs, reads
from llmx.stages.embed import pair_data
from llmx.store.files import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from llmx.papers.b3.mined import MiningSettings
    from llmx.papers.b3.plan import BatchPlan

DIAGNOSTICS = "diagnostics.json"
_SECONDS = 8.0
_WITHOUT_RANKS = ("random", "random_task")


class BatchesOptions(StageOptions):
    """Band, graph, cut, swaps and order."""

    size: Count = Field(default=128, description="rows of a batch, over all devices: |B|")
    cluster: Count | None = Field(
        default=None, description="rows of a cluster, K; null = a quarter of `size`"
    )
    cut: Literal["best", "leiden", "metis", "metis_recursive", "random", "random_task"] = Field(
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

    Needs stages of the kinds `embed` and `rank`; random batches need neither, and then are of the
    rows of the arm's data that train. :meth:`plan_of` gives the plan back, whose ``epoch(e)`` are
    the rows of each batch.
    """

    Options: ClassVar[type[StageOptions]] = BatchesOptions
    kind: ClassVar[str] = "batches"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The options; rows and ranks are those of its inputs, or rows those of the data."""
        options = given.read(BatchesOptions)
        found = {**options.model_dump(), "cluster": options.rows_of_cluster()}
        check_inputs(given, options)
        return found if reads(given, "embed") else {**found, "data": identity(pair_data(given))}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Some seconds for 20,000 rows, of which Leiden takes the most."""
        given.read(BatchesOptions).rows_of_cluster()
        return Cost(seconds=_SECONDS)

    def run(self, context: StageContext) -> None:
        """Mine, and write the plan beside what it is like."""
        from llmx.papers.b3.mined import datasets, mined
        from llmx.papers.b3.plan_file import write_plan

        context.progress.start(1, unit="plan")
        found = plan_inputs(context)
        table = found.table
        parts = datasets(found.ranks, table.target_id, table.dataset, table.datasets)
        plan, told = mined(parts, context.given.read(BatchesOptions).settings())
        write_plan(context.out, plan, {"data": table.hash, "teacher": dict(found.teacher)})
        tail = len(plan.epoch(0).tail)
        about = {"rows": len(table.target_id), "batches": plan.count(), "tail": tail}
        write_json(context.out / DIAGNOSTICS, {**about, "datasets": told})
        context.progress.advance()

    @staticmethod
    def plan_of(folder: Path) -> BatchPlan:
        """Return the plan that a stage wrote to its folder.

        Raises:
            RunError: if it is not the plan that its hash is of.
        """
        from llmx.papers.b3.plan_file import read_plan

        return read_plan(folder)


def check_inputs(given: StageInput, options: BatchesOptions) -> None:
    """Refuse a cut whose stages are not among the needs.

    Raises:
        ConfigError: naming what is missing.
    """
    for kind in ("embed", "rank") if options.cut not in _WITHOUT_RANKS else ():
        if not reads(given, kind):
            name = given.stage.name
            text = f"stage '{name}' has the cut '{options.cut}', and needs no stage of kind {kind}"
            raise ConfigError(text, f"add one to stages.{name}.needs, or stages.{name}.cut=random")
