"""The line that installs what is missing is one for the interpreter that is running."""

import shlex
import sys
from pathlib import Path

import pytest

from llmx.core import install


def test_the_command_names_this_interpreter():
    assert shlex.split(install.pip_install("a==1", "b"))[1:] == [
        "-m",
        "pip",
        "install",
        "a==1",
        "b",
    ]
    assert shlex.split(install.pip_install("a"))[0] == sys.executable


@pytest.mark.parametrize("place", ["checkout", "a place with spaces", "it's"])
def test_it_can_be_pasted_whatever_the_paths_hold(tmp_path, monkeypatch, place):
    (tmp_path / place).mkdir()
    (tmp_path / place / "pyproject.toml").touch()
    monkeypatch.setattr(install, "_CHECKOUT", tmp_path / place)
    monkeypatch.setattr(sys, "executable", str(tmp_path / place / "bin/python"))
    words = shlex.split(install.with_extra("train"))
    assert words[0] == str(tmp_path / place / "bin/python")
    assert words[-2:] == ["-e", f"{tmp_path / place}[train]"]


def test_an_installed_llmx_takes_the_distribution(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "_CHECKOUT", tmp_path)
    assert shlex.split(install.with_extra("hub"))[-1] == "llmx-lab[hub]"


def test_no_hint_names_a_pip_of_somewhere_else():
    root = Path(str(install.__file__)).parents[1]
    bare = [
        f"{path.name}: {line.strip()}"
        for path in root.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "pip install" in line and "-m pip" not in line
    ]
    assert bare == []
