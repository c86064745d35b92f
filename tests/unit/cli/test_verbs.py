"""What each verb prints, with the runner replaced where a run would be needed."""

import re
import resource
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from llmx import api
from llmx.cli.console import size
from llmx.cli.run import resume_command, split

Llmx = Callable[..., Result]
VERBS = [
    "run",
    "list",
    "describe",
    "validate",
    "runs",
    "runs rm",
    "runs gc",
    "runs check",
    "report",
    "doctor",
]


@pytest.mark.parametrize("verb", VERBS)
def test_help_ends_in_examples_that_name_known_flags(llmx: Llmx, verb: str) -> None:
    done = llmx(*verb.split(), "--help")
    assert done.exit_code == 0
    examples = re.findall(r"^ +(llmx .+)$", done.stdout.split("Examples:")[1], re.M)
    assert examples
    for example in examples:
        words = shlex.split(example)[1:]
        assert " ".join(words).startswith(verb) or words[0] == verb.split()[0]
        for flag in (word for word in words if word.startswith("--")):
            assert (
                flag in done.stdout.split("Options:")[1] or flag in llmx(words[0], "--help").stdout
            )


def test_list_shows_all_and_names_the_broken(llmx: Llmx) -> None:
    Path("recipes/align").mkdir(parents=True)
    Path("recipes/align/bad.yaml").write_text("arm: 1\n")
    done = llmx("list")
    assert done.exit_code == 0
    assert "fsd_gsm8k" in done.stdout and "zoo_gsm" in done.stdout
    assert "broken: recipes/align/bad.yaml:1: unknown key 'arm'" in done.stderr


def test_describe_shows_arms_evidence_and_deviations(llmx: Llmx) -> None:
    done = llmx("describe", "fsd_gsm8k")
    for word in ("llmx run recipe=fsd_gsm8k", "(a reference)", "fsd_h_mid", "assumed", "one-hot"):
        assert word in done.stdout


def test_describe_keys_lists_what_can_be_overridden(llmx: Llmx) -> None:
    done = llmx("describe", "fsd_gsm8k", "--keys")
    assert re.search(r"sampler\.gamma +5", done.stdout)
    assert re.search(r"engine\.batch_size +8", done.stdout)


def test_validate_names_every_scale(llmx: Llmx) -> None:
    done = llmx("validate", "fsd_gsm8k")
    assert done.stdout == "ok: fsd_gsm8k (desk, laptop, paper, smoke)\n"


def test_version(llmx: Llmx) -> None:
    assert re.fullmatch(r"llmx .+\n", llmx("--version").stdout)


def test_doctor_gives_the_line_to_paste(llmx: Llmx) -> None:
    from llmx.cli import doctor

    assert doctor._package("no-such-package", "pip install x") == (
        "no-such-package",
        "missing",
        "pip install x",
    )
    done = llmx("doctor")
    assert done.exit_code == 0
    for word in ("python", "torch", "transformers", "cores", "memory", "disk", "zoo:gsm_target"):
        assert word in done.stdout


def test_run_hands_the_spec_and_the_flags_to_the_runner(
    llmx: Llmx, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(api, "run", lambda spec, **flags: seen.append((spec, flags)))
    monkeypatch.setattr("llmx.cli.result.show_result", lambda result: None)
    words = ["recipe=fsd_gsm8k", "scale=smoke", "arms=[sd]", "--limit", "3", "--runs", "r", "-q"]
    done = llmx("run", *words, "--workers", "2")
    assert done.exit_code == 0, done.output
    [(spec, flags)] = seen
    assert (spec.scale, list(spec.arms)) == ("smoke", ["sd"])
    assert flags == {
        "runs": Path("r"),
        "limit": 3,
        "observer": None,
        "workers": 2,
        "ask_again": False,
        "elsewhere": None,
    }


def test_a_plan_is_of_the_processes_that_are_asked_for(llmx: Llmx) -> None:
    words = ["recipe=backtracking_countdown", "engine.device=cpu", "--dry-run", "--runs", "r"]
    for number, said in ((1, "in one process"), (3, "in 3 processes")):
        done = llmx("run", *words, "scale.limit_minutes=null", "--workers", str(number))
        assert done.exit_code == 0 and said in done.stdout
    refused = llmx("run", *words, "scale.limit_minutes=0.1", "--workers", "3")
    assert refused.exit_code == 2 and "allows 0.1" in refused.stderr


def test_the_observer_has_every_call_that_the_runner_makes(capsys: Any) -> None:
    from llmx.cli.progress import watching
    from llmx.graph.observer import Observer

    with watching(quiet=False) as observer:
        assert observer is not None
        calls = [name for name in vars(Observer) if not name.startswith("_")]
        assert [name for name in calls if not hasattr(observer, name)] == []
        observer.planned(3, 1)
        bar = observer.started("generate [sd]")
        bar.start(4, 1)
        bar.advance()
        bar.note("12 tokens/s")
        observer.finished("generate [sd]", 1.25)
        observer.reused("score [sd]")
        observer.waiting("score [fsd]", 7, 1, 4)
        observer.finished("score [fsd]", 2.0)
    lines = [line.split()[1:6] for line in capsys.readouterr().err.splitlines()]
    assert ["done", "generate", "[sd]", "1.2", "s,"] in lines


def test_ctrl_c_prints_the_command_that_resumes(
    llmx: Llmx, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object, **flags: object) -> None:
        raise KeyboardInterrupt

    words = ["run", "recipe=fsd_gsm8k", "arms=[sd,target]", "sampler.gamma=3"]
    monkeypatch.setattr(api, "run", stop)
    monkeypatch.setattr(sys, "argv", ["llmx", *words])
    done = llmx(*words)
    assert done.exit_code == 130
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("stopped; to resume: ")
    assert shlex.split(last.split("to resume: ")[1]) == ["llmx", *words]


def test_the_command_that_resumes_is_quoted_for_a_shell() -> None:
    words = [
        "run",
        "recipe=fsd_gsm8k",
        "arms=[sd,fsd]",
        "sampler.stop=['a b']",
        "--runs",
        "my runs",
    ]
    assert shlex.split(resume_command(words)) == ["llmx", *words]


def test_split_keeps_the_order_of_overrides() -> None:
    assert split(["a=1", "recipe=x", "b=2"]) == ("x", ["a=1", "b=2"])


@pytest.mark.parametrize(
    ("given", "variable", "folder"),
    [(None, None, "runs"), (None, "elsewhere", "elsewhere"), ("here", "elsewhere", "here")],
)
def test_the_runs_folder(
    given: str | None, variable: str | None, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable:
        monkeypatch.setenv("LLMX_RUNS", variable)
    assert api.runs_folder(given) == Path(folder)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2e6, "2.0 MB"), (3e13, "30.0 TB")],
)
def test_sizes(count: float, text: str) -> None:
    assert size(count) == text


def test_runs_of_an_empty_folder(llmx: Llmx) -> None:
    assert llmx("runs").stdout == "no runs yet\n"
    assert llmx("runs", "gc").exit_code == 0


def test_python_dash_m_is_the_command() -> None:
    words = [sys.executable, "-m", "llmx", "--version"]
    assert subprocess.run(words, capture_output=True, text=True).stdout.startswith("llmx ")


def test_calling_the_package_runs_a_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    import llmx

    seen: list[Any] = []
    monkeypatch.setattr("llmx.runs.run.run", lambda spec, **flags: seen.append((spec, flags)))
    import llmx.core.stage  # the package keeps its modules

    llmx.run("fsd_gsm8k", "scale=smoke", "arms=[sd]", limit=2)
    assert llmx.core.stage.Cost().samples == 0
    [(spec, flags)] = seen
    assert (spec.scale, list(spec.arms)) == ("smoke", ["sd"])
    assert (flags["runs"], flags["limit"]) == (Path("runs"), 2)


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--help"], ["list"]], ids=["help", "list"])
def test_start_up_is_quick(words: list[str]) -> None:
    """Processor time, as a busy machine must not fail this and a heavy import must."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(3):
        subprocess.run([sys.executable, "-m", "llmx", *words], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used / 3 < 1.2  # torch alone takes twice that; 0.7 here, on a busy machine 0.9
