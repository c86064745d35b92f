"""What the commands say of themselves and of a recipe, byte by byte.

After a change that is meant: LLMX_UPDATE_GOLDEN=1 pytest tests/golden/commands, then read the diff.
"""

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmx.cli.app import app

HERE = Path(__file__).parent
VERBS = sorted(one.name for one in app.registered_commands if one.name)
PLANNED = ("recipe=gsm_answers", "scale=smoke", "engine.kernel=torch")
WORDS = {
    "help": ("--help",),
    **{verb: (verb, "--help") for verb in VERBS},
    "runs": ("runs", "--help"),
    "described": ("describe", "gsm_answers"),
    "planned": ("run", *PLANNED, "--dry-run", "--workers", "1"),
    "unknown recipe": ("run", "recipe=gsm_answer"),
    "unknown setting": ("run", "recipe=gsm_answers", "sampler.temprature=1"),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_command_says_what_it_said(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    done = CliRunner().invoke(app, list(WORDS[name]), prog_name="llmx")
    lines = [line.rstrip() for line in f"{done.stdout}{done.stderr}".splitlines()]
    found = "\n".join([f"exit code {done.exit_code}", *lines, ""])
    found = re.sub(r"[\d.,]+ [GT]B free", "… free", found.replace(str(HERE.parents[2]), "…"))
    if name == "described":  # what rests on the forward that this machine has
        found = re.sub(r"(?<=\d)( +\S+ (s|min|h) +\S+ [kMG]?B| +not known)+", " …", found)
    path = HERE / f"{name.replace(' ', '_')}.txt"
    if os.environ.get("LLMX_UPDATE_GOLDEN"):
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


def test_every_golden_text_has_its_command():
    assert {path.stem for path in HERE.glob("*.txt")} == {name.replace(" ", "_") for name in WORDS}
