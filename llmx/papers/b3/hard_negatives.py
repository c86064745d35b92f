"""Hard negatives of a plan: drawn once, or anew for the batches of each epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.negatives import of_batch
from llmx.papers.b3.settings import Form

Rows = NDArray[np.int32]


@dataclass(frozen=True)
class HardNegatives:
    """What negatives a plan has beside those of a batch.

    Attributes:
        count: the paper's h.
        form: `batch`, as the paper; `cluster`, as its code; `band`, the baseline.
        rows: int32 (n, …), -1 for none: the negatives of each row, or, of the form `batch`, the
            band that they are drawn from.
        target_id: int64 (n,).
    """

    count: int
    form: Form
    rows: Rows
    target_id: NDArray[np.int64]

    def of(self, batches: Rows, seed: int, number: int) -> Rows:
        """Return the negatives of an epoch, int32 (n, h): rows whose targets they are, -1 for none.

        Args:
            batches: int32 (batches, |B|), of the epoch.
            seed: of the plan.
            number: of the epoch.
        """
        found = np.full((len(self.rows), self.count), -1, np.int32)
        if self.form != "batch":
            found[batches.ravel()] = self.rows[batches.ravel()]
            return found
        for at, batch in enumerate(batches):
            found[batch] = _drawn(self, batch, seed, f"{number} {at}")
        return found


def _drawn(negatives: HardNegatives, batch: Rows, seed: int, name: str) -> Rows:
    target = negatives.target_id
    try:
        return of_batch(batch, negatives.rows, negatives.count, target, seed, name)
    except DataError:  # every label of a small set is in the batch: nobody is left
        return np.full((len(batch), negatives.count), -1, np.int32)
