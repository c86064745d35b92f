"""`vllm serve` as an engine: up, asked, refused with its own words, and gone afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import DATA
from test_left_behind import PATIENCE, alive

from llmx.core.errors import EngineError
from llmx.core.record import Part
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import ask
from llmx.data import load
from llmx.engines.hf import HfEngine
from llmx.engines.vllm_server.engine import VllmServerEngine
from llmx.engines.vllm_server.serve import flags
from llmx.engines.vllm_server.server import CAST

DRAFT = ModelSpec(target="zoo:gsm_draft")
OPTIONS = {"block_size": 32, "kv_cache_memory_bytes": 1 << 28}
GREEDY = SamplerSpec(algorithm="target", temperature=0, top_p=1, max_tokens=160)


def engine(options=None, **changes):
    """The same settings and pool as in the contracts, so one load serves both."""
    given = {**OPTIONS, **(options or {})}
    spec = EngineSpec(kind="vllm_server", batch_size=16, options=given, **changes)
    found = VllmServerEngine(DRAFT, spec)
    found.servers = CAST
    return found


def requests(count, sampler=GREEDY):
    return [ask(problem, "", sampler, 0) for problem in load(DATA, "test", count)]


@pytest.fixture(scope="module")
def served(vllm_python):
    found = engine()
    yield found, found.address()


def test_greedy_answers_are_those_of_our_own_loop(served):
    own = HfEngine(DRAFT, EngineSpec(batch_size=16))
    ours = [(r.prompt_ids, r.completion_ids, r.text, r.finish) for r in own.generate(requests(32))]
    theirs = served[0].generate(requests(32))
    assert [(r.prompt_ids, r.completion_ids, r.text, r.finish) for r in theirs] == ours


def test_an_answer_that_was_begun_goes_on_where_it_was_left(served):
    wholes, begun = list(served[0].generate(requests(8))), []
    own = HfEngine(DRAFT, EngineSpec(batch_size=16))
    for request, whole in zip(requests(8), wholes, strict=True):
        text = own.decoded(whole.completion_ids[: len(whole.completion_ids) // 2])
        begun.append(request.model_copy(update={"prefix": (Part(text=text),)}))
    theirs = [(r.prompt_ids, r.completion_ids, r.text) for r in served[0].generate(begun)]
    assert theirs == [(r.prompt_ids, r.completion_ids, r.text) for r in own.generate(begun)]
    for one, whole in zip(theirs, wholes, strict=True):
        assert one[0] + one[1] == whole.prompt_ids + whole.completion_ids


def test_one_attaches_to_a_server_that_runs(served, monkeypatch):
    _, address = served
    monkeypatch.setenv("VLLM_API_KEY", address.key)
    there = {"base_url": address.url, "key_env": "VLLM_API_KEY"}
    attached = list(engine(**there).generate(requests(4)))
    assert attached == list(served[0].generate(requests(4)))
    with pytest.raises(EngineError, match=r"does not serve 'another'.*zoo:gsm_draft"):
        list(engine(**there, served_model="another").generate(requests(1)))
    assert address.key not in str(attached)


def test_a_wrong_key_is_refused_and_not_repeated(served, monkeypatch):
    monkeypatch.setenv("VLLM_API_KEY", "wrong-key-1234")
    with pytest.raises(EngineError) as error:
        there = {"base_url": served[1].url, "key_env": "VLLM_API_KEY"}
        list(engine(**there).generate(requests(1)))
    assert "engine.key_env" in str(error.value)
    assert "401" in str(error.value) and "wrong-key-1234" not in str(error.value)


BAD = {
    "unknown option": ({"max_model_lenn": 128}, "engine.options.max_model_lenn.*max_model_len"),
    "refused value": ({"max_model_len": 10_000_000}, "max_model_len|max_position_embeddings"),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_server_that_does_not_start_says_why(vllm_python, case):
    options, text = BAD[case]
    with pytest.raises(EngineError, match=text) as error:
        engine(options=options).address()
    assert "\n" not in str(error.value)
    assert Path(str(error.value).rpartition("its log is ")[2].rstrip(")")).is_file()


def test_a_server_that_takes_too_long_is_ended(vllm_python):
    with pytest.raises(EngineError, match=r"not up after 2 s \(engine.start_timeout\)"):
        engine(start_timeout=2.0, options={"max_model_len": 320}).address()


SCRIPT = """
import json, time
from psutil import Process
from test_server import engine
engine().address()
print(json.dumps([one.pid for one in Process().children(recursive=True)]), flush=True)
time.sleep(600)
"""


def test_a_killed_run_leaves_no_server(vllm_python):
    here = Path(__file__).parent  # and what the tests share
    path = os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    started = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, env=env
    )
    assert started.stdout is not None
    below = json.loads(started.stdout.readline())
    assert len(below) >= 2 and all(map(alive, below))
    started.send_signal(signal.SIGKILL)
    started.wait()
    patience = time.monotonic() + PATIENCE
    while any(map(alive, below)) and time.monotonic() < patience:
        time.sleep(0.2)
    left = [pid for pid in below if alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def test_settings_become_flags():
    found = flags({"a_b": 1, "on": True, "off": False, "none": None, "name": "x", "deep": {"k": 1}})
    wanted = ["--a-b", "1", "--on", "--no-off", "--name", "x", "--deep", '{"k": 1}']
    assert list(found) == wanted
