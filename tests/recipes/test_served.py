"""`llmx serve` as a stranger uses it: a process, its recipe, curl and OpenAI's client."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

openai = pytest.importorskip("openai")
pytest.importorskip("uvicorn")
pytestmark = pytest.mark.slow

MODEL = "staircase_moa"
STREAMS = 64


class Served:
    """The process and what its clients see."""

    def __init__(self, port_line):
        self.process, self.url = port_line
        self.client = openai.OpenAI(base_url=self.url, api_key="none", max_retries=0, timeout=300)

    def ask(self, number, stream):
        asked = [{"role": "user", "content": f"What is {number} times 7?"}]
        return self.client.chat.completions.create(
            model=MODEL, messages=asked, stream=stream, max_tokens=24, seed=1
        )

    def whole(self, number):
        return self.ask(number, False).choices[0].message.content

    def streamed(self, number):
        chunks = list(self.ask(number, True))
        assert chunks[-1].choices[0].finish_reason
        return "".join(c.choices[0].delta.content or "" for c in chunks)

    def get(self, path):
        with urllib.request.urlopen(self.url.removesuffix("/v1") + path) as found:
            return found.read().decode()

    def metric(self, name):
        lines = self.get("/metrics").splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def start():
    words = ["serve", f"recipe={MODEL}", "scale=smoke", "--port", "0"]
    made = subprocess.Popen(
        [sys.executable, "-m", "llmx", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "200"},
    )
    assert made.stdout is not None
    line = made.stdout.readline()
    assert line.startswith(f"serving {MODEL} at http://127.0.0.1:"), line
    return made, line.split(" at ")[1].strip()


@pytest.fixture(scope="module")
def served():
    found = Served(start())
    yield found
    found.process.kill()
    found.process.wait()


def test_what_a_client_asks_first(served):
    assert json.loads(served.get("/health")) == {"status": "ok"}
    assert [model.id for model in served.client.models.list()] == [MODEL]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_curl_with_and_without_a_stream_says_the_same(served):
    body = {"model": MODEL, "seed": 1, "max_tokens": 24}
    body["messages"] = [{"role": "user", "content": "What is 3 times 7?"}]
    said = []
    for stream in (False, True):
        sent = json.dumps({**body, "stream": stream})
        kind = "Content-Type: application/json"
        line = ["curl", "-sN", f"{served.url}/chat/completions", "-H", kind, "-d", sent]
        said += [subprocess.run(line, capture_output=True, text=True, check=True).stdout]
    *events, done = [line for line in said[1].splitlines() if line]
    parts = [json.loads(line.removeprefix("data: "))["choices"][0]["delta"] for line in events]
    whole = json.loads(said[0])["choices"][0]["message"]["content"]
    assert done == "data: [DONE]" and whole
    assert "".join(part.get("content", "") for part in parts) == whole == served.whole(3)


def test_many_streams_say_what_each_says_alone_and_are_timed(served):
    before = served.metric("llmx_ttft_seconds_count")
    with ThreadPoolExecutor(STREAMS) as pool:
        together = list(pool.map(served.streamed, range(STREAMS)))
    assert served.metric("llmx_ttft_seconds_count") == before + STREAMS
    assert served.metric("llmx_piece_gap_seconds_count") > STREAMS
    assert together == [served.whole(number) for number in range(STREAMS)]
    assert len(set(together)) > STREAMS // 2  # the answers differ, so a mix-up would be seen


def test_who_leaves_is_counted_and_leaves_nothing_open(served):
    """On a busy machine a short answer may be over before its client is gone: another is asked."""
    left = 'llmx_requests_total{outcome="left"}'
    for _ in range(50):
        stream = served.ask(5, True)
        next(iter(stream))
        stream.close()
        end = time.time() + 60
        while served.metric("llmx_open_requests") and time.time() < end:
            time.sleep(0.05)
        assert served.metric("llmx_open_requests") == 0
        if served.metric(left):
            break
    assert served.metric(left) == 1


def test_a_stop_lets_streams_end(served):
    """The last of this file: it ends the process that all of them ask."""
    alone = [served.whole(number) for number in range(4)]
    streams = [served.ask(number, True) for number in range(4)]
    firsts = [next(iter(stream)) for stream in streams]
    served.process.send_signal(signal.SIGTERM)
    rest = ["".join(c.choices[0].delta.content or "" for c in stream) for stream in streams]
    assert all(first.choices[0].delta.role == "assistant" for first in firsts)
    assert rest == alone
    assert served.process.wait(30) in (0, -signal.SIGTERM)
