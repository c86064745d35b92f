"""A toolset in a folder: its recipe acts in every form, is scored, reported and looked at again."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import llmx
from llmx.core.plugins import VARIABLE, use
from llmx.runs.result import RunResult

TOY = Path(__file__).parent / "toy" / "errands"
ARMS = ("control", "native", "json", "react", "plan")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The plugin, where nothing else is."""
    found = tmp_path_factory.mktemp("plugins") / TOY.name
    shutil.copytree(TOY, found, ignore=shutil.ignore_patterns("__pycache__"))
    yield found
    for name in [name for name in sys.modules if name.split(".")[0] == TOY.name]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(autouse=True)
def alone(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs)
    monkeypatch.setenv("LLMX_RUNS", str(runs))
    monkeypatch.setenv("LLMX_CACHE", str(runs / "user-cache"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def scripts(folder: Path, runs: Path) -> None:
    """What models would write who solve every problem, in each form."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "")
        use([folder])
        from errands.problems import errand
        from errands.shopper import script

        for kind in ARMS[1:]:
            held = script([errand(number) for number in range(1, 7)], kind)
            (runs / f"{kind}.json").write_text(json.dumps(held))


@pytest.fixture
def cli(folder: Path) -> Callable[..., Result]:
    from llmx.cli.app import app

    def call(*words: object) -> Result:
        given = [*map(str, words), "--plugin", str(folder)]
        return CliRunner().invoke(app, given, prog_name="llmx")

    return call


@pytest.fixture
def done(folder: Path, scripts: None) -> RunResult:
    return llmx.run("errands", "scale=paper", plugins=[folder], workers=1)


def lines(done: RunResult, arm: str, name: str) -> list[dict]:
    path = done.folder.path / "act" / arm / name
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_form_solves_the_problems_and_is_scored(done: RunResult) -> None:
    found = {row["arm"]: row["accuracy"]["estimate"] for row in done.results["rows"]}
    assert found == dict.fromkeys(ARMS, 1.0)
    assert (done.folder.path / "report.html").exists()


@pytest.mark.parametrize("arm", ARMS)
def test_every_turn_is_on_record(done: RunResult, arm: str) -> None:
    turns, episodes = lines(done, arm, "turns.jsonl"), lines(done, arm, "episodes.jsonl")
    samples = lines(done, arm, "samples.jsonl")
    assert len(episodes) == len(samples) == 6
    each = 1 if arm == "plan" else 6
    assert [turn["turn"] for turn in turns] == [*range(1, each + 1)] * 6
    assert sum(len(turn["calls"]) for turn in turns) == 36
    assert {one["ending"] for one in episodes} == {"submitted"}
    assert [one["answer"] for one in episodes] == [one["text"] for one in samples]
    assert [row["turn"] for row in lines(done, arm, "times.jsonl")] == [
        row["turn"] for row in turns
    ]
    for turn in turns:
        assert (turn["record"] is None) == (arm == "control")
        assert all(one["bytes"] == len(one["text"]) for one in turn["observations"])


def test_a_record_holds_the_chat_and_what_it_took(done: RunResult) -> None:
    (first, *_), turns = (
        lines(done, "native", "samples.jsonl"),
        lines(done, "native", "turns.jsonl"),
    )
    roles = [one["role"] for one in first["turns"]]
    assert roles == ["assistant", "tool"] * 6
    own = [turn["record"] for turn in turns if turn["id"] == first["id"]]
    assert first["cost"]["calls"] == first["rounds"] == 6
    assert first["cost"]["prompt"] == sum(len(one["prompt_ids"]) for one in own)
    assert first["completion_tokens"] == sum(len(one["completion_ids"]) for one in own)
    assert "Prices are in cents." in own[0]["prompt"]
    summary = json.loads((done.folder.path / "act/native/summary.json").read_text())
    assert summary["endings"] == {"submitted": 6} and summary["calls"] == 36


def test_an_episode_is_shown_in_the_terminal(cli, done: RunResult) -> None:
    shown = cli("transcript", f"{done.folder.name}:native", "errand-2")
    assert shown.exit_code == 0, shown.output
    assert 'calls: price({"fruit": "plum"})' in shown.output and "sees: r1 = " in shown.output
    assert shown.output.count("\nturn ") == 6
    answer = lines(done, "native", "episodes.jsonl")[1]["answer"]
    assert f"submitted: {answer}\n6 turns, 6 calls" in shown.output


@pytest.mark.parametrize("arm", ARMS)
def test_a_replay_asks_no_model_and_sees_the_same(cli, done: RunResult, arm: str) -> None:
    before = {path: path.read_bytes() for path in done.folder.path.glob("act/*/*")}
    again = cli("transcript", f":{arm}", "errand-3", "--replay")
    assert again.exit_code == 0, again.output
    assert "replayed without a model: 6 calls gave what they had given" in again.output
    assert {path: path.read_bytes() for path in done.folder.path.glob("act/*/*")} == before


def test_a_replay_whose_tools_say_something_else_says_so(cli, done: RunResult, monkeypatch) -> None:
    from errands.shop import Add, Shop

    from llmx.tools.tool import ToolResult

    with monkeypatch.context() as patch:
        patch.setattr(Add, "run", lambda tool, world: ToolResult("Ask me tomorrow."))
        again = cli("transcript", ":json", "errand-3", "--replay")
        assert again.exit_code == 2 and "turn 5 gave something else" in again.output
    monkeypatch.setattr(Shop, "version", 2)
    again = cli("transcript", ":json", "errand-3", "--replay")
    assert again.exit_code == 2 and "(1 then, 2 now)" in again.output


@pytest.mark.parametrize(
    ("name", "item", "says"),
    [
        (":native", "errand-77", "has no episode 'errand-77'"),
        (":naive", "errand-1", "no episodes of 'naive'"),
        ("", "errand-1", "has episodes of"),
        ("nothing:native", "errand-1", "no run 'nothing'"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(cli, done: RunResult, name, item, says) -> None:
    shown = cli("transcript", name or done.folder.name, item)
    assert shown.exit_code == 2 and says in shown.output
    assert shown.output.strip().count("\n") == 0
