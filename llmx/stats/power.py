"""What a paired comparison of n problems can and cannot see. No numpy: the plan prints this."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log, sqrt
from statistics import NormalDist

MANY = 10_000
"""From here on the normal approximation to the exact test is off by little more than 1e-4."""


def minimum_detectable_effect(
    n: int,
    discordant_rate: float | None = None,
    *,
    p: float | None = None,
    power: float = 0.8,
    level: float = 0.05,
) -> float:
    """Return the smallest paired accuracy difference that the exact test finds with `power`.

    The power is that of the two-sided exact McNemar test itself (:func:`mcnemar_power`), not of a
    normal approximation to it, which at a few hundred problems promises too much.

    Args:
        n: number of problems that both arms answer.
        discordant_rate: share of problems that exactly one of the two arms gets right.
        p: accuracy of both arms, where no discordant rate is known: 2p(1-p), which is the rate of
            arms that err independently, hence pessimistic for arms that share a model.
        power: probability of finding the difference.
        level: two-sided level of the test.

    Returns:
        A difference in [0, 1], to about 1e-4. A difference cannot exceed the rate of discordant
        pairs, so where the given rate is too small it is raised to the difference itself. 1.0
        where n problems cannot show any difference.

    Raises:
        ValueError: unless exactly one of discordant_rate and p is given and all are in range.
    """
    rate = _rate(n, discordant_rate, p, power, level)
    if n > MANY:
        return _approximate_effect(n, rate, power, level)
    low, high = 0.0, 1.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        found = mcnemar_power(n, max(rate, middle), middle, level) >= power
        low, high = (low, middle) if found else (middle, high)
    return high


def _approximate_effect(n: int, rate: float, power: float, level: float) -> float:
    """Solve Connor's formula (1987, Biometrics 43, p. 207, eq. 2) for the difference."""
    alpha, beta = NormalDist().inv_cdf(1 - level / 2), NormalDist().inv_cdf(power)
    # n d² = (zα √r + zβ √(r - d²))²; the difference cannot exceed the rate.
    low, high = 0.0, 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        spread = max(rate, middle)
        needed = alpha * sqrt(spread) + beta * sqrt(max(spread - middle**2, 0.0))
        low, high = (low, middle) if n * middle**2 >= needed**2 else (middle, high)
    return high


def mcnemar_power(n: int, discordant_rate: float, difference: float, level: float = 0.05) -> float:
    """Return the exact power of the two-sided exact McNemar test.

    The number of discordant pairs m is Binomial(n, discordant_rate); given m, the larger side is
    Binomial(m, (1 + difference/discordant_rate)/2) (Connor 1987, Biometrics 43, p. 207, without
    its normal approximation).

    Raises:
        ValueError: unless 0 < discordant_rate <= 1 and |difference| <= discordant_rate.
    """
    if not 0 < discordant_rate <= 1 or abs(difference) > discordant_rate:
        raise ValueError(f"a difference of {difference} needs a discordant rate of that size")
    favour = (1 + difference / discordant_rate) / 2
    total = 0.0
    for pairs in _likely(n, discordant_rate):
        limit = _critical(pairs, level)
        rejected = _tail(pairs, favour, limit) + _tail(pairs, 1 - favour, limit)
        total += _pmf(pairs, n, discordant_rate) * rejected
    return total


def _rate(
    n: int, discordant_rate: float | None, p: float | None, power: float, level: float
) -> float:
    if (discordant_rate is None) == (p is None):
        raise ValueError("give exactly one of discordant_rate and p")
    rate = discordant_rate if discordant_rate is not None else 2 * (p or 0.0) * (1 - (p or 0.0))
    if n < 1 or not 0 <= rate <= 1 or not 0 < power < 1 or not 0 < level < 1:
        raise ValueError(f"out of range: n={n}, rate={rate}, power={power}, level={level}")
    return rate


def _likely(n: int, rate: float) -> range:
    """Counts within nine standard deviations: what lies outside weighs less than 1e-15."""
    spread = 9 * (n * rate * (1 - rate)) ** 0.5 + 9
    return range(max(0, int(n * rate - spread)), min(n, int(n * rate + spread)) + 1)


@lru_cache(maxsize=8192)
def _critical(pairs: int, level: float) -> int:
    """Largest count of the smaller side that the exact test rejects; -1 where none is."""
    low, high = -1, pairs // 2 + 1
    while high - low > 1:
        middle = (low + high) // 2
        rejected = 2 * _tail(pairs, 0.5, middle) <= level
        low, high = (middle, high) if rejected else (low, middle)
    return low


def _tail(n: int, p: float, limit: int) -> float:
    """P(X <= limit) for X ~ Binomial(n, p), summed away from the mode, where terms fall."""
    if limit < 0 or limit >= n or p in (0.0, 1.0):
        return float(limit >= n * p)
    if limit > n * p:
        return 1 - _tail(n, 1 - p, n - limit - 1)
    total = term = _pmf(limit, n, p)
    for k in range(limit, 0, -1):
        term *= k / (n - k + 1) * (1 - p) / p
        total += term
        if term < 1e-17 * total:
            break
    return total


def _pmf(k: int, n: int, p: float) -> float:
    if p in (0.0, 1.0):
        return float(k == n * p)
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return exp(ways + k * log(p) + (n - k) * log(1 - p))
