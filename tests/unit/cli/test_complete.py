"""Completion through the shell's own protocol."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(autouse=True)
def theirs(tmp_path, monkeypatch):
    """A run, a folder of a model and a file of questions."""
    run = tmp_path / "runs" / "gsm_answers-1a2b"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}")
    (run / "spec.json").write_text('{"arms": {"greedy": {}, "sampled": {}}}')
    (tmp_path / "here" / "my-model").mkdir(parents=True)
    (tmp_path / "here" / "mine.jsonl").write_text("")
    monkeypatch.setenv("LLMX_RUNS", str(run.parent))
    monkeypatch.chdir(tmp_path / "here")


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
        (("run", "recipe", "=", "fsd_gsm8k", "arms.sd.sampler.ga"), "arms.sd.sampler.gamma="),
        (("run", "recipe", "=", "fsd_gsm8k", "arms.fsd_*.samp"), "arms.fsd_*.sampler.gamma="),
        (("run", "recipe", "=", "gsm_answers", "arms.*.stages.sc"), "arms.*.stages.score.scorer="),
        (("run", "recipe", "=", "fsd_gsm8k", "arms.fsd_h"), "arms.fsd_h_mid="),
        (("run", "recipe", "=", "fsd_gsm8k", "engine", "=", ""), "hf"),
        (("run", "recipe", "=", "fsd_gsm8k", "scale", "=", "sm"), "smoke"),
        (("run", "--dr"), "--dry-run"),
        (("run", "recipe", "=", "gsm_answers", "arms", "=", "["), "[greedy"),
        (("run", "recipe", "=", "gsm_answers", "arms", "=", "[greedy,sa"), "[greedy,sampled"),
        (("run", "recipe", "=", "gsm_answers", "arms", "=", "'[greedy,"), "'[greedy,sampled"),
        (("run", "recipe", "=", "gsm_answers", "data.options.path", "=", "mi"), "mine.jsonl"),
        (("run", "recipe", "=", "gsm_answers", "model.target", "=", "./my"), "./my-model/"),
        (("eval", "my-"), "my-model/"),
        (("eval", "my-model", "mi"), "mine.jsonl"),
        (("list", "sc"), "scorers"),
        (("report", "gsm"), "gsm_answers"),
        (("report", "gsm_answers-1"), "gsm_answers-1a2b"),
        (("runs", "rm", "g"), "gsm_answers-1a2b"),
        (("runs", "check", "g"), "gsm_answers-1a2b"),
        (("batches", "gsm"), "gsm_answers-1a2b"),
        (("batches", ":"), "greedy"),
        (("budget", "gsm"), "gsm_answers-1a2b"),
        (("compare", "gsm"), "gsm_answers-1a2b"),
        (("compare", "gsm_answers-1a2b", ":", "gr"), "greedy"),
        (("compare", "gsm_answers-1a2b", ":"), "greedy"),
        (("compare", ":"), "greedy"),
        (("serve", "recipe", "=", "staircase_m"), "staircase_moa"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_bash(words: tuple[str, ...], wanted: str) -> None:
    assert wanted in bash(*words)


def test_options_of_stages_over_the_recipe_are_no_arms() -> None:
    assert bash("run", "recipe", "=", "gsm_answers", "stages.report.ti") == ["stages.report.title="]
    assert bash("run", "recipe", "=", "gsm_answers", "arms.greedy.stages.report.ti") == []


def test_an_arm_that_is_in_the_list_is_not_offered_again() -> None:
    assert bash("run", "recipe", "=", "gsm_answers", "arms", "=", "[greedy,") == ["[greedy,sampled"]


def test_bash_answers_only_what_fits() -> None:
    assert bash("run", "recipe", "=", "zoo_g") == ["zoo_gsm", "zoo_gsm_direct"]
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


LINES = [
    ("llmx run recipe=fsd", ("run", "recipe", "=", "fsd")),
    ("llmx run recipe=fsd_gsm8k sampler.ga", ("run", "recipe", "=", "fsd_gsm8k", "sampler.ga")),
    ("llmx run recipe=fsd_gsm8k arms=", ("run", "recipe", "=", "fsd_gsm8k", "arms", "=")),
    ("llmx run recipe=fsd_gsm8k --limit 3 se", ("run", "--limit", "3", "se")),
    ("llmx describe fs", ("describe", "fs")),
    ("llmx reproduce ", ("reproduce", "")),
    ("llmx list ", ("list", "")),
    ("llmx report g", ("report", "g")),
    ("llmx runs rm ", ("runs", "rm", "")),
    ("llmx run recipe=nothing x", ("run", "recipe", "=", "nothing", "x")),
]
QUICK = """
import sys
from llmx.cli import main
main()
print("LOADED", *{name.partition(".")[0] for name in sys.modules})
"""
TYPER = """
from llmx.cli.app import app
from llmx.cli.complete import join_bash_words
join_bash_words()
app(prog_name="llmx")
"""


def asked(code: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True
    )
    return done.stdout


@pytest.mark.parametrize(("line", "words"), LINES, ids=[line for line, _ in LINES])
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_quick_answer_is_typers_and_does_without_it(
    shell: str, line: str, words: tuple[str, ...]
) -> None:
    environment = {
        "_LLMX_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "COMP_WORDS": "\n".join(("llmx", *words)),
        "COMP_CWORD": str(len(words)),
    }
    answer, _, loaded = asked(QUICK, environment).rpartition("LOADED")
    assert not set(loaded.split()) & {"typer", "pydantic", "hydra", "rich", "numpy"}
    assert answer.split() == asked(TYPER, environment).split()
