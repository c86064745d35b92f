"""Does a recipe's `desk` decide its questions? Counted in runs of that size, with a known truth.

Arms of equivalence are equal; other arms are better by what `effect` says. Trained arms have seeds
5 points apart. `python tests/unit/report/desk_power.py` prints the table of docs/statistics.md.
"""

from dataclasses import dataclass, replace

from null_worlds import CASES, Case, Truth, World, line, right

from llmx.config.compose import compose
from llmx.config.index import entries
from llmx.core.arms import families
from llmx.core.trained import trained_arms
from llmx.report.verdict.schema import arms_of
from llmx.run.budget import size_problems

RUNS = 100
SPREAD = 0.05
ENOUGH = 0.8
UNDECIDED = ("costs_and_gains", "poor_predictor", "threshold_transfer")
"""Never decided, or decided by other things than the number of problems: see the other tables."""

BY_TEST = {case.finding["test"]: case for case in reversed(CASES)}
"""Test → its first case."""


@dataclass(frozen=True)
class Size:
    """A question as a run of some size asks it; arms besides the control or reference."""

    test: str
    arms: int
    margin: float | None
    world: World


def case(size: Size) -> Case:
    """Return the question with its planted truth."""
    base, count = BY_TEST[size.test], size.arms
    finding = dict(base.finding)
    if "arms" in finding and size.test != "optimum":
        first = 0 if size.test == "ranking_at_equal_share" else 1
        finding["arms"] = [f"a{n}" for n in range(first, first + count)]
    if size.test == "optimum":
        finding["arms"] = {f"a{n}": n for n in range(count)}
    if size.margin is not None:
        finding["margin"] = size.margin
    return replace(base, finding=finding, planted=_stretched(base.planted, count + 1))


def _stretched(truth: Truth, arms: int) -> Truth:
    """Return the truth with as many arms: all but the first are alike."""

    def longer(values: tuple[float, ...]) -> tuple[float, ...]:
        return values and (values[0], *(values[1] for _ in range(arms - 1)))

    names = ("accuracy", "longer", "faster", "steady", "cut")
    return replace(truth, **{name: longer(getattr(truth, name)) for name in names})


def questions():
    """Return size → the findings that are asked at it, ``RECIPE/FINDING``, over all recipes."""
    found: dict[Size, list[str]] = {}
    for entry in entries():
        spec = size_problems(compose(entry.name, ["scale=desk"]), None)
        stages = {stage.name: stage for stage in spec.stages}
        own = trained_arms(spec.arms, stages)
        for stage in stages.values():
            for finding in stage.options.get("findings", ()):
                if finding["test"] not in UNDECIDED:
                    size = _size(finding, spec, own)
                    found.setdefault(size, []).append(f"{entry.name}/{finding['id']}")
    return found


def _size(finding, spec, own) -> Size:
    members = families(spec.arms)
    named = [name for name in arms_of(finding) if name in members]
    arm, several = spec.arms[members[named[0]][0]], finding["test"] in ("optimum",)
    several = several or finding["test"] == "ranking_at_equal_share"
    trained = any(one in own for name in named for one in members[name])
    scale, seeds = arm.scale, len(members[named[0]])
    rounds = scale.speed_problems if spec.paper == "staircase" else scale.speed_rounds
    world = World(scale.problems or 0, seeds, SPREAD if trained else 0.0, trained, rounds)
    count = len(named) - (0 if several else 1)
    if finding["test"] == "first_token_cut":
        count = len(named)
    margin = finding.get("margin", 0.02) if "margin" in BY_TEST[finding["test"]].finding else None
    return Size(finding["test"], count, margin, world)


HEAD = ("test", "arms", "problems", "seeds", "trained", "planted", "decided", "asked by")


def main() -> None:
    print(line(HEAD), line(["---"] + ["---:"] * 6 + ["---"]), sep="\n")
    for size, asked in questions().items():
        one = case(size)
        share = right(one, size.world, RUNS)
        world = size.world
        planted = one.effect if size.margin is None else f"{one.effect}, ± {100 * size.margin:g}"
        print(line((
            f"`{size.test}`", f"{size.arms}", f"{world.problems}", f"{world.seeds}",
            "yes" if world.trained else "no", planted,
            f"{100 * share:.0f}" if share >= ENOUGH else f"**{100 * share:.0f}**",
            ", ".join(f"`{name}`" for name in asked),
        )), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
