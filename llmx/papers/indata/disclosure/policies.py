"""Rules on which aggregates are released, each a pure function of what was released before.

A query is a set of rows of one table and what is computed of them. Rules see the rows, never a
value. What each stops, and what goes round it, is measured by :mod:`.attacks`; a bound against
whatever follow-up queries somebody thinks of would need differential privacy, which is not here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from llmx.core.record import Frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

ADDITIVE = frozenset({"count", "sum", "mean", "std", "var", "share_of_total"})
"""Aggregates that follow from sums over rows of something that each row has alone."""
_SMALL = 1e-9
_MARGIN = 1e-4  # a row so near to determined is known to about a hundredth
PolicyName = Literal["off", "minimum", "complement", "overlap", "audit", "queries", "rounding"]


class DisclosureSpec(Frozen):
    """Which rule, and its number."""

    policy: PolicyName = "off"
    minimum: int = Field(default=5, ge=1, description="least rows that a released value rests on")
    queries: int = Field(default=100, ge=1, description="most released values in an episode")
    base: float = Field(default=10.0, gt=0, description="values are rounded to multiples of it")


@dataclass(frozen=True)
class AggregateQuery:
    """One value that somebody wants.

    Attributes:
        op: the aggregate.
        rows: numbers of the rows it rests on, int64, in any order; a row may be there twice.
        size: rows of the whole table.
        table: of which these are rows.
    """

    op: str
    rows: Rows
    size: int
    table: str = ""


class DisclosurePolicy(ABC):
    """Decides query after query; a policy remembers what it released."""

    kind: ClassVar[str]

    def __init__(self, spec: DisclosureSpec) -> None:
        self.spec = spec
        self.suppressed = 0
        self.released = 0

    @abstractmethod
    def allows(self, query: AggregateQuery) -> bool:
        """Whether a query may be answered, if nothing is said about how it was decided."""

    def release(self, query: AggregateQuery) -> bool:
        """Decide on a query, and remember it where it is released."""
        allowed = self.allows(query)
        if allowed:
            self.released += 1
            self.remember(query)
        else:
            self.suppressed += 1
        return allowed

    def remember(self, query: AggregateQuery) -> None:  # noqa: B027 (most remember nothing)
        """Take note of a query that was released."""

    def shown(self, value: float) -> float:
        """Return a released number as it is shown."""
        return value


class OffPolicy(DisclosurePolicy):
    """Everything is released."""

    kind = "off"

    def allows(self, query: AggregateQuery) -> bool:
        """Say yes."""
        return True


class MinimumPolicy(DisclosurePolicy):
    """A released value rests on at least so many rows."""

    kind = "minimum"

    def allows(self, query: AggregateQuery) -> bool:
        """Count the rows."""
        return _different(query.rows) >= self.spec.minimum


class ComplementPolicy(MinimumPolicy):
    """And leaves out none, or at least so many."""

    kind = "complement"

    def allows(self, query: AggregateQuery) -> bool:
        """Count the rows, and those left out."""
        left = query.size - _different(query.rows)
        return super().allows(query) and (left == 0 or left >= self.spec.minimum)


class OverlapPolicy(ComplementPolicy):
    """And differs from each released query in no row, or in at least so many."""

    kind = "overlap"

    def __init__(self, spec: DisclosureSpec) -> None:
        super().__init__(spec)
        self._earlier: dict[tuple[str, int], list[NDArray[np.bool_]]] = {}

    def allows(self, query: AggregateQuery) -> bool:
        """Compare with all that was released of the table."""
        import numpy as np

        if not super().allows(query):
            return False
        mine = _mask(query)
        for other in self._earlier.get((query.table, query.size), []):
            apart = int(np.count_nonzero(mine ^ other))
            if 0 < apart < self.spec.minimum:
                return False
        return True

    def remember(self, query: AggregateQuery) -> None:
        """Keep the rows."""
        self._earlier.setdefault((query.table, query.size), []).append(_mask(query))


class AuditPolicy(ComplementPolicy):
    """And together with all that was released determines no single row's sum.

    A released sum is a vector of how often each row is in it. A row's own value follows from
    released sums exactly if its unit vector is in the space that they span, that is, if the squares
    of its coordinates in an orthonormal basis of it add up to 1. The basis grows by one vector a
    query (Gram-Schmidt, a second time where most is lost), so a query costs its rows times the
    released ones. What is no sum (median, extremes, quantiles) is refused. Nothing is said of
    somebody who knows other rows.
    """

    kind = "audit"

    def __init__(self, spec: DisclosureSpec) -> None:
        super().__init__(spec)
        self._spaces: dict[tuple[str, int], RowSpace] = {}

    def allows(self, query: AggregateQuery) -> bool:
        """Ask whether the space with this query holds a unit vector."""
        if query.op not in ADDITIVE or not super().allows(query):
            return False
        return not self._space(query).determines(_counts(query))

    def remember(self, query: AggregateQuery) -> None:
        """Let the space grow."""
        self._space(query).add(_counts(query))

    def _space(self, query: AggregateQuery) -> RowSpace:
        name = query.table, query.size
        if name not in self._spaces:
            self._spaces[name] = RowSpace(query.size, _MARGIN)
        return self._spaces[name]


class QueriesPolicy(MinimumPolicy):
    """At least so many rows, and only so many values."""

    kind = "queries"

    def allows(self, query: AggregateQuery) -> bool:
        """Look at what is left."""
        return self.released < self.spec.queries and super().allows(query)


class RoundingPolicy(MinimumPolicy):
    """At least so many rows, and values rounded to multiples of a base."""

    kind = "rounding"

    def shown(self, value: float) -> float:
        """Round."""
        return round(value / self.spec.base) * self.spec.base


class RowSpace:
    """The space that released sums span: an orthonormal basis, a row a vector.

    Within `margin` of 1 a squared length counts as 1: a value is then as good as determined.

    Attributes:
        held: of each table row the squared length of its unit vector's shadow, 0 to 1.
    """

    def __init__(self, size: int, margin: float = _SMALL) -> None:
        import numpy as np

        self._least = 1 - margin
        self._basis = np.empty((0, size))
        self._used = 0
        self._last: tuple[bytes, NDArray[np.float64] | None] = (b"", None)
        self.held = np.zeros(size)

    def _beyond(self, vector: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Return what of a vector is outside of the space, of length 1; None where nothing is.

        A query is looked at and then added, so the last one is kept.
        """
        name = vector.tobytes()
        if self._last[0] != name:
            self._last = (name, self._outside(vector))
        return self._last[1]

    def _outside(self, vector: NDArray[np.float64]) -> NDArray[np.float64] | None:
        import numpy as np

        basis = self._basis[: self._used]
        before, left = float(np.linalg.norm(vector)), vector - (basis @ vector) @ basis
        length = float(np.linalg.norm(left))
        if length < 0.1 * before:  # where most is lost, what is left is no longer orthogonal
            left = left - (basis @ left) @ basis
            length = float(np.linalg.norm(left))
        return None if length <= _SMALL * before else left / length

    def determines(self, vector: NDArray[np.float64]) -> bool:
        """Whether the space together with a vector would hold a unit vector."""
        new = self._beyond(vector)
        return new is not None and bool((self.held + new * new).max() >= self._least)

    def add(self, vector: NDArray[np.float64]) -> None:
        """Let the space hold a vector."""
        import numpy as np

        new = self._beyond(vector)
        if new is None:
            return
        if self._used == len(self._basis):
            room = max(16, self._used)
            self._basis = np.vstack([self._basis, np.empty((room, len(new)))])
        self._basis[self._used] = new
        self._used += 1
        self._last = (b"", None)
        self.held = self.held + new * new


def _mask(query: AggregateQuery) -> NDArray[np.bool_]:
    import numpy as np

    found = np.zeros(query.size, bool)
    found[query.rows] = True
    return found


def _counts(query: AggregateQuery) -> NDArray[np.float64]:
    import numpy as np

    return np.bincount(query.rows, minlength=query.size).astype(np.float64)


def _different(rows: Rows) -> int:
    import numpy as np

    return len(np.unique(rows))


POLICIES: dict[str, type[DisclosurePolicy]] = {
    policy.kind: policy
    for policy in (
        OffPolicy, MinimumPolicy, ComplementPolicy, OverlapPolicy, AuditPolicy, QueriesPolicy,
        RoundingPolicy,
    )
}  # fmt: skip


def policy_of(spec: DisclosureSpec) -> DisclosurePolicy:
    """Return a policy that has released nothing yet."""
    return POLICIES[spec.policy](spec)
