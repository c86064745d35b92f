"""Clients that are slow, silent or many: each is ended after its time, and the rest are served."""

import contextlib
import socket
import threading
import time

import pytest
from chat_server import Echo, serving
from ensembles import GREEDY, cast, ensemble
from test_serve_strangers import asked, chat, exchange, said, status

from llmx.serve.answerer import EnsembleAnswerer
from llmx.serve.limits import Limits

pytest.importorskip("uvicorn")

SHORT = Limits(header_seconds=0.5, body_seconds=0.5, reader_seconds=0.5)
HALF_HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
AGAIN = asked(connection=None)
HALF_BODY = asked(body=b"").replace(b"content-length: 0", b"content-length: 90") + b'{"model'


def connect(port, sent=b""):
    made = socket.create_connection(("127.0.0.1", port), timeout=10)
    made.sendall(sent)
    return made


def rest(made):
    """Return all that still comes, up to the end of the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := made.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def metric(server, name, **labels):
    return server.service.metrics.registry.get_sample_value(name, labels) or 0


def settled(condition, seconds=20):
    end = time.time() + seconds
    while not condition() and time.time() < end:
        time.sleep(0.02)
    return condition()


@pytest.fixture(scope="module")
def short():
    with serving(Echo(), limits=SHORT) as (server, port):
        yield server, port


@pytest.mark.parametrize(
    ("before", "sent", "reason"),
    [(b"", HALF_HEAD, "head"), (b"", HALF_BODY, "body"), (AGAIN, HALF_HEAD, "head")],
)
def test_half_a_request_is_told_that_it_is_late(short, before, sent, reason):
    server, port = short
    ended = metric(server, "llmx_connections_ended_total", reason=reason)
    with connect(port, before) as made:
        if before:
            assert made.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        made.sendall(sent)
        assert settled(lambda: metric(server, "llmx_half_open_connections") == 1)
        found = rest(made)
    assert b"HTTP/1.1 408 " in found and found.endswith(b"}}")
    assert metric(server, "llmx_connections_ended_total", reason=reason) == ended + 1
    assert settled(lambda: metric(server, "llmx_connections") == 0)


@pytest.mark.parametrize(
    ("half", "reason"), [(HALF_HEAD, "head"), (HALF_BODY, "body"), (b"P", "head")]
)
def test_half_a_request_behind_a_whole_one_is_told_the_same(short, half, reason):
    server, port = short
    ended = metric(server, "llmx_connections_ended_total", reason=reason)
    with connect(port, AGAIN + half) as made:
        assert settled(lambda: metric(server, "llmx_half_open_connections") == 1)
        found = rest(made)
    assert found.startswith(b"HTTP/1.1 200 ") and found.count(b"HTTP/1.1 408 ") == 1
    assert found.endswith(b"}}")
    assert metric(server, "llmx_connections_ended_total", reason=reason) == ended + 1


def test_a_body_that_came_after_its_answer_is_no_half_of_the_next_request(short):
    early = asked("GET", "/health", content_length=2, connection=None)
    with connect(short[1], early) as made:
        found = b""
        while not found.endswith(b'{"status":"ok"}'):
            found += made.recv(1 << 16) or pytest.fail(repr(found))
        made.sendall(b"ab")
        assert rest(made) == b""


def test_a_connection_that_says_nothing_ends_without_a_word(short):
    with connect(short[1]) as made:
        assert rest(made) == b""


@pytest.mark.parametrize("sent", [HALF_HEAD, HALF_BODY])
def test_a_byte_now_and_then_is_no_reason_to_wait(short, sent):
    with connect(short[1], sent) as made:
        began, ended = time.time(), threading.Event()

        def trickle():
            with contextlib.suppress(OSError):
                while not ended.wait(0.05):
                    made.sendall(b"x")

        writer = threading.Thread(target=trickle)
        writer.start()
        found = rest(made)
        ended.set()
        writer.join()
    assert b" 408 " in found or found == b""  # reset: it wrote when all was over
    assert time.time() - began < 10


def test_a_body_that_trickles_after_its_answer_is_ended_too(short):
    late = asked(path="/metrics", body=b"", connection=None)
    with connect(short[1], late.replace(b"content-length: 0", b"content-length: 90")) as made:
        assert rest(made).startswith(b"HTTP/1.1 4")


def test_half_requests_keep_nobody_from_an_answer(short):
    with contextlib.ExitStack() as stack:
        for number in range(100):
            stack.enter_context(connect(short[1], HALF_BODY if number % 2 else HALF_HEAD))
        assert status(short[1], asked()) == (200, None)


def test_a_reader_that_takes_nothing_is_ended_and_everything_upstream_with_it():
    answerer = Echo()
    with serving(answerer, limits=SHORT) as (server, port):
        body = chat(stream=True, messages=said(1, "!long"))
        made = connect(port, asked(body=body))
        assert settled(lambda: metric(server, "llmx_connections_ended_total", reason="reader") == 1)
        assert settled(lambda: answerer.open == 0)
        assert settled(lambda: metric(server, "llmx_connections") == 0)
        assert metric(server, "llmx_requests_total", outcome="left") == 1
        made.close()


def test_a_reader_that_is_slow_and_reads_is_waited_for():
    answerer = Echo()
    with serving(answerer, limits=Limits(reader_seconds=2)) as (server, port):
        made = connect(port, asked(body=chat(stream=True, messages=said(1, "!long"))))
        end = time.time() + 5
        while time.time() < end:
            assert made.recv(1 << 20)
            time.sleep(0.2)
        assert metric(server, "llmx_connections_ended_total", reason="reader") == 0
        made.close()


def test_a_stream_whose_speakers_are_slow_is_no_slow_reader():
    with serving(Echo(delay=0.8), limits=SHORT) as (_, port):
        assert b"[DONE]" in exchange(port, asked(body=chat(stream=True)))


def test_who_waits_longest_makes_room():
    with serving(Echo(), limits=Limits(connections=4)) as (server, port):
        made = []
        for _ in range(6):
            made += [connect(port, HALF_HEAD)]
            time.sleep(0.15)  # the server looks at its connections ten times a second
        assert rest(made[0]) == rest(made[1]) == b""
        assert status(port, asked()) == (200, None)
        assert settled(lambda: metric(server, "llmx_connections") <= 4)
        assert metric(server, "llmx_connections_ended_total", reason="room") == 3
        for one in made:
            one.close()


def test_answers_under_way_make_no_room():
    answerer = Echo(delay=0.1)
    with serving(answerer, limits=Limits(connections=2)) as (_, port):
        sent = asked(body=chat(stream=True, messages=said(1, "a " * 40)))
        streams = [connect(port, sent), connect(port, sent)]
        assert settled(lambda: answerer.open == 2)
        found = exchange(port, b"")
        assert found.startswith(b"HTTP/1.1 503 ") and found.endswith(b"}}")
        assert all(b"[DONE]" in rest(stream) for stream in streams)


def test_a_conversation_is_made_turns_once_for_all_requests(monkeypatch):
    from llmx.dialogue import listener

    made, turns_of = [], listener.turns_of
    monkeypatch.setattr(listener, "turns_of", lambda found: made.append(1) or turns_of(found))
    with serving(EnsembleAnswerer("echo", ensemble(), cast(), GREEDY, 0)) as (_, port):
        assert status(port, asked()) == (200, None)
    assert len(made) == 1
