"""The rows that are trained on, and batches of them as the library's collator makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmx.core.item import Item

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

QUERY, TARGET = "query", "target"


@dataclass(frozen=True)
class TrainingPairs:
    """Texts by row, never in an array: one long text would make every cell as wide.

    Attributes:
        ids: of the rows, n.
        targets: of the rows, and behind them wrong texts that the rows bring, if they are taken.
        target_id: int64 (m,) of the targets; equal texts have equal numbers.
    """

    ids: Sequence[str]
    queries: Sequence[Item]
    targets: Sequence[Item]
    target_id: NDArray[int64]

    def __len__(self) -> int:
        """Rows."""
        return len(self.ids)

    def with_annotated(self, wrong: Sequence[Sequence[str]]) -> TrainingPairs:
        """Return the pairs with wrong texts behind the targets.

        Args:
            wrong: for each place one text a row.
        """
        import numpy as np

        known = dict(zip(self.targets, self.target_id.tolist(), strict=True))
        texts = [text for column in wrong for text in column]
        first = max(known.values(), default=-1) + 1
        for text in texts:
            if text not in known:
                known[text], first = first, first + 1
        more = np.fromiter((known[text] for text in texts), np.int64, len(texts))
        numbers = np.concatenate([self.target_id, more])
        return TrainingPairs(self.ids, self.queries, [*self.targets, *texts], numbers)

    def __getitems__(self, rows: NDArray[int64]) -> NDArray[int64]:
        """Return what a slice names; :func:`collate` reads the texts."""
        return rows


def collate(
    pairs: TrainingPairs, collator: Callable[[list[dict[str, Item]]], dict[str, Any]]
) -> Callable[[NDArray[int64]], dict[str, Any]]:
    """Return what makes features of a slice, with its rows, int64 (rows, 1 + h), as ``label``."""
    import torch

    def features(rows: NDArray[int64]) -> dict[str, Any]:
        batch = collator([_texts(pairs, row) for row in rows.tolist()])
        return {**batch, "label": torch.from_numpy(rows)}

    return features


def _texts(pairs: TrainingPairs, row: Sequence[int]) -> dict[str, Item]:
    own, *negatives = row
    found = {QUERY: pairs.queries[own], TARGET: pairs.targets[own]}
    for number, negative in enumerate(negatives):
        # Where there is none the row's own target stands in, and the loss masks it.
        found[f"negative_{number}"] = pairs.targets[negative if negative >= 0 else own]
    return found
