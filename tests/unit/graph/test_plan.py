"""A plan says what would be done, costs nothing, and asks for the same problems every time."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.core.spec import ModelSpec, RunSpec, SamplerSpec, ScaleSpec
from llmx.runs.run import plan, run
from llmx.stages.budget import size_notes, size_problems

Recipe = Callable[..., RunSpec]

DRY_RUN = """
import sys
from llmx.cli.app import app
try:
    app(["run", *sys.argv[1:], "--dry-run"])
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *{name.partition(".")[0] for name in sys.modules})
"""


def dry_run(*words: str, cwd: Path) -> tuple[str, set[str]]:
    command = [sys.executable, "-c", DRY_RUN, *words]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text, _, loaded = done.stdout.rpartition("LOADED")
    return text, set(loaded.split())


@pytest.mark.parametrize("recipe", ["fsd_gsm8k", "zoo_gsm"])
def test_a_dry_run_imports_no_model_library_and_writes_nothing(recipe: str, tmp_path: Path) -> None:
    text, loaded = dry_run(f"recipe={recipe}", cwd=tmp_path)
    assert not loaded & {"torch", "transformers", "tokenizers", "reasoning_gym", "datasets"}
    assert "0 done already" in text and "run folder" in text
    assert not list(tmp_path.iterdir())


def test_a_dry_run_shows_every_stage_of_every_arm(tmp_path: Path) -> None:
    words = ("recipe=fsd_gsm8k", "scale=smoke", "arms=[target,sd,fsd_r_mid]")
    text, _ = dry_run(*words, cwd=tmp_path)
    titles = ["calibrate fsd_r_mid", "speed", "report"]
    titles += [f"{stage} {arm}" for stage in ("generate", "score") for arm in ("target", "sd")]
    for title in titles:
        assert f" {title} " in text
    assert "calibrate sd" not in text
    assert "4 problems: too few to show a difference" in text


def states(spec: RunSpec, runs: Path) -> dict[str, bool]:
    return {row.title: row.cached for row in plan(spec, runs=runs).stages}


def test_what_is_done_is_shown_and_costs_nothing(recipe: Recipe, runs: Path) -> None:
    before = plan(recipe(), runs=runs)
    assert set(states(recipe(), runs).values()) == {False}
    assert before.tokens > 0 and before.seconds > 0
    run(recipe(), runs=runs, workers=1)
    after = plan(recipe(), runs=runs)
    assert set(states(recipe(), runs).values()) == {True}
    assert (after.tokens, after.seconds) == (0, 0)


def test_only_what_a_change_touches_is_to_do(recipe: Recipe, arm: Callable, runs: Path) -> None:
    run(recipe(), runs=runs, workers=1)
    changed = recipe({"a": arm(), "b": arm("It is 7.\n#### 7", max_tokens=9)})
    assert states(changed, runs) == {
        "generate a": True,
        "score a": True,
        "generate b": False,
        "score b": False,
        "report": False,
    }


def test_a_plan_writes_nothing(recipe: Recipe, runs: Path) -> None:
    plan(recipe(), runs=runs)
    assert not runs.exists()


@pytest.mark.parametrize(
    ("limit", "problems"), [(None, 6), (1, 1), (4, 4), (6, 6), (7, 6), (10**9, 6)]
)
def test_the_limit_is_an_upper_bound(recipe: Recipe, limit: int | None, problems: int) -> None:
    sized = size_problems(recipe(), limit)
    assert {arm.scale.problems for arm in sized.arms.values()} == {problems}
    assert size_notes(sized)[0].startswith(f"{problems} problem{'s' * (problems > 1)}: ")


def zoo_arms(spec: RunSpec, budget: float | None, algorithms: list[str]) -> RunSpec:
    """The same recipe with real models in its arms and a time budget instead of a number."""
    like = spec.arms["a"].model_copy(
        update={
            "model": ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft"),
            "data": spec.arms["a"].data.model_copy(update={"test": 5000}),
            "scale": ScaleSpec(budget_seconds=budget),
        }
    )
    arms = {n: like.model_copy(update={"sampler": SamplerSpec(algorithm=n)}) for n in algorithms}
    return spec.model_copy(update={"arms": arms})


def problems(spec: RunSpec) -> int:
    sized = size_problems(spec, None)
    (found,) = {arm.scale.problems for arm in sized.arms.values()}
    return found


BUDGETS = [1, 20, 40, 80, 150, 300, 600]


def test_a_larger_budget_never_asks_for_fewer_problems(recipe: Recipe) -> None:
    found = [problems(zoo_arms(recipe(), budget, ["target", "draft"])) for budget in BUDGETS]
    assert found == sorted(found) and found[0] < found[-1]
    assert all(count % 32 == 0 and count >= 32 for count in found if count < 5000)


def test_more_arms_leave_fewer_problems_each(recipe: Recipe) -> None:
    few, many = ["target"], ["target", "draft", "speculative"]
    assert problems(zoo_arms(recipe(), 150, many)) < problems(zoo_arms(recipe(), 150, few))


def test_without_a_budget_every_problem_is_asked(recipe: Recipe) -> None:
    assert problems(zoo_arms(recipe(), None, ["target"])) == 5000


def test_the_same_command_asks_for_the_same_problems(recipe: Recipe) -> None:
    spec = zoo_arms(recipe(), 150, ["target", "speculative"])
    assert len({problems(spec) for _ in range(5)}) == 1


def test_a_recipe_that_asks_nothing_is_left_alone(recipe: Recipe) -> None:
    spec = recipe()
    bare = {name: arm.model_copy(update={"sampler": None}) for name, arm in spec.arms.items()}
    training = spec.model_copy(update={"arms": bare})
    assert size_problems(training, 3) == training
    assert size_notes(training) == ()


def test_a_plan_shows_what_its_stages_say_once(tmp_path: Path) -> None:
    words = ("recipe=scaling_gsm", "pool.draws=12", "scale.problems=40")
    text, _ = dry_run(*words, cwd=tmp_path)
    told = " ".join(text.split())
    assert told.count("a multiple of 8, such as 16, grows without") == 1  # of three pools
    assert told.count("at most 480 answers an arm, 280 if all agree") == 1
