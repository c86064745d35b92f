"""docs/add-a-recipe.md is true: its files compose, its rules hold, its plugin runs."""

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

import pytest

from llmx.config.check import validate
from llmx.config.compose import compose
from llmx.core import registry
from llmx.core.errors import ConfigError
from llmx.runs.run import run

PAGE = Path(__file__).parents[2] / "docs" / "add-a-recipe.md"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def block(language: str, holding: str) -> str:
    (found,) = [text for kind, text in BLOCKS if kind == language and holding in text]
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The documented folder of recipes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files = {
        "decode/warmth.yaml": block("yaml", "name: warmth"),
        "decode/sums.yaml": block("yaml", "kind: longest"),
        "_groups/data/sums.yaml": block("yaml", "kind: sums"),
    }
    for name, text in files.items():
        path = tmp_path / "my-recipes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "my-recipes"


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """What installing the documented package does: its module and its entry points."""
    module = ModuleType("my_plugin")
    exec(block("python", "class Sums"), module.__dict__)
    monkeypatch.setitem(sys.modules, "my_plugin", module)
    lines = re.findall(r'"(\w+)\.(\w+)" = "(.+)"', block("toml", "llmx.plugins"))
    for family, kind, where in lines:
        monkeypatch.setitem(registry._known()[family], kind, where)


def test_the_recipe_is_valid_at_every_scale(folder: Path) -> None:
    assert set(validate("warmth", [folder])) == {"smoke", "laptop", "desk", "paper"}


def test_its_values_are_what_the_page_says(folder: Path) -> None:
    spec = compose("warmth", extra_paths=[folder])
    assert (spec.group, spec.reference) == ("decode", "target")
    assert {arm.sampler.max_tokens for arm in spec.arms.values()} == {96}
    assert [arm.sampler.temperature for arm in spec.arms.values()] == [0.6, 0.6, 1.0]
    assert {arm.scale.speed_rounds for arm in spec.arms.values()} == {5}


COMMANDS = re.findall(r"^llmx run recipe=warmth … (.+?)(?:   |$)", PAGE.read_text(), re.M)
ARMS = {
    "sampler.top_p=0.8": ["target", "sd", "sd_warm"],
    "'arms=[target,sd]'": ["target", "sd"],
    "sampler.gamma=3,5": ["target", *(f"{a}@gamma={g}" for a in ("sd", "sd_warm") for g in (3, 5))],
    "arms.sd_warm.sampler.temperature=1.2": ["target", "sd", "sd_warm"],
    "'arms.sd*.sampler.top_p=0.8'": ["target", "sd", "sd_warm"],
    "stages.generate.problems=8,16": [
        f"{a}@problems={n}" for a in ("target", "sd", "sd_warm") for n in (8, 16)
    ],
    "arms.sd.stages.generate.problems=8": ["target", "sd", "sd_warm"],
    "arms.sd.sampler.gamma=3,7": ["target", "sd@gamma=3", "sd@gamma=7", "sd_warm"],
    "stages.speed.problems=1": ["target", "sd", "sd_warm"],
    "engine=vllm": ["target", "sd", "sd_warm"],
}


@pytest.mark.parametrize("words", COMMANDS)
def test_the_overrides_of_the_page_do_what_it_says(folder: Path, words: str) -> None:
    spec = compose("warmth", [words.strip("' ")], extra_paths=[folder])
    assert list(spec.arms) == ARMS[words.strip()]


def test_every_kind_of_override_is_on_the_page() -> None:
    assert {words.strip() for words in COMMANDS} == set(ARMS)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("sampler.temperature=0.8", r"write arms\.sd_warm\.sampler\.temperature=0\.8"),
        ("sampler=greedy", "sampler is set by arm target, sd, sd_warm"),
        ("stages.speed.batch=8", "no stage has stages.speed.batch"),
        ("stages.speed.problems=1,2", "speed is over: recipe, arms share it"),
        ("+sampler.gamma=3", "write KEY=VALUE"),
        ("~sampler.gamma", "would remove a key"),
        ("data.seed=${oc.env:HOME}", "is refused"),
        ("sampler.gama=3", "did you mean sampler.gamma"),
    ],
)
def test_what_the_page_calls_refused_is_refused(folder: Path, words: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        compose("warmth", [words], extra_paths=[folder])


def test_another_key_may_be_referred_to(folder: Path) -> None:
    spec = compose("warmth", ["data.seed=${seed}", "seed=4"], extra_paths=[folder])
    assert {arm.data.seed for arm in spec.arms.values()} == {4}


def test_the_plugin_runs(folder: Path, plugin: None, tmp_path: Path) -> None:
    (tmp_path / "answers.json").write_text(json.dumps({"*": "1", "test-2": "longer"}))
    words = ["engine.kind=scripted", f"engine.script={tmp_path / 'answers.json'}"]
    runs = tmp_path / "runs"
    for count, longest in ((2, ["test-2", "test-0"]), (1, ["test-2"])):
        given = [*words, f"stages.longest.count={count}"]
        spec = compose("sums", given, scale="smoke", extra_paths=[folder])
        done = run(spec, runs=runs, workers=1).folder.path
        assert json.loads((done / "longest/greedy/longest.json").read_text()) == longest
    # greedy and sampled at two counts, but decoded once each
    assert len(list((runs / "cache/decode").glob("*/stage.json"))) == 2
    assert len(list((runs / "cache/longest").glob("*/stage.json"))) == 4


def test_the_documented_package_can_be_installed(tmp_path: Path) -> None:
    """As pip does it, with the build backend that is here; its entry points are those shown."""
    folder, target = tmp_path / "my-plugin", tmp_path / "installed"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(block("toml", "llmx.plugins"))
    (folder / "my_plugin.py").write_text(block("python", "class Sums"))
    words = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(target)]
    command = [sys.executable, "-m", "pip", "install", *words, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (found,) = distributions(name="my-plugin", path=[str(target)])
    assert found.version == "0.1" and (target / "my_plugin.py").is_file()
    assert {entry.name for entry in found.entry_points} == {"data.sums", "stage.longest"}
    assert {entry.group for entry in found.entry_points} == {"llmx.plugins"}


def test_the_page_knows_every_kind_of_stage() -> None:
    brought = {
        kind for room in registry.rooms() for family, kind in room.kinds if family == "stage"
    }
    assert _first_column("## The parts") == brought


def test_the_page_knows_every_kind_of_data_and_scorer() -> None:
    heading = "## Data, prompts and scorers"
    assert _first_column(heading) == set(registry.kinds("data"))
    section = PAGE.read_text(encoding="utf-8").partition(heading)[2].partition("\n## ")[0]
    named = set(re.findall(r"^- `(\w+)`: ", section, re.M))
    (any_data,) = re.findall(r"^- Scorers of any data \((.+?)\)", section, re.M)
    elsewhere = set(re.findall(r"`(\w+)`", any_data))
    assert named | elsewhere == set(registry.kinds("scorer")) and not named & elsewhere


def test_the_page_knows_every_test_of_a_statement() -> None:
    assert _first_column("## Statements and verdicts") == set(registry.kinds("test"))


def _first_column(heading: str) -> set[str]:
    _, _, after = PAGE.read_text(encoding="utf-8").partition(heading)
    section, _, _ = after.partition("\n## ")
    cells = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section, re.M)
    return {name.strip("`") for cell in cells for name in cell.split(", ")}
