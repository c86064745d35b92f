"""SIGTERM, SIGHUP and Ctrl-C end a run alike: what resumes it is printed, and nothing is lost."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from counts import count

import llmx.api as api
from llmx.cli.run import Stopped, resume_command, stopped_by_signals
from llmx.store.files import whole_lines

SIGNALS = [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_each_signal_prints_the_command_that_resumes(
    llmx, monkeypatch, request, number, code
) -> None:
    def stopped(*args: object, **flags: object) -> None:
        os.kill(os.getpid(), number)
        time.sleep(5)

    words = ["run", "recipe=fsd_gsm8k", "arms=[sd,target]", "-q", "--runs", "my runs"]
    words += ["--recipes", "my recipes", "--plugin", "stopped_kinds"]
    Path("my recipes").mkdir()
    Path("stopped_kinds").mkdir()
    Path("stopped_kinds/kinds.py").write_text('"""Nothing."""\n\nKINDS = {}\n')
    monkeypatch.setattr(api, "run", stopped)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/llmx", *words])
    # A suite in the background of a shell ignores Ctrl-C, and under nohup a hang-up.
    usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    outer = signal.signal(number, usual)
    request.addfinalizer(lambda: signal.signal(number, outer))
    before = signal.getsignal(number)
    done = llmx(*words)
    assert done.exit_code == code, done.output
    line = done.stderr.strip().splitlines()[-1]
    assert shlex.split(line.removeprefix("stopped; to resume: ")) == ["llmx", *words]
    assert signal.getsignal(number) == before


def test_what_deals_with_ctrl_c_deals_with_signals() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, stopped_by_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert isinstance(caught.value, Stopped) and caught.value.number == signal.SIGTERM


def test_who_calls_gets_the_handlers_back() -> None:
    before = [signal.getsignal(number) for number, _ in SIGNALS]
    with stopped_by_signals():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert [signal.getsignal(number) for number, _ in SIGNALS] == before


SLOW_END = """
import os, signal, time
from llmx.cli.run import stopped_by_signals
if {ignored}:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
with stopped_by_signals():
    try:
        print("up", flush=True)
        time.sleep(20)
        print("went on", flush=True)
    except KeyboardInterrupt:
        print("ending", flush=True)
        time.sleep(20)
"""


def begun(ignored: bool = False) -> subprocess.Popen:
    code = SLOW_END.format(ignored=ignored)
    if ignored:
        code = code.replace("sleep(20)", "sleep(1)", 1)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "up\n"
    return process


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGHUP])
def test_the_second_signal_ends_at_once(second: signal.Signals) -> None:
    process = begun()
    process.terminate()
    assert process.stdout and process.stdout.readline() == "ending\n"
    process.send_signal(second)
    assert process.wait(timeout=10) == -second


def test_who_ignores_a_closed_terminal_goes_on() -> None:
    process = begun(ignored=True)
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=10)
    assert out == "went on\n" and process.returncode == 0


@pytest.mark.parametrize(
    ("program", "start"),
    [
        ("/usr/local/bin/llmx", ["llmx"]),
        ("/a b/site-packages/llmx/__main__.py", [sys.executable, "-m", "llmx"]),
        ("/usr/lib/other/__main__.py", ["llmx"]),
    ],
)
def test_the_command_is_one_that_is_there(program: str, start: list[str]) -> None:
    words = ["run", "recipe=x", "sampler.stop=['a b']"]
    assert shlex.split(resume_command(words, program)) == [*start, *words]


def test_no_key_is_printed_into_a_log() -> None:
    assert "sk-12345" not in resume_command(["run", "recipe=x", "engine.api_key=sk-12345"])


COMMAND = [
    *(sys.executable, "-m", "llmx", "run", "recipe=gsm_answers", "scale=smoke"),
    *("scale.problems=24", "engine.batch_size=4"),
]


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["2", "1"][: count(1, 2)])
def test_a_scheduler_s_signal_ends_a_run_and_its_workers_and_loses_nothing(
    tmp_path: Path, workers: str
) -> None:
    env = {**os.environ, "LLMX_RUNS": str(tmp_path / "runs"), "OMP_NUM_THREADS": "1"}
    words = [*COMMAND, "--workers", workers]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    first = subprocess.Popen(words, env=env, start_new_session=True, **pipes)
    while not any(path.stat().st_size for path in tmp_path.rglob("samples.jsonl")):
        assert first.poll() is None, first.communicate()
        time.sleep(0.02)
    first.send_signal(signal.SIGTERM)
    _, told = first.communicate(timeout=30)
    assert first.returncode == 143, told
    assert told.splitlines()[-1] == f"stopped; to resume: {shlex.join(words)}"
    with pytest.raises(ProcessLookupError):
        os.killpg(first.pid, 0)  # nobody of its session is left
    kept = [line for path in tmp_path.rglob("samples.jsonl") for line in whole_lines(path)]
    assert kept
    again = subprocess.run(words, env=env, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    whole = tmp_path.glob("runs/*/*/*/samples.jsonl")
    assert set(kept) <= {line for path in whole for line in whole_lines(path)}
    (accesses,) = tmp_path.glob("runs/*/accesses.jsonl")
    outcomes = accesses.read_text()
    assert outcomes.index('"interrupted"') < outcomes.index('"finished"')
