"""Which interval covers where seeds matter: a grid of worlds, and the rules that were compared.

Tables of items × seeds with normal effects of items, of seeds and of neither. Their mean squares
have chi-squared laws and are independent of the mean, so they are drawn directly; and given them
the chance that the interval holds the truth is known, so it is averaged instead of counted. With
5,000 draws the mean is sure to 0.02 points.

`python tests/unit/stats/seed_grid.py` prints the two tables of docs/statistics.md; with `--points`
every point of the grid.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from scipy.special import ndtr
from scipy.stats import chi2, norm
from scipy.stats import t as student

from llmx.stats.mean_squares import MeanSquares

SEEDS = (2, 3, 5, 10)
ITEMS = (50, 128, 256, 1000)
SPREADS = ((0.1, 0.55), (0.3, 0.5), (1.0, 0.5))  # of items, of what neither explains
SEED_SDS = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15)
DRAWS = 5000


@dataclass(frozen=True)
class World:
    """What varies, in standard deviations: 0.1 are ten points of accuracy."""

    seeds: int
    items: int
    item_sd: float
    error_sd: float
    seed_sd: float


GRID = tuple(
    World(seeds, items, item_sd, error_sd, seed_sd)
    for seeds, items, (item_sd, error_sd), seed_sd in product(SEEDS, ITEMS, SPREADS, SEED_SDS)
)


@dataclass(frozen=True)
class Squares:
    """Drawn mean squares, each of shape (draws,), and the true variance of the mean."""

    items: int
    seeds: int
    of_items: np.ndarray
    of_seeds: np.ndarray
    of_error: np.ndarray
    variance: float


def drawn(world: World, draws: int, rng: np.random.Generator) -> Squares:
    """Draw mean squares from their laws: expectation times chi-squared over its degrees."""
    rest = world.error_sd**2
    by_items = world.seeds * world.item_sd**2 + rest
    by_seeds = world.items * world.seed_sd**2 + rest
    a, b = world.items - 1, world.seeds - 1

    def square(expected: float, freedom: int) -> np.ndarray:
        # One draw from each of so many equally likely parts of the law: less noise than free draws.
        shares = (rng.permutation(draws) + rng.random(draws)) / draws
        return expected * chi2.ppf(shares, freedom) / freedom

    return Squares(
        world.items,
        world.seeds,
        square(by_items, a),
        square(by_seeds, b),
        square(rest, a * b),
        (by_items + by_seeds - rest) / (world.items * world.seeds),
    )


Rule = Callable[[Squares, float], np.ndarray]
"""The reach of an interval at a level, shape (draws,)."""


def shipped(found: Squares, level: float) -> np.ndarray:
    """What `two_level` does."""
    squares = zip(found.of_items, found.of_seeds, found.of_error, strict=True)
    return np.array(
        [
            max(e.reach(level) for e in MeanSquares(*one, found.items, found.seeds).errors())
            for one in squares
        ]
    )


@cache
def _t2(level: float) -> np.ndarray:
    """Squared quantiles of Student's t by whole degrees of freedom; none for 0."""
    return np.array([np.nan, *student.ppf((1 + level) / 2, np.arange(1, 12_000)) ** 2])


def by(combine: Callable[..., np.ndarray]) -> Rule:
    """Make a rule of a squared reach, which is given in units of items × seeds."""

    def rule(found: Squares, level: float) -> np.ndarray:
        t2, a, b = _t2(level), found.items - 1, found.seeds - 1
        squares = (found.of_items, found.of_seeds, found.of_error)
        return np.sqrt(combine(*squares, t2, a, b) / (found.items * found.seeds))

    return rule


def satterthwaite(x, s, e, t2, a, b, total=None):
    """Squared reach of MS_item + MS_seed - MS_error, or of another total of the three."""
    total = np.maximum(x + s - e, 0) if total is None else total
    freedom = np.maximum(total**2 / (x**2 / a + s**2 / b + e**2 / (a * b)), min(a, b))
    return t2[np.ceil(freedom).astype(int)] * total


def switch(x, s, e, t2, a, b):
    """The rule that was withdrawn: seeds are left out unless they are seen."""
    seen = np.maximum(satterthwaite(x, s, e, t2, a, b), t2[b] * s)
    return np.where(s <= 2 * e, t2[a] * x, seen)


RULES: dict[str, Rule] = {
    "items alone": by(lambda x, s, e, t2, a, b: t2[a] * x),
    "seeds' means alone": by(lambda x, s, e, t2, a, b: t2[b] * s),
    "seeds left out up to MS_seed = 2 MS_error (withdrawn)": by(switch),
    "Satterthwaite": by(satterthwaite),
    "Satterthwaite, nothing subtracted": by(
        lambda x, s, e, t2, a, b: satterthwaite(x, s, e, t2, a, b, x + s)
    ),
    "wider of items' and seeds'": by(lambda x, s, e, t2, a, b: np.maximum(t2[a] * x, t2[b] * s)),
    "t²·MS_item + t²·(MS_seed − MS_error)": by(
        lambda x, s, e, t2, a, b: t2[a] * x + t2[b] * np.maximum(s - e, 0)
    ),
    "t²·MS_item + t²·MS_seed": by(lambda x, s, e, t2, a, b: t2[a] * x + t2[b] * s),
    "t²·(MS_item − MS_error) + t²·MS_seed, or items'": by(
        lambda x, s, e, t2, a, b: np.maximum(t2[a] * x, t2[a] * np.maximum(x - e, 0) + t2[b] * s)
    ),
    "**widest of items', seeds', Satterthwaite**": shipped,
}
SHIPPED = "**widest of items', seeds', Satterthwaite**"


@dataclass(frozen=True)
class Point:
    """What a rule did in a world: shares, and widths over those of known variances."""

    world: World
    coverage: float
    width: float  # median


def point(world: World, rule: Rule, level: float, draws: int, seed: int = 1) -> Point:
    """Return the coverage of a rule in a world, and its median width."""
    found = drawn(world, draws, np.random.default_rng(seed))
    ratio = rule(found, level) / np.sqrt(found.variance)
    holds = 2 * ndtr(ratio) - 1
    return Point(
        world,
        float(holds.mean()),
        float(np.median(ratio) / norm.ppf((1 + level) / 2)),
    )


def points(rule: Rule, level: float, draws: int, seeds: int) -> list[Point]:
    """Return all points of the grid with so many seeds."""
    return [point(world, rule, level, draws) for world in GRID if world.seeds == seeds]


def summary() -> Iterator[str]:
    """Yield the lines of the first table: the shipped rule by the number of seeds."""
    yield (
        "| seeds | worst at 90 % | worst at 95 % | worst at 99 % | most at 95 % | width, median |"
        " width, least to most |"
    )
    yield "| ---: " * 7 + "|"
    for seeds in SEEDS:
        there = {level: points(shipped, level, DRAWS, seeds) for level in (0.9, 0.95, 0.99)}
        worst = [f"{100 * min(p.coverage for p in found):.1f}" for found in there.values()]
        most = f"{100 * max(p.coverage for p in there[0.95]):.1f}"
        widths = [p.width for p in there[0.95]]
        span = f"{min(widths):.2f} to {max(widths):.2f}"
        yield f"| {seeds} | {' | '.join(worst)} | {most} | {np.median(widths):.2f} | {span} |"


def comparison() -> Iterator[str]:
    """Yield the lines of the second table: every rule, worst coverage and median width."""
    yield "| rule | " + " | ".join(f"{seeds} seeds" for seeds in SEEDS) + " |"
    yield "| --- |" + " --- |" * len(SEEDS)
    for name, rule in RULES.items():
        cells = []
        for seeds in SEEDS:
            found = points(rule, 0.95, DRAWS, seeds)
            worst, width = min(p.coverage for p in found), np.median([p.width for p in found])
            cells.append(f"{100 * worst:.1f}, {width:.2f}")
        yield f"| {name} | {' | '.join(cells)} |"


def every_point() -> Iterator[str]:
    """Yield a line for each point: coverage in %, and median width over that known."""
    yield "seeds items item_sd error_sd seed_sd coverage width"
    for world in GRID:
        found = point(world, shipped, 0.95, DRAWS)
        where = (world.seeds, world.items, world.item_sd, world.error_sd, world.seed_sd)
        shown = f"{100 * found.coverage:.2f} {found.width:.2f}"
        yield f"{' '.join(f'{part:g}' for part in where)} {shown}"


def main() -> None:
    for part in [every_point] if "--points" in sys.argv else [summary, comparison]:
        for line in part():
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
