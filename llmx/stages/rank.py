"""Stage `rank`: the nearest targets of each query, within its dataset."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from llmx.core.options import Count, StageOptions
from llmx.core.progress import Progress
from llmx.core.registry import lookup
from llmx.core.stage import Cost, Memory, StageContext, StageInput
from llmx.engines.embed.place import STAGE
from llmx.stages.embed import EmbedOptions, embedded_dimension, pair_data, pair_rows
from llmx.stages.pair_table import PairTable, input_with
from llmx.stages.vision_cost import vision_size
from llmx.store.files import write_bytes, write_json
from llmx.store.machine import device_memory

if TYPE_CHECKING:
    from numpy import int32, int64
    from numpy.typing import NDArray

    from llmx.engines.nearest.exact import Ranking

RANKS, SCORES, ABOUT, RECALL = "ranks.npy", "scores.npy", "rank.json", "recall.json"
EXACT_UP_TO = 300_000
"""Rows of a dataset up to which `auto` is exact: some hours of a core at 768 dimensions."""
_READ = 20  # of so many lists a query reads one
_USUAL = 256  # dimensions of a plan that cannot know them
_FIRST = 30


class RankOptions(StageOptions):
    """How deep, and by which search."""

    depth: Count = Field(default=130, description="nearest targets of each query that are kept")
    search: Literal["auto", "exact", "ivf"] = Field(
        default="auto",
        description="`ivf` reads a part of the targets (faiss); `auto` = exact up to 300,000 rows"
        " of a dataset",
    )
    recheck: Count = Field(
        default=200, description="queries of a search by `ivf` that are searched exactly too"
    )
    block: Count | None = Field(
        default=None, description="queries that are searched at once; null = by memory"
    )

    def exact(self, rows: int) -> bool:
        """Say whether a dataset of so many rows is searched exactly."""
        return self.search == "exact" or (self.search == "auto" and rows <= EXACT_UP_TO)


class RankStage:
    """Writes ``ranks.npy`` and ``scores.npy``, int32 and float16 (n, depth), the best first.

    Ranks are rows, -1 where a dataset has no more. ``recall.json`` says of each dataset how it was
    searched and what was found of the exact ranking; ``rank.json`` how often a row's own target is
    the first, or among the first 30. Needs a stage of kind `embed`.
    """

    Options: ClassVar[type[StageOptions]] = RankOptions
    kind: ClassVar[str] = "rank"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Depth and search; what is ranked is that of its input. Blocks change no rank."""
        return given.read(RankOptions).model_dump(exclude={"block"})

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Multiply-adds, seconds and memory of the search, from the number of rows."""
        options = given.read(RankOptions)
        sizes, dimension = _planned(given)
        costs = [planned_search(rows, dimension, options) for rows in sizes]
        work, depth = sum(one.multiply_adds for one in costs), options.depth
        how = " and ".join(dict.fromkeys(one.search for one in costs))
        note = (
            f"{given.stage.name}: {how} search of {sum(sizes)} rows of {dimension} numbers,"
            f" {work:.2g} multiply-adds"
        )
        held = max(one.held for one in costs) + 6 * depth * sum(sizes)
        seconds = sum(one.seconds for one in costs)
        return Cost(seconds=seconds, memory=Memory(activations=held), notes=(note,))

    def run(self, context: StageContext) -> None:
        """Search dataset by dataset."""
        folder = input_with(context.inputs, "rows.json", "embed")
        table = PairTable.read(folder)
        options = context.given.read(RankOptions)
        found, recalls = _searched(folder, table, options, context.progress)
        _write(context.out / RANKS, found.indices)
        _write(context.out / SCORES, found.scores)
        write_json(context.out / RECALL, recalls)
        searches = dict.fromkeys(one["search"] for one in recalls.values())
        own = own_found(found.indices, table.target_id)
        about = {"search": " and ".join(searches), "depth": options.depth, **own}
        write_json(context.out / ABOUT, about)


@dataclass(frozen=True)
class PlannedSearch:
    """What the search of one dataset takes; `held` are bytes beside the ranking."""

    search: str
    multiply_adds: int
    seconds: float
    held: int


def planned_search(rows: int, dimension: int, options: RankOptions) -> PlannedSearch:
    """Return the cost of one dataset: of `ivf`, its centres, a part of the lists, and the recheck.

    Args:
        rows: of the dataset, queries and targets alike.
        dimension: of the vectors.
    """
    from llmx.engines.nearest.cost import search_cost

    k = min(options.depth, rows)
    if options.exact(rows):
        cost = search_cost(rows, rows, dimension, k)
        return PlannedSearch("exact", cost.multiply_adds, cost.seconds, cost.held)
    count = lists_of(rows)
    parts = [search_cost(rows, count + rows // _READ, dimension, k)]
    parts.append(search_cost(min(options.recheck, rows), rows, dimension, k))
    work, seconds = (
        sum(getattr(one, name) for one in parts) for name in ("multiply_adds", "seconds")
    )
    return PlannedSearch("ivf", work, seconds, 4 * rows * dimension + parts[1].held)


def lists_of(rows: int) -> int:
    """Return into how many lists `ivf` cuts targets: four times the root of their number."""
    return max(1, int(4 * rows**0.5))


def _planned(given: StageInput) -> tuple[list[int], int]:
    """Return the rows of each dataset, and the dimension, as far as they are known beforehand."""
    stages = (given.stages.get(name) for name in given.stage.needs)
    embed = next((one for one in stages if one is not None and one.kind == "embed"), None)
    options = EmbedOptions(**embed.options) if embed is not None else EmbedOptions()
    spec = pair_data(given)
    most = getattr(spec, options.split)
    dimension = embedded_dimension(options.model) or _trained(given, options.model) or _USUAL
    known = lookup("data", spec.kind).planned(spec, options.split)
    if known is not None:
        return list(known.values()), dimension
    if most:
        tasks = spec.options.get("tasks", ("one",))
        return [most] * len(tasks), dimension
    rows = pair_rows(spec, options.split)
    return [len(rows.of(name)) for name in rows.datasets], dimension


def _trained(given: StageInput, model: str) -> int:
    """Return the length of the vectors of a stage's model of pictures; 0 of any other."""
    stage = given.stages.get(model.removeprefix(STAGE))
    found = None if stage is None else vision_size(str(stage.options.get("model", "")))
    return 0 if found is None else found.hidden


def _write(path: Path, array: NDArray[Any]) -> None:
    import numpy as np

    memory = io.BytesIO()
    np.save(memory, array)
    write_bytes(path, memory.getvalue())


def _searched(
    folder: Path, table: PairTable, options: RankOptions, progress: Progress
) -> tuple[Ranking, dict[str, dict[str, Any]]]:
    """Return the ranking of all rows, and how each dataset was searched."""
    import numpy as np

    from llmx.engines.embed.vectors import open_vectors
    from llmx.engines.nearest.exact import Ranking

    query, target = (open_vectors(folder / side).array for side in ("query", "target"))
    progress.start(len(query), unit="rows")
    indices = np.full((len(query), options.depth), -1, np.int32)
    scores = np.zeros(indices.shape, np.float16)
    recalls = {}
    for place, name in enumerate(table.datasets):
        rows = np.flatnonzero(table.dataset == place)
        k = min(options.depth, len(rows))
        one, other = (_rows(side, rows) for side in (query, target))
        found, recalls[name] = _of_dataset(one, other, k, options)
        indices[rows, :k], scores[rows, :k] = rows[found.indices], found.scores
        progress.advance(len(rows))
    return Ranking(indices, scores), recalls


def _rows(side: NDArray[Any], rows: NDArray[int64]) -> NDArray[Any]:
    """Return the vectors of a dataset; where they follow each other they are not copied."""
    follow = len(rows) == rows[-1] - rows[0] + 1
    return side[rows[0] : rows[-1] + 1] if follow else side[rows]


def _of_dataset(
    query: NDArray[Any], target: NDArray[Any], k: int, options: RankOptions
) -> tuple[Ranking, dict[str, Any]]:
    from llmx.engines.nearest.exact import top_k
    from llmx.engines.nearest.ivf import ivf, recall

    if options.exact(len(query)):
        block = options.block or block_of(device_memory("cpu"))
        found = top_k(query, target, k, rows=block, scores="half")
        return found, {"search": "exact", "recall": 1.0, "standard_error": 0.0, "rows": 0}
    lists = lists_of(len(target))
    read = max(1, lists // _READ)
    found = ivf(query, target, k, lists=lists, read=read)
    held = recall(query, target, found, options.recheck)
    return found, {"search": "ivf", **asdict(held), "lists": lists, "read": read}


def block_of(memory: int | None) -> int:
    """Return queries that are searched at once: so that their scores take a 64th of the memory."""
    from llmx.engines.nearest.exact import COLUMNS, ROWS

    fit = ROWS if memory is None else memory // 64 // (5 * COLUMNS)
    return int(max(64, min(ROWS, fit)))


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
