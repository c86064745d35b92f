"""Thirty attacks on released aggregates, on salaries of 400 made-up persons.

An attacker chooses sets of rows, which stand for conditions on what is known of persons, and sees
what a policy releases. He wins where he knows a salary to the unit that no single answer told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from llmx.papers.indata.disclosure.policies import (
    AggregateQuery,
    DisclosurePolicy,
    DisclosureSpec,
    policy_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

PERSONS = 400
_FEW = 5


@dataclass
class Released:
    """What an attacker can ask: a policy over salaries, whole numbers as floats."""

    salaries: Floats
    policy: DisclosurePolicy

    def ask(self, op: str, rows: Whole) -> float | None:
        """Return a released value, None where it is suppressed."""
        query = AggregateQuery(op, rows, len(self.salaries))
        if not self.policy.release(query):
            return None
        held = self.salaries[rows]
        values = {"count": len(held), "sum": held.sum(), "max": held.max() if len(held) else 0.0}
        return self.policy.shown(float(values[op]))


Attack = Callable[[Released, "np.random.Generator"], bool]


def salaries(seed: int = 0) -> Floats:
    """Return the salaries of made-up persons, float64 of shape (400,), whole numbers."""
    import numpy as np

    return np.random.default_rng(seed).integers(24_000, 120_000, PERSONS).astype(np.float64)


def _others(rng: np.random.Generator, target: int, *sizes: int) -> list[Whole]:
    """Return disjoint sets of other persons."""
    import numpy as np

    free = np.setdiff1d(np.arange(PERSONS), [target])
    drawn = rng.permutation(free)
    return [drawn[low:high] for low, high in pairwise(np.cumsum((0, *sizes)))]


def _found(released: Released, target: int, guess: float | None) -> bool:
    return guess is not None and abs(guess - released.salaries[target]) < 0.5


def singling_out(released: Released, rng: np.random.Generator) -> bool:
    """Ask for the sum over one person."""
    import numpy as np

    target = int(rng.integers(PERSONS))
    return _found(released, target, released.ask("sum", np.array([target])))


def differencing(released: Released, rng: np.random.Generator) -> bool:
    """Ask for a set, and for the set without one person."""
    import numpy as np

    target = int(rng.integers(PERSONS))
    (others,) = _others(rng, target, 150)
    whole = released.ask("sum", np.append(others, target))
    rest = released.ask("sum", others)
    return None not in (whole, rest) and _found(released, target, whole - rest)  # type: ignore[operator]


def all_but_one(released: Released, rng: np.random.Generator) -> bool:
    """Ask for everybody, and for everybody else."""
    import numpy as np

    target = int(rng.integers(PERSONS))
    whole = released.ask("sum", np.arange(PERSONS))
    rest = released.ask("sum", np.setdiff1d(np.arange(PERSONS), [target]))
    return None not in (whole, rest) and _found(released, target, whole - rest)  # type: ignore[operator]


def tracker(released: Released, rng: np.random.Generator) -> bool:
    """Pad: (target and X) - ((X and Y) - Y); any two of the sets differ by many persons."""
    import numpy as np

    target = int(rng.integers(PERSONS))
    x, y = _others(rng, target, 60, 60)
    first = released.ask("sum", np.append(x, target))
    both = released.ask("sum", np.concatenate([x, y]))
    second = released.ask("sum", y)
    if first is None or both is None or second is None:
        return False
    return _found(released, target, first - (both - second))


def extreme(released: Released, rng: np.random.Generator) -> bool:
    """Ask for the largest salary of a few persons: the answer is somebody's."""
    target = int(rng.integers(PERSONS))
    (others,) = _others(rng, target, 8)
    top = released.ask("max", others)
    return top is not None and bool((released.salaries[others] == top).any())


def counting(released: Released, rng: np.random.Generator) -> bool:
    """Halve the range of salaries by counts of those above a threshold, until one is known.

    The person is the sixth from above, so that no count is of fewer than five.
    """
    import numpy as np

    target = float(np.sort(released.salaries)[-_FEW - 1])
    low, high = 0.0, 2.0**19
    while high - low > 1:
        middle = (low + high) / 2
        rows = np.flatnonzero(released.salaries >= middle)
        told = released.ask("count", rows)
        low, high = (middle, high) if told is not None and told > _FEW else (low, middle)
    return abs(low - target) <= 1 and released.policy.released > 0


def subset_sums(released: Released, rng: np.random.Generator, queries: int = PERSONS + 10) -> bool:
    """Ask for sums over random halves, and solve for everybody."""
    return solved(released, rng, queries) == PERSONS


def solved(released: Released, rng: np.random.Generator, queries: int) -> int:
    """Return how many salaries follow from sums over random halves."""
    import numpy as np

    asked, told = [], []
    for _ in range(queries):
        half = rng.random(PERSONS) < 0.5
        if (value := released.ask("sum", np.flatnonzero(half))) is not None:
            asked.append(half.astype(np.float64))
            told.append(value)
    if not asked:
        return 0
    matrix = np.array(asked)
    guess, *_ = np.linalg.lstsq(matrix, np.array(told), rcond=None)
    _, singular, basis = np.linalg.svd(matrix, full_matrices=False)
    kept = basis[singular > 1e-9 * singular[0]]
    known = (kept**2).sum(axis=0) > 1 - 1e-6
    return int((known & (np.abs(guess - released.salaries) < 0.5)).sum())


ATTACKS: dict[str, Attack] = {
    **{f"singling_out_{at}": singling_out for at in range(4)},
    **{f"differencing_{at}": differencing for at in range(8)},
    **{f"all_but_one_{at}": all_but_one for at in range(3)},
    **{f"tracker_{at}": tracker for at in range(8)},
    **{f"extreme_{at}": extreme for at in range(4)},
    "counting_0": counting,
    "subset_sums_0": subset_sums,
    "subset_sums_1": partial(subset_sums, queries=PERSONS + 40),
}
"""By name; each is run on a policy that has released nothing."""


def blocked(spec: DisclosureSpec, seed: int = 0) -> dict[str, bool]:
    """Return for each attack whether a policy stopped it."""
    import numpy as np

    held = salaries(seed)
    return {
        name: not attack(Released(held, policy_of(spec)), np.random.default_rng([seed, at]))
        for at, (name, attack) in enumerate(ATTACKS.items())
    }
