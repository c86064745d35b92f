"""What a plan of batches is to a training: it says which rows share a batch, in any epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from llmx.core.errors import DataError

if TYPE_CHECKING:
    from numpy import int32
    from numpy.typing import NDArray


class PlannedEpoch(Protocol):
    """The batches of one epoch, in the order of training."""

    @property
    def batches(self) -> NDArray[int32]:
        """int32 (batches, rows of a batch over all processes): rows."""


class PlannedBatches(Protocol):
    """Batches as a function of the number of the epoch, of which each has as many.

    A plan with hard negatives has a method ``negatives(number)`` too: int32 (n, h), rows whose
    targets are negatives of each row in that epoch, -1 for none.
    """

    @property
    def size(self) -> int:
        """Rows of a batch, over all processes."""

    def count(self) -> int:
        """Return the number of batches of any epoch."""

    def epoch(self, number: int) -> PlannedEpoch:
        """Return the batches of an epoch, from 0."""

    def digest(self) -> str:
        """Return a hash of all that the batches depend on."""


@dataclass(frozen=True)
class WithAnnotated:
    """A plan whose rows bring wrong texts of their own: negatives for the whole batch.

    They stand behind the targets of the rows: that of row i and place a is number
    ``rows * (1 + a) + i``.

    Attributes:
        rows: of the data.
        annotated: wrong texts of a row that are taken.
    """

    plan: PlannedBatches
    rows: int
    annotated: int

    @property
    def size(self) -> int:
        """Rows of a batch, over all processes."""
        return self.plan.size

    def count(self) -> int:
        """Return the number of batches of any epoch."""
        return self.plan.count()

    def epoch(self, number: int) -> PlannedEpoch:
        """Return the batches of an epoch, from 0."""
        return self.plan.epoch(number)

    def digest(self) -> str:
        """Return a hash of all that the batches depend on; own texts are those of the data."""
        return self.plan.digest()

    def negatives(self, number: int) -> NDArray[int32]:
        """Return the plan's hard negatives of an epoch, and the own ones, int32 (n, h + a)."""
        import numpy as np

        own = self.rows * (1 + np.arange(self.annotated)) + np.arange(self.rows)[:, None]
        drawn = negatives_of(self.plan, number)
        parts = [own] if drawn is None else [drawn, own]
        return np.concatenate(parts, axis=1).astype(np.int32)


def negatives_of(plan: PlannedBatches, number: int) -> NDArray[int32] | None:
    """Return the hard negatives of an epoch, int32 (n, h); None where the plan has none."""
    draw: Any = getattr(plan, "negatives", None)
    found: NDArray[int32] | None = draw(number) if callable(draw) else None
    return None if found is None or not found.shape[1] else found


def check_plan(plan: PlannedBatches, rows: int) -> None:
    """Refuse a plan that is not of so many rows.

    Raises:
        DataError: it has no batch, or names a row that is not there, or one twice in a batch.
    """
    import numpy as np

    batches = plan.epoch(0).batches
    if not len(batches):
        raise DataError("the plan has no batch", "a smaller batch: stages.batches.size=N")
    if batches.min() < 0 or batches.max() >= rows:
        text = f"the plan names row {int(batches.max())}, and there are {rows}"
        raise DataError(text, "a plan of these rows: run its stage again")
    ordered = np.sort(batches, axis=1)
    if (ordered[:, 1:] == ordered[:, :-1]).any():
        raise DataError("the plan has a row twice in one batch", "run its stage again")
