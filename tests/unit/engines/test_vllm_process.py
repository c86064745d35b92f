"""The worker process without vLLM: what it says, how it ends, and what is checked of a load."""

import io
import queue
import sys
import tempfile
from pathlib import Path

import pytest

from llmx.core.errors import EngineError
from llmx.core.progress import Silent
from llmx.core.record import Sample
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import ask
from llmx.engines.vllm.engine import AnswerListener, VllmEngine
from llmx.engines.vllm.pool import Pool, check
from llmx.engines.vllm.process import Process
from llmx.engines.vllm_plugin.register import DIE
from llmx.engines.vllm_server import serve

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")


def without_vllm(monkeypatch):
    """This interpreter may have vLLM: make its import fail in the worker."""
    folder = Path(tempfile.mkdtemp())
    (folder / "vllm.py").write_text("raise ModuleNotFoundError(\"No module named 'vllm'\")")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_an_interpreter_without_vllm_is_refused_in_one_line(monkeypatch):
    without_vllm(monkeypatch)
    engine = VllmEngine(PAIR, EngineSpec(kind="vllm", python=sys.executable))
    sampler = SamplerSpec(algorithm="speculative", max_tokens=8)
    request = ask(Sample(id="q", question="?", answer=""), "", sampler, 0)
    with pytest.raises(EngineError, match=r"has no vLLM.*make vllm-cpu"):
        list(engine.generate([request]))


def test_a_worker_ends_with_its_input_and_takes_its_log_along():
    process = Process(Path(sys.executable), threads=1)
    assert process.receive(0.1) is None
    process.close()
    assert process._process.returncode == 0
    assert not process.log.exists()
    with pytest.raises(EngineError, match="vLLM ended"):
        process.send("ask", requests=[], at_once=1)


class Told:
    """A process that loads what it is told to."""

    made: list["Told"] = []

    def __init__(self, python, threads):
        self.closed = False
        Told.made.append(self)

    def load(self, arguments, progress):
        config = arguments["additional_config"]["llmx"]
        return {"loaded": [{"vllm": "1", "rules": True, "config": config, "gamma": 0}]}

    def close(self):
        self.closed = True


@pytest.fixture
def pool(monkeypatch):
    monkeypatch.setattr(Told, "made", [])
    monkeypatch.setattr("llmx.engines.vllm.pool.Process", Told)
    return Pool()


def obtain(pool, **arguments):
    given = {"additional_config": {"llmx": {}}, **arguments}
    return pool.obtain(Path("python"), 1, given, Silent())[0]


def test_equal_arguments_share_an_engine_and_others_take_its_place(pool):
    first = obtain(pool, model="a")
    assert obtain(pool, model="a") is first
    second = obtain(pool, model="b")
    assert first.closed and not second.closed and pool.holds(second)


def test_a_measurement_holds_several_and_leaves_none(pool):
    before = obtain(pool, model="a")
    with pool.room_for(2):
        two = [obtain(pool, model=name) for name in "bc"]
        assert before.closed and not any(one.closed for one in two)
    assert all(one.closed for one in two) and pool.most == 1


def test_an_engine_that_loaded_something_else_is_ended(pool, monkeypatch):
    wrong = {"loaded": [{"vllm": "1", "rules": True, "config": {"threshold": 1}, "gamma": 0}]}
    monkeypatch.setattr(Told, "load", lambda *_: wrong)
    with pytest.raises(EngineError, match="told something else"):
        obtain(pool, model="a")
    assert Told.made[0].closed


WRONG = {
    "no rules": ({"rules": False}, "without llmx's rules.*pip install"),
    "another configuration": ({"config": None}, "told something else"),
    "another gamma": ({"gamma": 3}, "drafts 3 tokens"),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_what_vllm_loaded_is_compared_with_what_it_was_told(case):
    changed, told = WRONG[case]
    found = {"vllm": "0.32.0", "rules": True, "config": {}, "gamma": 5, **changed}
    arguments = {
        "additional_config": {"llmx": {}},
        "speculative_config": {"num_speculative_tokens": 5},
    }
    with pytest.raises(EngineError, match=told):
        check({"loaded": [found]}, arguments, Path("python"))


def test_events_of_a_request_go_to_who_listens_and_those_of_a_left_one_to_nobody():
    process, heard = Process(Path(sys.executable), threads=1), []
    process.listen("a", heard.append)
    mine, other = ({"event": "tokens", "key": key, "ids": [1]} for key in "ab")
    held = {"event": "held", "names": []}
    for event in (mine, other, {"event": "answer", "key": "b"}, held):
        process._pass_on(event)
    assert heard == [mine] and process.receive(5) == held and process.receive(0.05) is None
    process.silence("a")
    process._pass_on(mine)
    assert heard == [mine] and process.receive(0.05) is None
    process.close()


def test_two_who_wait_for_one_worker_by_turns_each_get_their_own():
    process = Process(Path(sys.executable), threads=1)
    one, two = AnswerListener(process, "ab"), AnswerListener(process, "c")
    for key in "cba":
        process._pass_on({"event": "answer", "key": key})
    assert [one.next()["key"], two.next()["key"], one.next()["key"]] == ["b", "c", "a"]
    process.close()
    for post in (one, two):
        with pytest.raises(EngineError, match="vLLM ended"):
            post.next()


def test_trouble_of_the_whole_worker_is_told_to_all_who_wait():
    process = Process(Path(sys.executable), threads=1)
    one, two = AnswerListener(process, "ab"), AnswerListener(process, "c")
    process.send("ask", requests="no list of requests")  # it can't follow that, and ends
    for post in (one, two):
        event = post.next()
        assert event["event"] == "error" and "at_once" in event["message"]
    two.close()
    process.close()


def test_who_listens_is_told_of_the_end_of_the_worker():
    process, heard = Process(Path(sys.executable), threads=1), queue.Queue()
    process.listen("a", heard.put)
    process.close()
    assert heard.get(timeout=60) is None and not process.alive
    process.listen("b", heard.put)  # too late, and not for ever
    assert heard.get(timeout=60) is None


def test_more_input_for_a_request_that_is_gone_is_an_error_of_that_request():
    """Taken for a new request it would be an answer to half a prompt."""
    process, heard = Process(Path(sys.executable), threads=1), queue.Queue()
    process.listen("a", heard.put)
    process.send("more", request={"key": "a", "prompt_ids": [1]}, resumable=True)
    event = heard.get(timeout=120)
    assert event["event"] == "error" and "waits for no more" in event["message"]
    process.close()


def test_a_server_ends_with_who_started_it_from_its_first_moment(monkeypatch):
    seen = []
    monkeypatch.setenv(DIE, "12")
    monkeypatch.setattr(serve, "end_with", seen.append)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(ValueError, match="Expecting value"):
        serve.main()
    assert seen == [12]
