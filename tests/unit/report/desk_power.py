"""Does a recipe's `desk` decide its questions? Counted in runs of that size, with a known truth.

Arms of equivalence are equal; other arms are better by what `effect` says. Trained arms have seeds
5 points apart. `python tests/unit/report/desk_power.py` prints the table of docs/statistics.md.
"""

import sys
from dataclasses import dataclass, replace

from null_worlds import CASES, Case, World, line, right

from llmx.config.compose import compose
from llmx.config.index import entries
from llmx.core.names import families
from llmx.core.registry import kinds
from llmx.core.spec import trained_arms
from llmx.report.verdict.schema import arms_of
from llmx.stages.budget import size_problems

RUNS = {True: 400, False: 50}
"""How many are simulated, of trained arms and of others; those take longer."""

SPREAD = 0.05
ENOUGH = 0.8
RANKING = "ranking_at_equal_share"
OF_POOLS = tuple(
    name
    for name, where in kinds("test").items()
    if where.startswith("llmx.papers.inference_scaling.")
)
"""Tests of pools of draws, which have worlds of their own."""

OF_BATCHES = tuple(
    name for name, where in kinds("test").items() if where.startswith("llmx.papers.b3.")
)
"""Tests of trainings on planned batches, which have worlds of their own, too."""

OF_LEVELS = ("drop", "interaction", "ordered")
"""Tests of levels of problems, which have worlds of their own: level_worlds.py."""

UNDECIDED = (
    *("costs_and_gains", "poor_predictor", "threshold_transfer"),
    *(*OF_POOLS, *OF_BATCHES, *OF_LEVELS),
)
"""Never decided, or decided by other things than the number of problems: see the other tables."""

BY_TEST = {one.finding["test"]: one for one in reversed(CASES) if one.name != CASES[0].name}
"""Test → its first case, where that is of several arms the one of several."""


@dataclass(frozen=True)
class Size:
    """A question as a run of some size asks it.

    Attributes:
        several: whether of more than one arm or pair, and then of as many as its case has.
    """

    test: str
    several: bool
    margin: float | None
    world: World

    def cells(self) -> tuple[str, ...]:
        """Return how the question begins its line of the table."""
        arms, world = "several" if self.several else "one", self.world
        trained = "yes" if world.trained else "no"
        return (f"`{self.test}`", arms, f"{world.problems}", f"{world.seeds}", trained)


def case(size: Size) -> Case:
    """Return the question with its planted truth."""
    base = BY_TEST[size.test]
    finding = dict(base.finding)
    if not size.several and "arms" in finding:
        finding["arms"] = finding["arms"][: 2 if size.test == RANKING else 1]
    if size.margin is not None:
        finding["margin"] = size.margin
    return replace(base, finding=finding)


def questions():
    """Return size → the recipes that ask it at `desk`."""
    found: dict[Size, dict[str, None]] = {}
    for entry in entries():
        spec = size_problems(compose(entry.name, ["scale=desk"]), None)
        stages = {stage.name: stage for stage in spec.stages}
        own = trained_arms(spec.arms, stages)
        for stage in stages.values():
            for finding in stage.options.get("findings", ()):
                if finding["test"] not in UNDECIDED and "metric" not in finding:
                    size = _size(finding, spec, own)
                    found.setdefault(size, {})[entry.name] = None
    return {size: tuple(names) for size, names in found.items()}


def _size(finding, spec, own) -> Size:
    members = families(spec.arms)
    named = [name for name in arms_of(finding) if name in members]
    arm = spec.arms[members[named[0]][0]]
    trained = any(one in own for name in named for one in members[name])
    scale, seeds = arm.scale, len(members[named[0]])
    rounds = scale.speed_problems if spec.paper == "staircase" else scale.speed_rounds
    world = World(scale.problems or 0, seeds, SPREAD if trained else 0.0, trained, rounds)
    several = len(named) > (1 if finding["test"] in ON_ROUNDS else 2)
    kept = "margin" in BY_TEST[finding["test"]].finding
    margin = finding.get("margin", 0.02) if kept else None
    return Size(finding["test"], several, margin, world)


ON_ROUNDS = ("first_token_cut", "end_to_end_speed")  # their reference is not among those named


HEAD = ("test", "arms", "problems", "seeds", "trained", "planted", "decided", "asked by")


def main(part: str = "") -> None:
    print(line(HEAD), line(["---"] + ["---:"] * 6 + ["---"]), sep="\n")
    for size, asked in questions().items():
        if part not in size.test:
            continue
        one, runs = case(size), RUNS[size.world.trained]
        share = right(one, size.world, runs)
        planted = one.effect if size.margin is None else f"{one.effect}, ± {100 * size.margin:g}"
        decided = f"{100 * share:.0f}" if share >= ENOUGH else f"**{100 * share:.0f}**"
        print(line((*size.cells(), planted, decided, ", ".join(asked))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
