"""What a stored run says of the cheapest way to an accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from llmx.core.errors import ConfigError, StoreError
from llmx.report.figures.read import readable
from llmx.report.priced import FILE, PricedPoint, PricedPoints, cheapest_within, most_accurate
from llmx.runs.run import load_run
from llmx.store.files import read_json


@dataclass(frozen=True)
class Affordable:
    """The cheapest point of an arm that is near its best, beside the best."""

    cheapest: PricedPoint
    best: PricedPoint


@dataclass(frozen=True)
class Affordability:
    """What is enough, an arm each; `gain` is a share, `kind` the cost that was asked for."""

    run: str
    gain: float
    kind: str
    arms: tuple[Affordable, ...]


def budget(run: str, runs: Path, gain: float, kind: str | None) -> Affordability:
    """Return of each arm the cheapest method, and its size, within some points of its best.

    Args:
        run: (the beginning of) a run's name, or its folder.
        gain: in percentage points.
        kind: of cost; None = the run's own.

    Raises:
        ConfigError: for a gain that is not in [0, 100], or a cost that nobody counted.
        StoreError: if there is no such run, or it has compared no methods.
    """
    if not 0 <= gain <= 100:
        raise ConfigError(f"--gain {gain:g} is no number of points", "--gain 2")
    folder = load_run(run, runs=runs).folder.path
    found = _points(folder)
    asked = kind or found.cost
    chosen = cheapest_within(found, gain / 100, asked)
    best = {one.arm: most_accurate(found.points, one.arm) for one in chosen}
    arms = [Affordable(one, of) for one in chosen if (of := best[one.arm]) is not None]
    return Affordability(folder.name, gain / 100, asked, tuple(arms))


def _points(folder: Path) -> PricedPoints:
    """Return the points of a run; it is told which stage has them, where several do."""
    paths = sorted(folder.glob(f"*/{FILE}"))
    if not paths:
        text = f"the run {folder.name} has not compared ways of spending compute"
        raise StoreError(text, "run a recipe with a stage `scaling`: llmx run recipe=scaling_gsm")
    if len(paths) > 1:
        named = ", ".join(path.parent.name for path in paths)
        raise StoreError(f"the run {folder.name} has several stages with {FILE}: {named}")
    with readable(paths[0]):
        return PricedPoints.model_validate(read_json(paths[0]))
