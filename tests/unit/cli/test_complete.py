"""Completion through the shell's own protocol."""

import os
import subprocess
import sys

import pytest


def bash(*words: str) -> list[str]:
    """Complete the last word, as bash asks: `=` is a word of its own."""
    environment = {
        **os.environ,
        "_LLMX_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(("llmx", *words)),
        "COMP_CWORD": str(len(words)),
    }
    code = "from llmx.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    return done.stdout.split()


def zsh(line: str) -> str:
    environment = {
        **os.environ,
        "_LLMX_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": line,
    }
    code = "from llmx.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("de",), "describe"),
        (("describe", "fsd"), "fsd_gsm8k"),
        (("run", "rec"), "recipe="),
        (("run", "recipe", "="), "fsd_gsm8k"),
        (("run", "recipe", "=", "fsd"), "fsd_gsm8k"),
        (("run", "recipe", "=", "fsd_gsm8k", "sampler.ga"), "sampler.gamma="),
        (("run", "recipe", "=", "fsd_gsm8k", "stages.sp"), "stages.speed.kind="),
        (("run", "recipe", "=", "fsd_gsm8k", "arms", "=", "fsd_h"), "fsd_h_mid"),
        (("run", "recipe", "=", "fsd_gsm8k", "engine", "=", ""), "hf"),
        (("run", "recipe", "=", "fsd_gsm8k", "scale", "=", "sm"), "smoke"),
        (("run", "--dr"), "--dry-run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_bash(words: tuple[str, ...], wanted: str) -> None:
    assert wanted in bash(*words)


def test_bash_answers_only_what_fits() -> None:
    assert bash("run", "recipe", "=", "zoo") == ["zoo_gsm"]
    assert bash("run", "recipe", "=", "nothing") == []


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("llmx run recipe=fsd", "recipe=fsd_gsm8k"),
        ("llmx run recipe=fsd_gsm8k sampler.ga", "sampler.gamma="),
        ("llmx run recipe=fsd_gsm8k scale=sm", "scale=smoke"),
    ],
)
def test_zsh(line: str, wanted: str) -> None:
    assert wanted in zsh(line)
