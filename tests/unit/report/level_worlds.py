"""Runs in which the truth about levels and steps is known: how often is a verdict wrong, or right?

Every third problem is of each level, and problems have one to eight steps. Arms that were trained
have, under every seed, a shift of their own on each level of standard deviation `spread`.

`python tests/unit/report/level_worlds.py` prints the table of docs/statistics.md.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from llmx.core.audit import Audit
from llmx.core.record import Score
from llmx.report.gather import ArmFiles
from llmx.report.timing import Timing
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.run_test import run_test

RUNS = 400
LEVELS = ["easy", "medium", "hard"]
STEPS = 8
HARD, COMMON = 0.1, 0.9
PASSED = Audit(passed=True)
DECISIVE = ("shown here", "contradicted here")


@dataclass(frozen=True)
class LevelWorld:
    """How much is measured. `spread`: of the seeds of a training, on each level; None = no arm was
    trained.
    """

    problems: int = 360
    seeds: int = 1
    spread: float | None = None


@dataclass(frozen=True)
class LevelCase:
    """A test at the edge of its null, and where something is true.

    Attributes:
        edge, planted: chance of a right answer of each arm on each level, or of each arm and how
            much it loses with each step.
        wrong: words that are wrong at the edge.
    """

    name: str
    finding: Mapping[str, Any]
    edge: tuple[tuple[float, ...], ...]
    wrong: tuple[str, ...]
    planted: tuple[tuple[float, ...], ...]
    right: str = "shown here"
    runs: int = RUNS


_ORDER = {"test": "ordered", "arms": ["a0"], "by": "level", "levels": LEVELS}
_TWO = {**_ORDER, "arms": ["a0", "a1"]}
_DROP = {"test": "drop", "arms": ["a0"], "by": "level", "levels": ["easy", "hard"], "bound": 0.2}
_GROWS = {"test": "interaction", "pairs": [["a1", "a0"]], "by": "steps"}

CASES = (
    LevelCase(
        "`ordered`, one arm, two levels alike", _ORDER, ((0.8, 0.8, 0.4),), DECISIVE,
        ((0.85, 0.65, 0.4),),
    ),
    LevelCase(
        "`ordered`, one arm, all alike", _ORDER, ((0.6, 0.6, 0.6),), DECISIVE,
        ((0.4, 0.6, 0.8),), "contradicted here",
    ),
    LevelCase(
        "`ordered`, two arms, all alike", _TWO, ((0.6, 0.6, 0.6), (0.5, 0.5, 0.5)), DECISIVE,
        ((0.85, 0.65, 0.4), (0.8, 0.6, 0.35)),
    ),
    LevelCase(
        "`drop` of the bound itself", _DROP, ((0.9, 0.8, 0.7),), DECISIVE, ((0.9, 0.7, 0.5),),
    ),
    LevelCase(
        "`drop` of the bound itself, less planted", _DROP, ((0.7, 0.6, 0.5),), DECISIVE,
        ((0.8, 0.8, 0.8),), "contradicted here",
    ),
    LevelCase(
        "`interaction`, arms that fall alike", _GROWS, ((0.8, 0.05), (0.9, 0.05)), DECISIVE,
        ((0.85, 0.06), (0.9, 0.01)), runs=RUNS // 4,
    ),
    LevelCase(
        "`interaction`, equal arms", _GROWS, ((0.6, 0.0), (0.6, 0.0)), DECISIVE,
        ((0.9, 0.01), (0.85, 0.06)), "contradicted here", runs=RUNS // 4,
    ),
)  # fmt: skip

WORLDS = (
    LevelWorld(120),
    LevelWorld(360),
    LevelWorld(360, 3),
    LevelWorld(360, 3, 0.0),
    LevelWorld(360, 3, 0.05),
    LevelWorld(360, 5, 0.05),
)


@cache
def _score(place: int, right: bool) -> Score:
    return Score(
        id=f"p{place}", cluster="", expected=f"{place}", strict=None, flexible=None,
        correct=right, correct_flexible=right, unparsed=False, tokens=9, finish="eos", rounds=9,
        drafted=0, accepted=0,
    )  # fmt: skip


TRAITS = {
    "level": {f"p{at}": LEVELS[at % 3] for at in range(360)},
    "steps": {f"p{at}": 1 + at % STEPS for at in range(360)},
}


def chances(case, world, truth):
    """Return the chance of a right answer, (arms, problems, 1)."""
    at = np.arange(world.problems)
    if case.finding["test"] == "interaction":
        rows = [start - step * (at % STEPS) for start, step in truth]
    else:
        rows = [np.array(levels)[at % 3] for levels in truth]
    return np.array(rows)[:, :, None]


def answers(rng, case, world, truth):
    """Return right or wrong, bool (arms, problems, seeds); arms share most of their luck."""
    chance, shape = chances(case, world, truth), (len(truth), world.problems, world.seeds)
    chance = chance + rng.uniform(-HARD, HARD, (1, world.problems, 1))
    if world.spread is not None:
        shifts = world.spread * rng.normal(size=(len(truth), 3, world.seeds))
        chance = chance + shifts[:, np.arange(world.problems) % 3]
    shared, own = rng.random((1, *shape[1:])), rng.random(shape)
    return np.where(rng.random(shape) < COMMON, shared, own) < chance


def files(world, right):
    """Return an arm of (problems, seeds)."""
    runs = [
        ArmFiles(
            scores={f"p{i}": _score(i, ok) for i, ok in enumerate(column.tolist())},
            seed=f"seed={seed}", trained=world.spread is not None, audit=PASSED,
        )
        for seed, column in enumerate(right.T)
    ]  # fmt: skip
    return runs[0] if len(runs) == 1 else replace(runs[0], seeds=tuple(runs))


def words(case, world, truth, runs, seed=1):
    """Return how often each word is said, as shares."""
    rng = np.random.default_rng([seed, world.problems, world.seeds, int(100 * (world.spread or 0))])
    said = Counter[str]()
    for _ in range(runs):
        right = answers(rng, case, world, truth)
        arms = {f"a{n}": files(world, one) for n, one in enumerate(right)}
        audited, nothing = frozenset(arms), Timing()
        known = Evidence(arms=arms, clock=nothing, audited=audited, traits=TRAITS)
        said[run_test(known, {"id": "x", **case.finding}, list(arms)).word] += 1
    return {word: times / runs for word, times in said.items()}


def wrong(case, world, runs):
    """Return how often a word is said that is wrong at the edge."""
    found = words(case, world, case.edge, runs)
    return sum(found.get(word, 0.0) for word in case.wrong)


def right(case, world, runs):
    """Return how often the word is said that is right of what is planted."""
    return words(case, world, case.planted, runs, seed=2).get(case.right, 0.0)


HEAD = ("test", "problems", "seeds", "trained, spread", "wrong", "right")


def cells(case, world):
    """Return how a line of the table begins."""
    trained = "no" if world.spread is None else f"{100 * world.spread:g}"
    return (case.name, f"{world.problems}", f"{world.seeds}", trained)


def main(asked: str = "") -> None:
    print(f"| {' | '.join(HEAD)} |", f"| --- |{' ---: |' * 5}", sep="\n")
    for case in CASES:
        for world in WORLDS if asked in case.name else ():
            shares = (f"{100 * one(case, world, case.runs):.1f}" for one in (wrong, right))
            print(f"| {' | '.join((*cells(case, world), *shares))} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
