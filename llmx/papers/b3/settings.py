"""How batches are made, and which settings cannot go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from llmx.core.errors import ConfigError
from llmx.papers.b3.cut import OF_A_GRAPH
from llmx.papers.b3.mutual import Rule

Redraw = Literal["each_epoch", "once"]
Tail = Literal["drop", "fill"]
Source = Literal["single_task", "mixed"]
Style = Literal["ours", "authors"]
Form = Literal["batch", "cluster", "band"]
TwoLabels = Literal["refuse", "random"]
SKIP = {"retrieval": 30, "grounding": 30, "short_answer": 70}
"""The paper's p by family; classes have a rule on labels instead."""
NO_DUPLICATES = "no_duplicates"
AT_RANDOM = ("random", "random_task", NO_DUPLICATES)
"""Cuts that see neither graph nor vectors."""


@dataclass(frozen=True)
class MiningSettings:
    """How batches are made.

    Attributes:
        size: the paper's |B|.
        cluster: the paper's K.
        kind: of the cut, or `no_duplicates`: rows at random, no text twice in a batch.
        skip: the paper's p; None: by the family of a dataset.
        width: the paper's m.
        widths: m of some families; of others it is `width`.
        rule: which edges the graph has.
        weighted: edges have the similarity as their weight, not 1.
        passes: of swaps after the cut.
        penalty: λ of swaps, for each leaked pair.
        seed: of the cut, the swaps and the order.
        source: a batch is of one dataset, or of any.
        style: `authors` makes clusters as their code does.
        padding_fault: of that code, too.
        permuted: clusters are permuted over the rows of their dataset: the control.
        negatives: the paper's h.
        form: how these are drawn.
        two_labels: what becomes of a dataset of two classes where a graph is cut.
    """

    size: int
    cluster: int
    kind: str = "best"
    skip: int | None = None
    width: int = 100
    widths: Mapping[str, int] = field(default_factory=dict)
    rule: Rule = "mutual"
    weighted: bool = False
    passes: int = 0
    penalty: float = 0.0
    seed: int = 0
    redraw: Redraw = "each_epoch"
    tail: Tail = "drop"
    source: Source = "single_task"
    style: Style = "ours"
    padding_fault: bool = False
    permuted: bool = False
    negatives: int = 0
    form: Form = "batch"
    two_labels: TwoLabels = "refuse"

    def width_of(self, family: str) -> int:
        """Return m of a family."""
        return self.widths.get(family, self.width)

    @property
    def of_a_graph(self) -> bool:
        """Say whether the clusters are cut from a graph."""
        return self.kind in OF_A_GRAPH

    @property
    def over_all(self) -> bool:
        """Say whether a cluster may be of several datasets."""
        return self.source == "mixed" and self.kind in ("random", NO_DUPLICATES)

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the kinds of stages that are read."""
        if self.of_a_graph or self.negatives:
            return ("embed", "rank")
        return () if self.kind in AT_RANDOM else ("embed",)


def check_settings(how: MiningSettings) -> None:
    """Refuse what cannot go together.

    Raises:
        ConfigError: naming the first such pair of options.
    """
    if how.size % how.cluster:
        text = f"batches of {how.size} rows are not made of whole clusters of {how.cluster}"
        raise ConfigError(text, "size a multiple of cluster")
    if how.kind == NO_DUPLICATES and how.cluster > 1:
        text = f"cut=no_duplicates draws single rows, and cluster={how.cluster}"
        raise ConfigError(text, "leave cluster out")
    if how.kind == NO_DUPLICATES and how.tail == "fill":
        raise ConfigError("a batch that is filled up may have a text twice", "leave tail out")
    if how.style == "authors" and (how.kind not in ("best", "metis") or how.passes or how.weighted):
        text = "style=authors is their cut by k-way METIS, without weights and swaps"
        raise ConfigError(text, "leave out cut, weights and swaps, or style")
    if how.padding_fault and how.style != "authors":
        raise ConfigError("padding_fault is a fault of the authors' code", "style=authors")
    if how.passes and not how.of_a_graph:
        text = f"swaps keep edges of a graph, and cut={how.kind} sees none"
        raise ConfigError(text, "leave swaps out, or take cut=best")
