"""McNemar's test of two paired proportions, from the discordant counts alone."""

from __future__ import annotations


def mcnemar_exact(b: int, c: int) -> float:
    """Return the exact two-sided p value for b against c discordant pairs.

    Given b + c, b is binomial with probability 1/2 where the arms are equally good (McNemar 1947,
    Psychometrika 12, p. 153; the exact form is the sign test). Conservative: its true level is
    below the nominal one. 1.0 where there are no discordant pairs.

    Raises:
        ValueError: if a count is negative.
    """
    tail, _, total = _lower_tail(b, c)
    return min(1.0, 2 * tail / total)


def mcnemar_midp(b: int, c: int) -> float:
    """Return the two-sided mid-p value: less conservative, and no longer a guaranteed level.

    Half of the probability of the observed split is left out of each tail (Fagerland, Lydersen
    and Laake 2013, BMC Med. Res. Methodol. 13:91); b = c gives 1 - P(b)/2 there, as here.

    Raises:
        ValueError: if a count is negative.
    """
    tail, point, total = _lower_tail(b, c)
    if b == c:
        return 1 - point / (2 * total)
    return (2 * tail - point) / total


def _lower_tail(b: int, c: int) -> tuple[int, int, int]:
    """Count sequences of fair tosses: at most min(b, c) heads, exactly that many, and all."""
    if min(b, c) < 0:
        raise ValueError(f"discordant counts must not be negative: {b}, {c}")
    n, k = b + c, min(b, c)
    tail = term = 1
    for heads in range(1, k + 1):
        term = term * (n - heads + 1) // heads
        tail += term
    return tail, term, 2**n
