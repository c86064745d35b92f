"""Who may ask the server: names, pages, keys, types of bodies; and what broken HTTP is told."""

import asyncio
import contextlib
import json
import socket

import pytest
from chat_server import Echo, serving

from llmx.core.errors import ConfigError
from llmx.serve.access import Access, key_in
from llmx.serve.body import drained
from llmx.serve.limits import LARGEST_BODY, LARGEST_DRAIN, Limits
from llmx.serve.refusal import Refusal

pytest.importorskip("uvicorn")

KEY = "sk-of-this-test-0123456789"
PAGE = "https://chat.example"
BODY = {"model": "echo", "messages": [{"role": "user", "content": "one two"}]}
JSON = "application/json"


def exchange(port, sent, seconds=10.0):
    """Send bytes and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as made:
        with contextlib.suppress(OSError):  # refused in the middle: the answer can still be read
            made.sendall(sent)
        parts = []
        try:
            while part := made.recv(1 << 16):
                parts.append(part)
        except (TimeoutError, ConnectionResetError):
            parts.append(b" UNFINISHED")
    return b"".join(parts)


def asked(verb="POST", path="/v1/chat/completions", body=None, kind=JSON, **headers):
    """Return a request as bytes; `host=None` leaves one out."""
    body = json.dumps(BODY).encode() if body is None and verb == "POST" else body or b""
    given = {"host": "127.0.0.1", "connection": "close", **headers}
    if verb == "POST":
        given |= {"content-length": len(body), **({"content-type": kind} if kind else {})}
    lines = [
        f"{name.replace('_', '-')}: {text}" for name, text in given.items() if text is not None
    ]
    return "\r\n".join([f"{verb} {path} HTTP/1.1", *lines, "", ""]).encode() + body


def status(port, sent):
    """Return the status, and the error's code where there is one."""
    head, _, body = exchange(port, sent).partition(b"\r\n\r\n")
    found = int(head.split()[1])
    if found < 400:
        return found, None
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return found, error["code"]


@pytest.fixture(scope="module")
def plain():
    with serving(Echo()) as (server, port):
        yield server, port


@pytest.fixture(scope="module")
def guarded():
    access = Access.of(["box.example", "[fd00::1]"], [PAGE], KEY)
    with serving(Echo(), access=access) as (server, port):
        yield server, port


PATHS = [("POST", "/v1/chat/completions"), ("GET", "/metrics"), ("GET", "/v1/models")]


@pytest.mark.parametrize(("verb", "path"), [*PATHS, ("GET", "/health"), ("GET", "/nowhere")])
@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("0.0.0.0", "10.1.2.3", "[::2]", "127.0.0.1@evil.example", "127.0.0.1/", "2130706433"),
        *("", "a" * 2000, "box.example", "*", "127.0.0.1, evil.example", "127.0.0.1:99999999"),
    ],
)
def test_a_name_that_is_not_ours_is_refused_on_every_path(plain, verb, path, host):
    assert status(plain[1], asked(verb, path, host=host)) == (403, "host_not_allowed")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:1", "localhost", "LOCALHOST.:8000", "[::1]:80", "127.9.9.9"]
)
def test_loopback_by_any_of_its_names_is_answered(plain, host):
    assert status(plain[1], asked(host=host)) == (200, None)


@pytest.mark.parametrize("host", ["box.example", "Box.Example:8000", "[FD00::1]:8000"])
def test_a_name_that_is_allowed_is_answered(guarded, host):
    sent = asked(host=host, authorization=f"Bearer {KEY}")
    assert status(guarded[1], sent) == (200, None)


def test_the_address_that_was_reached_is_a_name_of_ours():
    scope = {"type": "http", "path": "/", "headers": [(b"host", b"192.168.1.5:8000")]}
    Access().check_address({**scope, "server": ("192.168.1.5", 8000)})
    Access().check_address({**scope, "server": ("::ffff:192.168.1.5", 8000)})
    for reached in (("192.168.1.6", 8000), None, ("/a/socket", None)):
        with pytest.raises(Refusal, match="allow-host"):
            Access().check_address({**scope, "server": reached})


def test_a_request_without_a_host_or_with_two_is_refused(plain):
    two = asked(host="127.0.0.1").replace(b"\r\n", b"\r\nhost: evil.example\r\n", 1)
    assert status(plain[1], two)[0] == 400
    assert status(plain[1], asked(host=None))[0] == 400
    assert status(plain[1], b"GET /metrics HTTP/1.0\r\n\r\n") == (403, "host_not_allowed")


@pytest.mark.parametrize(("verb", "path"), [*PATHS, ("GET", "/health"), ("OPTIONS", "/metrics")])
@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1", "", "https://chat.example.evil.example"],
)
def test_pages_are_refused_unless_they_are_allowed(plain, guarded, verb, path, origin):
    key = f"Bearer {KEY}"
    for _, port in (plain, guarded):
        sent = asked(verb, path, origin=origin, authorization=key)
        assert status(port, sent) == (403, "origin_not_allowed")


def test_a_page_that_is_allowed_may_ask_and_read(guarded):
    port, key = guarded[1], f"Bearer {KEY}"
    ahead = asked(
        "OPTIONS",
        origin=PAGE,
        access_control_request_method="POST",
        access_control_request_headers="authorization, content-type",
    )
    for sent in (ahead, asked(origin=PAGE, authorization=key), asked(origin=PAGE)):
        head = exchange(port, sent).partition(b"\r\n\r\n")[0].lower()
        assert f"access-control-allow-origin: {PAGE}".encode() in head
    assert status(port, asked(origin=PAGE)) == (401, "invalid_api_key")


@pytest.mark.parametrize(("verb", "path"), [*PATHS, ("GET", "/nowhere")])
@pytest.mark.parametrize(
    "given",
    [
        *(
            None,
            "",
            "Bearer",
            "Bearer ",
            KEY,
            f"Basic {KEY}",
            f"Bearer {KEY}x",
            f"Bearer {KEY[:-1]}",
        ),
        *(f"Bearer {KEY.upper()}", "Bearer \xe4", f"Bearer {KEY} {KEY}", "Bearer " + "x" * 9000),
    ],
)
def test_without_the_key_nothing_is_said_on_any_path(guarded, verb, path, given):
    sent = asked(verb, path, authorization=given).replace("\xe4".encode(), b"\xe4")
    found = exchange(guarded[1], sent)
    assert found.startswith(b"HTTP/1.1 401 ") and b"www-authenticate: bearer" in found.lower()
    assert KEY.encode() not in found and b"llmx_" not in found and b"owned_by" not in found


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_with_the_key_all_paths_are_open(guarded, scheme):
    for verb, path in PATHS:
        sent = asked(verb, path, authorization=f"{scheme} {KEY}")
        assert status(guarded[1], sent) == (200, None)


def test_the_key_is_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr(
        "llmx.serve.access.hmac.compare_digest", lambda a, b: compared.append((a, b)) or a == b
    )
    for given in ("", "x", KEY):
        scope = {"path": "/metrics", "headers": [(b"authorization", f"Bearer {given}".encode())]}
        try:
            Access.of(key=KEY).check_key({"type": "http", **scope})
        except Refusal:
            assert given != KEY
    assert len(compared) == 3 and {len(one) for pair in compared for one in pair} == {32}


def test_the_key_is_in_no_text_of_the_rules():
    assert KEY not in repr(Access.of(key=KEY))


def test_watchers_need_no_key_and_learn_nothing(guarded):
    assert exchange(guarded[1], asked("GET", "/health")).endswith(b'{"status":"ok"}')


@pytest.mark.parametrize(
    ("value", "wanted", "found"),
    [
        *((None, None, None), (None, False, None), (KEY, None, KEY), (KEY, True, KEY)),
        *((KEY, False, None), ("", False, None)),
    ],
)
def test_the_key_is_the_environments(monkeypatch, value, wanted, found):
    monkeypatch.delenv("A_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("A_KEY", value)
    assert key_in("A_KEY", wanted) == found


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(None, True), ("", None), ("", True), ("a key", None), ("schlüssel", None), ("k\n", None)],
)
def test_a_key_that_cannot_be_is_refused_and_not_shown(monkeypatch, value, wanted):
    monkeypatch.delenv("A_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("A_KEY", value)
    with pytest.raises(ConfigError, match="A_KEY") as error:
        key_in("A_KEY", wanted)
    assert not value or value not in str(error.value)


@pytest.mark.parametrize(
    ("hosts", "origins"),
    [
        *((["*"], []), ([], ["*"]), (["a:80"], []), (["http://a"], []), (["a/b"], [])),
        *(([], ["a.example"]), ([], ["https://a.example/path"]), ([], ["https://"]), ([""], [])),
    ],
)
def test_names_that_are_none_and_everybody_without_a_key(hosts, origins):
    with pytest.raises(ConfigError):
        Access.of(hosts, origins)


def test_everybody_may_be_named_where_there_is_a_key():
    access = Access.of(["*"], ["*"], KEY)
    headers = [(b"host", b"any.example"), (b"origin", b"https://any.example")]
    access.check_address({"type": "http", "path": "/", "headers": headers, "server": None})


@pytest.mark.parametrize(
    "kind",
    [
        *("text/plain", "text/plain;application/json", "application/x-www-form-urlencoded", ""),
        *("multipart/form-data", "application/jsonx", "text/json", None),
    ],
)
def test_only_json_is_taken(plain, kind):
    assert status(plain[1], asked(kind=kind)) == (415, "not_json")


@pytest.mark.parametrize("kind", [JSON, "application/json; charset=utf-8", "Application/JSON"])
def test_json_is_taken_however_it_is_written(plain, kind):
    assert status(plain[1], asked(kind=kind)) == (200, None)


def test_a_compressed_body_is_refused(plain):
    assert status(plain[1], asked(content_encoding="gzip")) == (415, "not_json")


def chat(**more):
    return json.dumps({**BODY, **more}).encode()


def said(count, text="x"):
    return [{"role": "user", "content": text}] * count


MESSAGES, CHARACTERS = Limits().messages, Limits().characters
BODIES = {
    "half a character": b'{"model": "echo", "messages": [{"role": "user", "content": "\\ud800"}]}',
    "not a number": chat(temperature=0).replace(b"0}", b"NaN}"),
    "not a number where nobody looks": chat(user=0).replace(b"0}", b"NaN}"),
    "half a character as it stands": chat().replace(b"one", b"\xed\xa0\xbd"),
    "UTF-16": chat().decode().encode("utf-16"),
    "infinity": chat(temperature=0).replace(b"0}", b"1e999}"),
    "deep": b"[" * 100_000,
    "deep in a field": b'{"model": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    "a number of 10,000 digits": b'{"seed": ' + b"9" * 10_000 + b"}",
    "no UTF-8": b'{"model": "\xff\xfe"}',
    "nothing": b"",
    "two bodies": chat() + chat(),
    "a seed of 65 bits": chat(seed=1 << 64),
    "too many stops": chat(stop=["x"] * 17),
    "a long stop": chat(stop="x" * 1001),
    "an empty stop": chat(stop=""),
    "an empty stop in a list": chat(stop=["a", ""]),
    "a long model": chat(model="x" * 100_000),
    "a null": b"null",
    "messages that are none": chat(messages={"role": "user"}),
    "messages of numbers": chat(messages=[1, 2]),
    "contents of numbers": chat(messages=[{"role": "user", "content": [1]}]),
    "one message too many": chat(messages=said(MESSAGES + 1)),
    "18,001 messages": chat(messages=said(18_001)),
    "one part too many": chat(
        messages=[{"role": "user", "content": [{"type": "text", "text": ""}] * (MESSAGES + 1)}]
    ),
    "one character too many": chat(messages=said(1, "x" * (CHARACTERS + 1))),
    "too many in all": chat(messages=said(2, "x" * (CHARACTERS // 2 + 1))),
    "too many in parts": chat(
        messages=[{"role": "user", "content": [{"type": "text", "text": "x" * CHARACTERS}] * 2}]
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_one_line_and_no_fault_of_ours(plain, name):
    found = exchange(plain[1], asked(body=BODIES[name]))
    assert found.startswith(b"HTTP/1.1 400 ") and found.endswith(b"}}") and len(found) < 1000


def test_limits_are_checked_before_anything_is_asked(plain):
    plain[0].service.answerer.asked = 0
    for body in (chat(messages=said(MESSAGES + 1)), chat(messages=said(1, "x" * (CHARACTERS + 1)))):
        assert status(plain[1], asked(body=body))[0] == 400
    assert plain[0].service.answerer.asked == 0


def test_as_much_as_the_limits_say_is_taken(plain):
    for messages in (said(MESSAGES), said(1, "x" * CHARACTERS)):
        assert status(plain[1], asked(body=chat(messages=messages)))[0] == 200


@pytest.mark.parametrize("size", [LARGEST_BODY + 1, 10_000_000])
@pytest.mark.parametrize("announced", [True, False])
def test_a_large_body_is_told_so_even_to_a_client_that_sends_all_of_it_first(
    plain, size, announced
):
    body = b"x" * size
    sent = asked(body=body)
    if not announced:
        head = asked(body=b"", transfer_encoding="chunked").replace(b"content-length: 0\r\n", b"")
        parts = (body[at : at + 65536] for at in range(0, size, 65536))
        sent = head + b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in parts) + b"0\r\n\r\n"
    assert status(plain[1], sent) == (413, None)


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://a.example"}])
def test_every_refusal_reaches_a_client_that_sends_all_of_it_first(plain, headers):
    assert status(plain[1], asked(body=b"x" * 3_000_000, **headers))[0] == 403
    assert status(plain[1], asked(path="/nowhere", body=b"x" * 3_000_000))[0] == 404


def test_a_client_that_asks_first_is_refused_before_it_sends(plain):
    head = asked(body=b"", expect="100-continue", connection=None)
    head = head.replace(b"content-length: 0", b"content-length: 9000000")
    found = exchange(plain[1], head)
    assert found.startswith(b"HTTP/1.1 413 ") and b"connection: close" in found.lower()


def test_a_body_that_is_longer_than_is_drained_is_left():
    class Request:
        headers = {"content-length": str(LARGEST_DRAIN + 1)}

    assert asyncio.run(drained(Request(), Refusal(413, ""))).close


NO_HTTP = {
    "random": bytes(range(256)) * 16 + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\r\n\r\n",
    "a megabyte of headers": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A: " + b"x" * 1_000_000,
    "two lengths": asked().replace(b"content-length", b"content-length: 3\r\ncontent-length"),
    "a length below zero": asked().replace(b"content-length: ", b"content-length: -"),
    "a length and chunks": asked(transfer_encoding="chunked"),
    "chunks of one byte": asked(body=b"", transfer_encoding="chunked").replace(
        b"content-length: 0\r\n", b""
    )
    + b"1\r\nx\r\n" * 5000,
}


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_http_is_told_so_and_ended(plain, name):
    found = exchange(plain[1], NO_HTTP[name])
    assert found.startswith(b"HTTP/1.1 400 ") and found.endswith(b"}}")
    assert status(plain[1], asked()) == (200, None)


def test_a_fault_of_ours_has_the_shape_of_all_errors():
    class Broken(Echo):
        async def answer(self, chat):
            raise ZeroDivisionError
            yield

    with serving(Broken()) as (_, port):
        found = exchange(port, asked())
    assert found.startswith(b"HTTP/1.1 500 ")
    assert json.loads(found.partition(b"\r\n\r\n")[2])["error"]["message"]


def test_a_fault_of_ours_later_ends_the_stream_with_an_error():
    class Broken(Echo):
        async def answer(self, chat):
            async for event in Echo.answer(self, chat):
                yield event
                if event.who == "answer":
                    raise ZeroDivisionError

    with serving(Broken()) as (_, port):
        found = exchange(port, asked(body=chat(stream=True)))
    assert b'data: {"error"' in found and b"[DONE]" not in found
