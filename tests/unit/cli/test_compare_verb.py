"""``llmx compare`` on real runs: names of runs and arms, and the names that mean nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

import llmx as package

Llmx = Callable[..., Result]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small runs of one recipe; the second greedy, with two seeds of its speculative arm."""
    folder = tmp_path_factory.mktemp("runs")
    small = ("scale=smoke", "sampler.max_tokens=60")
    for words in (
        ("arms=[target,sd]",),
        ("arms=[target,sd]", "sampler.temperature=0", "seed=0,1"),
    ):
        package.run("fsd_gsm8k", *small, *words, runs=folder, workers=1)
    return folder


@pytest.fixture
def names(runs: Path) -> tuple[str, str]:
    """The older and the newer run."""
    first, second = sorted(runs.glob("fsd_gsm8k-*"), key=lambda path: path.stat().st_mtime)
    return first.name, second.name


def test_two_arms_of_one_run(llmx: Llmx, runs: Path, names: tuple[str, str]) -> None:
    done = llmx("compare", f"{names[0]}:target", f"{names[0]}:sd", "--runs", str(runs))
    assert done.exit_code == 0, done.output
    assert "sd against target" in done.stdout
    assert "tokens/s" in done.stdout and "sampler.algorithm" in done.stdout


def test_the_newest_run_need_not_be_named_and_seeds_are_pooled(llmx: Llmx, runs: Path) -> None:
    done = llmx("compare", ":target", ":sd", "--runs", str(runs), "--json")
    (found,) = json.loads(done.stdout)["comparisons"]
    assert found["second"]["arm"] == "sd"
    measured = found["figures"]["figures"]
    of_sd = [one["seeds"] for one in measured if one["arm"] == "sd" and not one["against"]]
    assert of_sd and set(of_sd) == {2}
    one = llmx("compare", ":sd@seed=0", ":sd@seed=1", "--runs", str(runs), "--json")
    (seeds,) = json.loads(one.stdout)["comparisons"]
    assert [change["key"] for change in seeds["changed"]] == ["seed"]
    # Greedy decoding of one model: the seed changes nothing.
    assert seeds["layers"]["same_tokens"] == seeds["layers"]["samples"] == 4


def test_all_arms_of_two_runs(
    llmx: Llmx, runs: Path, names: tuple[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = llmx("compare", *names, "--runs", str(runs), "--out", str(out), "--flips", "0")
    assert done.exit_code == 0, done.output
    found = json.loads((out / "compare.json").read_text())["comparisons"]
    assert [pair["second"]["arm"] for pair in found] == ["target", "sd"]
    quantities = {one["quantity"] for pair in found for one in pair["figures"]["figures"]}
    assert "accuracy" in quantities
    assert not [one for one in quantities if "tokens/s" in one or "speed" in one]
    assert (out / "compare.html").exists()


def test_python_and_the_command_line_say_the_same(
    llmx: Llmx, runs: Path, names: tuple[str, str]
) -> None:
    done = llmx("compare", *names, "--runs", str(runs), "--json")
    assert json.loads(done.stdout) == json.loads(
        package.compare(*names, runs=runs).model_dump_json()
    )


# id, what is compared (0 and 1 stand for the runs), what the line must name
WRONG = [
    ("no such run", ["nothing:sd", "0:sd"], ["no run 'nothing'"]),
    ("no such arm", ["0:sd", "0:ds"], ["no scored arm 'ds'", "sd"]),
    ("no such seed", ["1:sd@seed=7", "1:sd"], ["sd@seed=7"]),
    ("a run and itself", ["0", "0"], ["compared with itself", ":target"]),
    ("an arm and itself", ["0:sd", "0:sd"], ["compared with itself", "name two arms"]),
    ("one name", ["0:sd"], ["RUN:ARM"]),
    ("negative flips", ["0:sd", "1:sd", "--flips", "-1"], ["--flips"]),
]


@pytest.mark.parametrize(
    ("words", "named"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_cannot_be_compared(
    llmx: Llmx, runs: Path, names: tuple[str, str], words: list[str], named: list[str]
) -> None:
    real = [f"{names[int(word[0])]}{word[1:]}" if word[0] in "01" else word for word in words]
    done = llmx("compare", *real, "--runs", str(runs))
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert [word for word in named if word not in line] == []


def test_without_a_run_it_says_so(llmx: Llmx) -> None:
    done = llmx("compare", ":sd", ":target")
    assert done.exit_code == 2 and "no finished run" in done.stderr
