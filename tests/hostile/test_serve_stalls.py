"""Others are answered beside the largest requests: none of them keeps the event loop for itself.

The real answerer, with two models and their tokenizer, is asked.
"""

import gc
import json
import threading

import pytest
from chat_server import serving
from stalls import stalls
from test_serve_memory import of_zoo
from test_serve_strangers import asked, chat, exchange, said

from llmx.serve.limits import LARGEST_BODY, Limits
from llmx.serve.memory import keep_what_is_loaded

pytest.importorskip("uvicorn")

BOUND = 0.05  # seconds
TEXT = "What is 12 + 5? " * (Limits().characters // 16)
# Each of 0.7 MB at least; what is long and under the limits reaches the tokenizer.
BODIES = {
    "a long text": (chat(messages=said(1, "x" * 700_000)), 400),
    "many messages": (chat(messages=said(18_001)), 400),
    "as much as is tokenised": (chat(messages=said(1, TEXT), pad="x" * 440_000), 400),
    "escapes": (chat(messages=said(1, "😀" * 58_000)), 400),
    "lists": (chat(pad=[[]] * 230_000), 400),
    "messages that are none": (chat(messages=[{}] * 170_000), 400),
    "numbers": (chat(pad=[1.5] * 140_000), 400),
    "halves of characters": (chat(pad="\ud83d" * 110_000), 400),
}


@pytest.fixture(scope="module")
def zoo():
    with serving(of_zoo()) as (_, port):
        assert exchange(port, asked(), 300).startswith(b"HTTP/1.1 200 ")  # its models load
        keep_what_is_loaded()
        yield port
        gc.unfreeze()


def test_no_large_request_keeps_the_event_loop(zoo):
    assert all(600_000 < len(body) <= LARGEST_BODY for body, _ in BODIES.values())
    found, kinds = {}, list(BODIES)

    def press(number):
        for name in kinds[number::4]:
            found[name] = exchange(zoo, asked(body=BODIES[name][0]), 300)

    crowd = [threading.Thread(target=press, args=(number,)) for number in range(4)]
    with stalls() as seconds:
        for one in crowd:
            one.start()
        while any(one.is_alive() for one in crowd):
            assert exchange(zoo, asked("GET", "/health"), 60).endswith(b'{"status":"ok"}')
        for one in crowd:
            one.join()
    statuses = {name: int(answer.split()[1]) for name, answer in found.items()}
    assert statuses == {name: status for name, (_, status) in BODIES.items()}
    assert len(seconds) > 100 and max(seconds) < BOUND


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_its_model_cannot_read_is_the_clients_to_shorten(zoo, stream):
    found = exchange(zoo, asked(body=chat(messages=said(1, "2 + 3? " * 400), stream=stream)), 60)
    assert found.startswith(b"HTTP/1.1 400 ")
    error = json.loads(found.partition(b"\r\n\r\n")[2])["error"]
    assert error["code"] == "context_length_exceeded" and error["param"] == "messages"
    assert error["type"] == "invalid_request_error" and "it knows 384 positions" in error["message"]
