"""docs/your-data.md is true: its commands run on its files, its table is the options'."""

import re
import shlex
from pathlib import Path

import datasets
import huggingface_hub
import pytest
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.core.options import described
from llmx.data import hub as data_hub
from llmx.data.own_dataset import HubOptions
from llmx.data.own_file import FileOptions
from llmx.data.own_rows import RowsOptions

PAGE = (Path(__file__).parents[2] / "docs" / "your-data.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.M | re.S))
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
COMMIT = "c" * 40


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the page's files, and a hub that has every dataset."""

    class Hub:
        def dataset_info(self, repository, revision=None):
            return type("Info", (), {"sha": COMMIT})

    def load_dataset(repository, configuration, *, split, revision, trust_remote_code):
        return [{"question": f"{n} + {n}?", "answer": f"So #### {2 * n}"} for n in range(5)]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(data_hub, "go_offline_if_unreachable", lambda: None)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def typed(command: str, *more: str):
    words = shlex.split(command.replace("COMMIT", COMMIT))
    assert words[0] == "llmx"
    return CliRunner().invoke(app, [*words[1:], "--runs", "runs", *more], prog_name="llmx")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_plans_as_many_problems_as_there_are_rows(here, command):
    done = typed(command, "--dry-run")
    assert done.exit_code == 0, done.output
    split = "split_column" in command or "splits=" in command
    rows = 2 if split or "facts" in command else 5 if "data=hub" in command else 4
    assert re.search(rf"generate answers +to do +{rows} ", done.output), done.output
    assert f"test has {rows} rows" in " ".join(done.output.split())


def test_the_table_of_options_is_that_of_their_models():
    table = PAGE.partition("## All options")[2]
    shown = re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\| (.*?)(?:; of .*)? \|$", table, re.M)
    known = {one.name: one for model in (FileOptions, HubOptions) for one in described(model)}
    del known["content"]  # which llmx itself fills in
    assert {name for name, _, _ in shown} == known.keys()
    for name, default, about in shown:
        required = name in ("path", "repository")
        written = "" if required else known[name].default.replace("\n", "\\n")
        assert (default, about) == (written, known[name].about), name
    assert len(described(RowsOptions)) == len(shown) - 5


def test_a_file_of_ones_own_is_asked_scored_and_known_by_its_content(here):
    """The whole way, on the model that ships; the same file elsewhere is the same work."""
    words = "scale=smoke sampler.max_tokens=24 --workers 1"
    command = f"{COMMANDS[0]} {words} data.options.split_column=part data.options.shots=2"
    done = typed(command)
    assert done.exit_code == 0, done.output
    (run,) = (here / "runs").glob("evaluate-*")
    asked = (run / "generate" / "answers" / "samples.jsonl").read_text().split("\n")[:-1]
    assert len(asked) == 2
    for line, count in zip(asked, (3, 12), strict=True):
        below = line.index(f"{count} apples" if count == 3 else f"{count} eggs")
        assert 0 < line.index("10 pens") < below and 0 < line.index("9 seats") < below
    (here / "mine.jsonl").rename(here / "moved.jsonl")
    again = typed(command.replace("mine.jsonl", "moved.jsonl"), "--dry-run")
    assert "4 stages, 4 done already" in again.output, again.output
