"""Score intervals of a proportion, and of the difference of two, paired or of other items."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

from llmx.stats.interval import Interval, two_sided_z


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return the score interval of a proportion (Wilson 1927, JASA 22, p. 209).

    The estimate is the plain share, so the interval is not centred on it. It never leaves [0, 1]
    and is not empty at 0 or n successes.

    Raises:
        ValueError: unless 0 <= successes <= n and n >= 1.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} is not a proportion")
    z = two_sided_z(level)
    share, shrink = successes / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrink
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / shrink
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(low, share, high, level)


def difference_interval(
    first: int, of_first: int, second: int, of_second: int, level: float = 0.95
) -> Interval:
    """Return the interval of a difference of proportions of two samples of different items.

    From both Wilson intervals (Newcombe 1998, Stat. Med. 17, p. 873, method 10). It stays in
    [-1, 1] and is not empty where all items of a sample are alike.

    Args:
        first, second: successes.
        of_first, of_second: items.
        level: nominal coverage.

    Raises:
        ValueError: unless successes lie between 0 and items, and there are items.
    """
    one, other = wilson(first, of_first, level), wilson(second, of_second, level)
    estimate = one.estimate - other.estimate
    below = sqrt((one.estimate - one.low) ** 2 + (other.high - other.estimate) ** 2)
    above = sqrt((one.high - one.estimate) ** 2 + (other.estimate - other.low) ** 2)
    return Interval(estimate - below, estimate, estimate + above, level)


def paired_score_interval(gained: int, lost: int, n: int, level: float = 0.95) -> Interval:
    """Return the score interval of a paired difference (Tango 1998, Stat. Med. 17, p. 891, eq. 8).

    Args:
        gained: items right in the first arm and wrong in the second.
        lost: items wrong in the first arm and right in the second.
        n: all items, concordant ones included.
        level: nominal coverage.

    Unlike a bootstrap, it is not empty where the arms never disagree: with 0 discordant items it
    is ± z²/(n + z²).

    Raises:
        ValueError: if the counts are negative or exceed n, or n < 1.
    """
    if n < 1 or min(gained, lost) < 0 or gained + lost > n:
        raise ValueError(f"{gained} gained and {lost} lost do not fit into {n} items")
    z = two_sided_z(level)
    estimate = (gained - lost) / n
    high = _root(lambda d: z + paired_score(gained, lost, n, d), estimate, 1.0)
    low = -_root(lambda d: z + paired_score(lost, gained, n, d), -estimate, 1.0)
    return Interval(low, estimate, high, level)


def paired_score(gained: int, lost: int, n: int, difference: float) -> float:
    """Score statistic of H0: p_gained - p_lost = difference (Tango 1998, eq. 6 and 7)."""
    a = 2 * n
    b = (2 * n - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    lost_rate = (sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = n * (2 * lost_rate + difference * (1 - difference))
    surplus = gained - lost - n * difference
    if variance <= 0:
        return 0.0 if surplus == 0 else surplus * float("inf")
    return float(surplus / sqrt(variance))


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Bisect for the sign change of a falling function; 60 halvings reach double precision."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2
