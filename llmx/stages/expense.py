"""What a way through several calls takes: sums of tokens, and the longest chain that waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from functools import reduce
from itertools import takewhile

from llmx.core.record import Record
from llmx.core.speech import EngineSpec
from llmx.stats.order_statistics import expected_rank

ATTENTION_FROM = 4096
"""Positions below it: attention is a few percent of the other work, and is left out."""


@dataclass(frozen=True)
class Expense:
    """What was taken; an expected value where it is over subsets of draws.

    Attributes:
        prompt: tokens sent, cached ones among them.
        cached: of them found in a prefix cache.
        completion: tokens received.
        calls: requests to a model.
        money: in the unit of the engine's prices.
        longest: tokens of the longest chain in which each waits for the one before.
        attended: positions that computed tokens look at, see :func:`attended`.
    """

    prompt: float = 0.0
    cached: float = 0.0
    completion: float = 0.0
    calls: float = 0.0
    money: float = 0.0
    longest: float = 0.0
    attended: float = 0.0

    def then(self, later: Expense) -> Expense:
        """Return both where `later` waits for this."""
        pairs = zip(astuple(self), astuple(later), strict=True)
        return Expense(*(one + other for one, other in pairs))

    def times(self, factor: float) -> Expense:
        """Return a share or a multiple of it."""
        return Expense(*(factor * one for one in astuple(self)))


def attended(start: float, end: float) -> float:
    """Return ``Σ (p + 1)`` over the positions p = start … end - 1 from :data:`ATTENTION_FROM` on.

    So many keys, and as many values, do the tokens at these positions read in one head.
    """
    first = max(start, ATTENTION_FROM)
    last = max(end, first)
    return (last * (last + 1) - first * (first + 1)) / 2


def expense_of(record: Record, engine: EngineSpec) -> Expense:
    """Return what one call took, as its record counts it; money by the engine's prices."""
    spent = record.spent
    money = spent.money
    if record.cost is None:
        money = (spent.prompt * engine.price_in + spent.completion * engine.price_out) / 1e6
    tokens = float(spent.completion)
    # Sums of several calls do not say where a token stood.
    seen = attended(spent.cached, spent.prompt + tokens) if spent.calls == 1 else 0.0
    return Expense(spent.prompt, spent.cached, tokens, spent.calls, money, tokens, seen)


def beside(expenses: Sequence[Expense]) -> Expense:
    """Return all together where none waits for another."""
    longest = max((one.longest for one in expenses), default=0.0)
    return replace(reduce(Expense.then, expenses, Expense()), longest=longest)


def drawn(expenses: Sequence[Expense], prompt: float) -> Expense:
    """Return what draws of one problem take beside each other.

    Args:
        prompt: tokens that their prompts have in common; see :func:`sharing`.
    """
    return sharing(beside(expenses), prompt, len(expenses))


def common_prompt(draws: Sequence[Record], permuted: bool) -> int:
    """Return the tokens with which the prompts of all these draws of one problem begin.

    Args:
        permuted: whether each shows the problem's options in another order. Prompts part there, and
            of those whose ids nobody knows nothing is said to be common. Else they are one prompt.
    """
    if not draws:
        return 0
    if not permuted or len(draws) == 1:
        return draws[0].spent.prompt
    columns = zip(*(draw.prompt_ids for draw in draws), strict=False)  # as far as the shortest
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def sharing(spent: Expense, prompt: float, draws: int) -> Expense:
    """Return what calls take of which `draws` begin with one prompt.

    From the second on its tokens are in the cache of whoever decodes, as methods on a pool count
    them, whether or not the engine said so.
    """
    cached = max(spent.cached, max(draws - 1, 0) * prompt)
    again = (cached - spent.cached) / prompt if prompt else 0.0
    seen = max(spent.attended - again * attended(0, prompt), 0.0)
    return replace(spent, cached=cached, attended=seen)


def mean(expenses: Sequence[Expense]) -> Expense:
    """Return the mean of each kind."""
    return reduce(Expense.then, expenses, Expense()).times(1 / len(expenses))


def expected(expenses: Sequence[Expense], size: int) -> Expense:
    """Return what `size` of them take beside each other, over all subsets.

    Args:
        expenses: of each draw, with what waits for it alone.
    """
    longest = expected_rank([one.longest for one in expenses], size, size)
    return replace(mean(expenses).times(size), longest=longest)
