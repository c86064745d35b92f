"""`llmx run … engine=openai` from the outside: what it writes, what it repeats, how it stops."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loopback import Endpoint

pytestmark = pytest.mark.slow

SECRET = "sk-planted-5f3c0a9b7e"
PROBLEMS = 24


def command(endpoint, *words):
    return [
        *(sys.executable, "-m", "llmx", "run", "recipe=gsm_answers", "scale=smoke", "--quiet"),
        *("engine=openai", f"engine.base_url={endpoint.url}", "model.target=served"),
        *("model.draft=null", "arms=[greedy]", f"scale.problems={PROBLEMS}", *words),
    ]


def start(folder, endpoint, *words):
    env = {**os.environ, "LLMX_RUNS": str(folder / "runs"), "OPENAI_API_KEY": SECRET}
    return subprocess.Popen(
        command(endpoint, *words),
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder, endpoint, *words):
    process = start(folder, endpoint, *words)
    out, err = process.communicate(timeout=180)
    return process.returncode, out + err


def samples(folder):
    (path,) = (folder / "runs").glob("*/generate/greedy/samples.jsonl")
    return path.read_bytes()


def kept(folder):
    found = [*folder.rglob("samples.jsonl")]
    return max((len(path.read_bytes().splitlines()) for path in found), default=0)


def asked(endpoint):
    """Return questions as the endpoint saw them, without the url of this test."""
    return sum(endpoint.worked.values())


def test_the_key_is_sent_and_stands_nowhere(tmp_path):
    with Endpoint(key=SECRET, faults={"": ["429", "half"]}) as endpoint:
        code, said = run(tmp_path, endpoint)
        assert code == 0, said
        assert {headers["Authorization"] for headers in endpoint.headers} == {f"Bearer {SECRET}"}
        wrong = {"OPENAI_API_KEY": SECRET + "x"}
        env = {**os.environ, "LLMX_RUNS": str(tmp_path / "runs"), **wrong}
        words = command(endpoint, "seed=7")
        done = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, text=True)
        words.append("--debug")
        trace = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "401" in done.stderr and "engine.key_env" in done.stderr
    assert "Traceback" in trace.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 10
    told = (said, done.stdout, done.stderr, trace.stdout, trace.stderr)
    for text in (*told, *(path.read_bytes() for path in written)):
        assert (SECRET if isinstance(text, str) else SECRET.encode()) not in text


def test_after_a_kill_nothing_that_arrived_is_asked_again(tmp_path):
    (tmp_path / "calm").mkdir()
    (tmp_path / "rough").mkdir()
    with Endpoint() as endpoint:
        code, said = run(tmp_path / "calm", endpoint)
        assert code == 0, said
        wanted = samples(tmp_path / "calm")
    with Endpoint(delay=0.15) as endpoint:
        process = start(tmp_path / "rough", endpoint, "engine.batch_size=3")
        while kept(tmp_path / "rough") < 7 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        there = kept(tmp_path / "rough")
        assert 7 <= there < PROBLEMS
        code, said = run(tmp_path / "rough", endpoint, "engine.batch_size=3")
        assert code == 0, said
        assert samples(tmp_path / "rough") == wanted
        # Only what was in flight, and what was being written, may have been asked twice.
        assert PROBLEMS <= asked(endpoint) <= PROBLEMS + 4


def test_a_budget_ends_a_run_with_one_line_and_a_larger_one_goes_on(tmp_path):
    with Endpoint() as endpoint:
        words = ("sampler.max_tokens=80", "engine.batch_size=2")
        code, said = run(tmp_path, endpoint, *words, "engine.max_total_tokens=4000")
        assert code == 2 and "the budget is used up" in said and "Traceback" not in said
        before = asked(endpoint)
        assert 0 < before < PROBLEMS
        code, said = run(tmp_path, endpoint, *words, "engine.max_total_tokens=100000")
        assert code == 0, said
        assert asked(endpoint) == PROBLEMS
        (account,) = (tmp_path / "runs").glob("*/generate/greedy/engine.json")
        assert json.loads(account.read_text())["answers"] == PROBLEMS


def test_the_plan_says_what_it_costs_and_refuses_what_no_endpoint_can_do(tmp_path):
    with Endpoint() as endpoint:
        code, said = run(tmp_path, endpoint, "--dry-run", "engine.price_out=10")
        assert code == 0 and "answers cost at most" in said
        code, said = run(tmp_path, endpoint, "arms.greedy.sampler.algorithm=speculative")
        assert code == 2 and "has one model" in said
        assert endpoint.seen == []
    words = ("recipe=gsm_answers", "engine=openai", "model.target=served", "--dry-run")
    line = [sys.executable, "-m", "llmx", "run", *words]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "needs an address" in done.stderr
    assert not [path for path in Path(tmp_path).rglob("samples.jsonl")]
