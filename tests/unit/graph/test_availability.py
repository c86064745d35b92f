"""An arm whose traces cannot be had is left out and named; the others go on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.core.errors import DataError
from llmx.core.spec import ArmSpec, DataSpec, RunSpec, StageSpec
from llmx.runs.run import run
from llmx.store.files import read_json, read_lines

STAGES = (
    StageSpec(name="traces", kind="traces"),
    StageSpec(name="generate", kind="decode", needs=("traces",)),
    StageSpec(name="score", kind="score", needs=("generate",), options={"scorer": "mini_sudoku"}),
    StageSpec(
        name="verdicts",
        kind="verdicts",
        over="recipe",
        needs=("generate", "score"),
        options={
            "findings": [{"id": "f", "test": "more_accurate", "arms": ["k9"], "control": "k0"}]
        },
    ),
    StageSpec(name="report", kind="report", over="recipe", needs=("generate", "score", "verdicts")),
)


@pytest.fixture
def spec(recipe: Callable[..., RunSpec], arm: Callable[..., ArmSpec]) -> Callable[..., RunSpec]:
    def make(*asked: int) -> RunSpec:
        easy = {"generator": {"min_empty": 2, "max_empty": 3}, "sft": 8}
        arms = {
            f"k{k}": arm().model_copy(
                update={"data": DataSpec(kind="mini_sudoku", test=6, options={**easy, "k": k})}
            )
            for k in asked
        }
        return recipe(arms, stages=STAGES)

    return make


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_other_arms_go_on_and_reports_say_why(spec, runs: Path, workers: int) -> None:
    folder = run(spec(0, 9), runs=runs, workers=workers).folder.path
    results = read_json(folder / "results.json")
    assert [row["arm"] for row in results["rows"]] == ["k0"]
    said = "`k9` is not available: 0% of 8 mini_sudoku problems offer 9 backtracks, under half."
    assert results["findings"][0] == {"kind": "unavailable", "text": said}
    assert said in (folder / "report.md").read_text()
    assert said in (folder / "verdicts" / "verdicts.md").read_text()
    assert said.replace("`k9`", "") in (folder / "report.html").read_text().replace(
        "<code>k9</code>", ""
    )
    (verdict,) = read_json(folder / "verdicts" / "verdicts.json")["verdicts"]
    assert verdict["word"] != "shown here" and not verdict["numbers"]


def test_the_reason_is_kept_and_the_same_command_finds_it(spec, runs: Path, log) -> None:
    first = run(spec(0, 9), runs=runs, workers=1).folder
    again = run(spec(0, 9), runs=runs, workers=1, observer=log).folder
    assert again.name == first.name and not log.done
    assert not list(runs.rglob("*.partial"))


def test_an_arm_that_is_there_has_the_same_records_with_and_without_the_other(spec, tmp_path):
    both, alone = (
        run(spec(*asked), runs=tmp_path / str(len(asked)), workers=1).folder.path
        for asked in ((0, 9), (0,))
    )
    (found,) = (both / "generate").glob("**/samples.jsonl")
    (other,) = (alone / "generate").glob("**/samples.jsonl")
    assert read_lines(found) == read_lines(other)


def test_without_any_arm_left_it_is_an_error(spec, runs: Path) -> None:
    with pytest.raises(DataError, match=r"offer 9 backtracks, under half \(no other arm is left\)"):
        run(spec(9), runs=runs, workers=1)
