"""Which targets of a batch are no negatives of a query: likely right ones, by what is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmx.core.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MASKS = ("equal_target", "leaked", "teacher_margin")


@dataclass(frozen=True)
class Mask:
    """What masks rest on; a part that is None masks nothing.

    Attributes:
        target_id: int64 (m,): targets equal to a query's own are masked; those of the n rows come
            first, and behind them wrong texts that rows bring.
        near: int32 (n, p): rows that a query ranks first; their targets are masked, -1 is none.
        teacher: float (n, d) of queries and of targets: a target is masked that its teacher finds
            nearer than the query's own, less `margin` (``CachedGISTEmbedLoss``, absolute).
    """

    target_id: NDArray[Any] | None = None
    near: NDArray[Any] | None = None
    teacher: tuple[NDArray[Any], NDArray[Any]] | None = None
    margin: float = 0.0

    def of(self, rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
        """Return bool (rows, columns), True where a target is no negative.

        Args:
            rows: int64 (b,), rows of the queries.
            columns: int64 (m,), rows of the targets, -1 for none: masked for every query.
        """
        import numpy as np

        found = np.broadcast_to(columns < 0, (len(rows), len(columns))).copy()
        if self.target_id is not None:
            found |= self.target_id[rows][:, None] == self.target_id[columns]
        if self.near is not None:
            for rank in self.near[rows].T:
                found |= rank[:, None] == columns
        if self.teacher is not None:
            query, target = self.teacher[0][rows], self.teacher[1]
            own = np.einsum("ij,ij->i", query, target[rows], dtype=np.float32)
            found |= _inner(query, target[columns]) > own[:, None] - self.margin
        return found


def _inner(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    product: NDArray[Any] = one.astype(np.float32) @ other.astype(np.float32).T
    return product


def check_mask(mask: Mask, rows: int, targets: int | None = None) -> None:
    """Refuse what is not of these rows.

    Args:
        targets: texts that may be a negative; None: those of the rows alone.

    Raises:
        ConfigError: naming the part.
    """
    texts = rows if targets is None else targets
    if mask.target_id is not None and len(mask.target_id) != texts:
        text = f"the mask equal_target is of {len(mask.target_id)} texts, and there are {texts}"
        raise ConfigError(text, "needs: stages of the same rows")
    parts = [("leaked", mask.near)]
    parts += [("teacher_margin", side) for side in mask.teacher or ()]
    for name, part in parts:
        if part is not None and len(part) != rows:
            text = f"the mask {name} is of {len(part)} rows, and {rows} are trained on"
            raise ConfigError(text, "needs: stages of the same rows")
