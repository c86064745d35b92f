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
from llmx.store.files import write_json, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from llmx.papers.b3.plan import BatchPlan
    from llmx.papers.b3.settings import MiningSettings

DIAGNOSTICS, PAIRS = "diagnostics.json", "pairs.jsonl"
_SECONDS = 8.0
_LATER = ("widths", "two_labels")


class BatchesOptions(StageOptions):
    """Band, graph, cut, swaps, order and negatives."""

    size: Count = Field(default=128, description="rows of a batch, over all devices: |B|")
    cluster: Count | None = Field(
        default=None,
        description="rows of a cluster, K; null = a quarter of `size`; 1 = random rows are drawn"
        " in each epoch",
    )
    cut: Literal[
        "best",
        "kmeans",
        "leiden",
        "metis",
        "metis_recursive",
        "no_duplicates",
        "random",
        "random_task",
    ] = Field(
        default="best",
        description="of the graph; `best` = Leiden or recursive METIS; `no_duplicates` = no text"
        " twice in a batch",
    )
    style: Literal["ours", "authors"] = Field(
        default="ours", description="`authors` = k-way METIS, repair and order as their code"
    )
    padding_fault: bool = Field(
        default=False, description="their fault too: a short last cluster repeats the first rows"
    )
    skip: int | None = Field(
        default=None,
        ge=0,
        description="first ranks that are left out, p; null = 30, of short answers 70",
    )
    width: Count = Field(default=100, description="ranks after them that may be edges, m")
    widths: dict[Literal["retrieval", "grounding", "short_answer"], Count] = Field(
        default={},
        description="m of some families of datasets; of others it is `width`",
        examples=["{retrieval: 30, short_answer: 70}"],
    )
    rule: Literal["mutual", "either"] = Field(
        default="mutual", description="an edge if both rows have the other in the band, or one"
    )
    weights: Literal["none", "similarity"] = Field(
        default="none", description="of edges: all alike, as the paper, or the similarity"
    )
    swaps: int = Field(default=0, ge=0, description="passes of local search after the cut")
    leak_penalty: float = Field(
        default=0.0, ge=0, description="edges that a pair of the first p ranks costs in swaps"
    )
    permute: bool = Field(
        default=False, description="control: the clusters, permuted over the rows of their dataset"
    )
    source: Literal["single_task", "mixed"] = Field(
        default="single_task", description="a batch is of one dataset, or of any"
    )
    negatives: int = Field(
        default=0, ge=0, description="hard negatives of a row beside those of its batch, h"
    )
    form: Literal["batch", "cluster", "band"] = Field(
        default="batch",
        description="of these: drawn for each batch, as the paper; a cluster, as its code; a row"
        " of its band",
    )
    redraw: Literal["each_epoch", "once"] | None = Field(
        default=None,
        description="when the clusters of a batch are drawn; null = each epoch, the authors once",
    )
    tail: Literal["drop", "fill"] = Field(
        default="drop", description="rows that fill no batch: left out, or filled up"
    )
    two_labels: Literal["refuse", "random"] = Field(
        default="refuse",
        description="a dataset of two classes, whose graph joins everybody: no plan, or clusters"
        " at random",
    )
    seed: int = Field(default=0, description="of the cut, the swaps, the order and the negatives")

    def settings(self) -> MiningSettings:
        """Return them as the mining has them.

        Raises:
            ConfigError: for options that cannot go together.
        """
        from llmx.papers.b3.settings import MiningSettings, check_settings

        once = self.style == "authors"
        found = MiningSettings(
            size=self.size,
            cluster=self.rows_of_cluster(),
            kind=self.cut,
            skip=self.skip,
            width=self.width,
            widths={str(family): width for family, width in self.widths.items()},
            rule=self.rule,
            weighted=self.weights == "similarity",
            passes=self.swaps,
            penalty=self.leak_penalty,
            seed=self.seed,
            redraw=self.redraw or ("once" if once else "each_epoch"),
            tail=self.tail,
            source=self.source,
            style=self.style,
            padding_fault=self.padding_fault,
            permuted=self.permute,
            negatives=self.negatives,
            form=self.form,
            two_labels=self.two_labels,
        )
        check_settings(found)
        return found

    def rows_of_cluster(self) -> int:
        """Return K."""
        usual = 1 if self.cut == "no_duplicates" else max(1, self.size // 4)
        return self.cluster or usual


class BatchesStage:
    """Writes ``plan.npz``, ``plan.json``, ``leaks.npz``, ``diagnostics.json`` and ``pairs.jsonl``.

    Needs stages of the kinds `embed` and `rank`. Random batches need neither, and then are of the
    rows of the arm's data that train; the cut `kmeans` needs `embed`. :meth:`plan_of` gives the
    plan back: its ``epoch(e)`` are the rows of each batch, its ``negatives(e)`` hard negatives.
    """

    Options: ClassVar[type[StageOptions]] = BatchesOptions
    kind: ClassVar[str] = "batches"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The options; rows and ranks are those of its inputs, or rows those of the data."""
        options = given.read(BatchesOptions)
        check_inputs(given, options.settings())
        fields = type(options).model_fields  # those that came later are left out at their default
        left = {n for n in _LATER if getattr(options, n) == fields[n].default}
        found = {**options.model_dump(exclude=left), "cluster": options.rows_of_cluster()}
        return found if reads(given, "embed") else {**found, "data": identity(pair_data(given))}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Some seconds for 20,000 rows, of which Leiden takes the most."""
        check_inputs(given, given.read(BatchesOptions).settings())
        return Cost(seconds=_SECONDS)

    def run(self, context: StageContext) -> None:
        """Mine, and write the plan beside what it is like."""
        from llmx.papers.b3.dataset_rows import datasets
        from llmx.papers.b3.mined import mined
        from llmx.papers.b3.near_file import write_near
        from llmx.papers.b3.plan_file import write_plan

        context.progress.start(1, unit="plan")
        found = plan_inputs(context)
        table = found.table
        parts = datasets(found.known(), table.dataset, table.datasets)
        made = mined(parts, context.given.read(BatchesOptions).settings())
        write_plan(context.out, made.plan, {"data": table.hash, "teacher": dict(found.teacher)})
        write_near(context.out, made.near, table.target_id)
        write_lines(context.out / PAIRS, made.pairs)
        tail = len(made.plan.epoch(0).tail)
        about = {"rows": len(table.target_id), "batches": made.plan.count(), "tail": tail}
        write_json(context.out / DIAGNOSTICS, {**about, **made.told})
        context.progress.advance()

    @staticmethod
    def plan_of(folder: Path) -> BatchPlan:
        """Return the plan that a stage wrote to its folder.

        Raises:
            RunError: if it is not the plan that its hash is of.
        """
        from llmx.papers.b3.plan_file import read_plan

        return read_plan(folder)


def check_inputs(given: StageInput, how: MiningSettings) -> None:
    """Refuse settings whose stages are not among the needs.

    Raises:
        ConfigError: naming what is missing.
    """
    for kind in how.needs:
        if not reads(given, kind):
            name = given.stage.name
            text = f"stage '{name}' has {_reason(how)}, and needs no stage of kind {kind}"
            raise ConfigError(text, f"add one to stages.{name}.needs, or stages.{name}.cut=random")


def _reason(how: MiningSettings) -> str:
    random = how.kind in ("random", "random_task", "no_duplicates")
    return f"negatives={how.negatives}" if random else f"cut={how.kind}"
