"""From ranks to a plan: pieces, cut, swaps and batches of each dataset, with what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.clustered import cut_piece
from llmx.papers.b3.dataset_rows import DatasetRows
from llmx.papers.b3.diagnostics import of_batches
from llmx.papers.b3.hard_negatives import HardNegatives
from llmx.papers.b3.mined_dataset import MinedDataset, apart_of
from llmx.papers.b3.pieces import of_dataset, pieces
from llmx.papers.b3.plan import BatchPlan, Group
from llmx.papers.b3.settings import MiningSettings, check_settings

Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Mined:
    """A plan, and what can be said of it before any training.

    Attributes:
        told: `diagnostics.json`, but for the number of rows.
        pairs: some pairs that share a batch, to read.
        near: int32 (n, p): rows of a row's first ranks, -1 for none and for itself.
    """

    plan: BatchPlan
    told: dict[str, Any]
    pairs: tuple[dict[str, Any], ...]
    near: Rows


def mined(parts: Sequence[DatasetRows], how: MiningSettings) -> Mined:
    """Return the plan, with the diagnostics of clusters and of the first epoch's batches.

    Raises:
        ConfigError: settings that cannot go together.
        DataError: no dataset fills a batch, or one is such that it cannot be cut.
    """
    check_settings(how)
    most = max(len(part.rows) for part in parts)
    total = sum(len(part.rows) for part in parts)
    if (total if how.source == "mixed" else most) < how.size:
        text = f"no dataset fills a batch of {how.size} rows: the largest has {most}"
        raise DataError(text, "a smaller batch: stages.batches.size=N")
    made = [MinedDataset(part, of_dataset(part, how)) for part in parts]
    plan = BatchPlan(
        tuple(_groups(made, how)), how.size, how.seed, how.redraw, how.tail, _hard(made, how)
    )
    batches = plan.epoch(0).batches
    batch = of_batches(batches, total)
    told = {one.part.name: one.document(batches, batch) for one in made}
    near = np.full((total, max(one.skip for one in made)), -1, np.int32)
    for one in made:
        near[one.part.rows, : one.skip] = one.near()
    negatives = {"count": how.negatives, "form": how.form, "missing": _missing(plan, batches)}
    return Mined(
        plan,
        {
            "theorem": _theorem([one["theorem"] for one in told.values()]),
            "negatives": negatives if how.negatives else None,
            "datasets": told,
        },
        tuple(pair for one in made for pair in one.shown(batch)),
        near,
    )


def _groups(made: Sequence[MinedDataset], how: MiningSettings) -> Iterator[Group]:
    """Yield a group a dataset, or a single one where batches mix them."""
    if how.source == "single_task":
        yield from (one.group() for one in made)
        return
    found = _over_all(made, how) if how.over_all else [one.group() for one in made]
    clusters, loose = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("clusters", "loose")
    )
    yield apart_of([one.part for one in made], Group("all", clusters, loose), how)


def _over_all(made: Sequence[MinedDataset], how: MiningSettings) -> list[Group]:
    """Return the clusters of all rows, whatever dataset they are of."""
    every = np.sort(np.concatenate([one.part.rows for one in made]))
    none = np.empty((len(every), 0), np.int32)
    part = DatasetRows("all", "retrieval", every, none, np.zeros(len(every), np.int64))
    (piece,) = pieces(part, how, None)
    found = cut_piece(part, piece, how)
    for one in made:
        one.clusters = replace(one.clusters, of=found.of[one.part.rows])
    rows = every.astype(np.int32)
    return [Group("all", rows[found.members], rows[found.of < 0])]


def _hard(made: Sequence[MinedDataset], how: MiningSettings) -> HardNegatives | None:
    if not how.negatives:
        return None
    held = [(one.part, one.candidates()) for one in made]
    total = sum(len(part.rows) for part, _ in held)
    rows = np.full((total, max(found.shape[1] for _, found in held)), -1, np.int32)
    target = np.zeros(total, np.int64)
    for part, found in held:
        rows[part.rows, : found.shape[1]] = found
        target[part.rows] = part.target_id
    return HardNegatives(how.negatives, how.form, rows, target)


def _missing(plan: BatchPlan, batches: Rows) -> int:
    """Return how many negatives of rows of the first epoch's batches are none."""
    return int((plan.negatives(0)[np.unique(batches)] < 0).sum())


def _theorem(found: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return the mean over the rows that were looked at in each dataset."""
    held = [one for one in found if one is not None]
    if not held:
        return None
    rows = sum(one["rows"] for one in held)
    means = {k: sum(one[k] * one["rows"] for one in held) / rows for k in ("ratio", "random")}
    return {**means, "temperature": held[0]["temperature"], "rows": rows}
