"""The server as its clients see it: OpenAI's own client, curl, and sockets that behave badly."""

import json
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from chat_server import Echo, serving
from ensembles import GREEDY, cast, ensemble

from llmx.core.errors import ContextLengthError, EngineError, RequestError, TurnsError
from llmx.serve.access import Access
from llmx.serve.answerer import EnsembleAnswerer
from llmx.serve.chat import read_chat
from llmx.serve.refusal import Refusal, failed

openai = pytest.importorskip("openai")
pytest.importorskip("uvicorn")

JSON = "application/json"


def client(port):
    return openai.OpenAI(
        base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0, timeout=20
    )


def ask(port, text, **more):
    asked = [{"role": "user", "content": text}]
    return client(port).chat.completions.create(model="echo", messages=asked, **more)


@pytest.fixture(scope="module")
def echo():
    answerer = Echo()
    with serving(answerer) as (server, port):
        yield answerer, port, server


def settled(condition, seconds=5):
    end = time.time() + seconds
    while not condition() and time.time() < end:
        time.sleep(0.02)
    return condition()


def test_a_whole_answer(echo):
    found = ask(echo[1], "one two three")
    assert found.choices[0].message.content == "one two three "
    assert found.choices[0].finish_reason == "stop"
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (7, 3)


def test_a_streamed_answer(echo):
    stream = ask(echo[1], "one two three", stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    said = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert said == ["one ", "two ", "three "]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens == 3


def test_the_models(echo):
    models = client(echo[1]).models
    (listed,) = models.list()
    assert listed.id == "echo" and models.retrieve("echo") == listed
    for name in ("other", "echo/other", "a/b c"):
        with pytest.raises(openai.NotFoundError, match="there is no model"):
            models.retrieve(name)


DEFAULTS = {
    **dict.fromkeys(("stream", "stream_options", "response_format", "tools", "tool_choice"), None),
    **dict.fromkeys(("temperature", "top_p", "top_k", "max_tokens", "seed", "stop", "n"), None),
    **dict.fromkeys(("logprobs", "logit_bias", "modalities", "audio", "prediction", "user"), None),
}
ACCEPTED = [
    *({name: value} for name, value in DEFAULTS.items()),
    DEFAULTS,
    {"n": 1, "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {}, "store": False},
    {"stream": False, "stream_options": {"include_usage": True, "include_obfuscation": True}},
    {"user": "me", "metadata": {"a": "b"}, "safety_identifier": "x", "prompt_cache_key": "y"},
    {"response_format": {"type": "text"}, "modalities": ["text"], "verbosity": "medium"},
    {"tools": [], "tool_choice": "none", "parallel_tool_calls": True, "functions": []},
    {"tool_choice": "auto", "service_tier": "auto", "logprobs": False, "top_logprobs": 0},
    {"min_p": 0.0, "repetition_penalty": 1.0, "stop_token_ids": [], "min_tokens": 0},
    {"add_generation_prompt": True, "continue_final_message": False, "ignore_eos": False},
    {"stop": [], "seed": 0, "temperature": 0, "top_p": 1, "top_k": 5, "max_tokens": 4},
]
REFUSED = {
    "stream": "yes?",
    "stream_options": {"inlcude_usage": True},
    "response_format": {"type": "json_object"},
    "tool_choice": "required",
    "modalities": ["text", "audio"],
    "tools": [{"type": "function"}],
    "n": 2,
    "best_of": 3,
    "store": True,
    "logprobs": True,
    "top_logprobs": 3,
    "logit_bias": {"1": 5},
    "presence_penalty": 0.5,
    "frequency_penalty": -0.5,
    "repetition_penalty": 1.1,
    "min_p": 0.1,
    "min_tokens": 3,
    "stop_token_ids": [7],
    "structured_outputs": {"regex": "a"},
    "guided_json": {},
    "continue_final_message": True,
    "add_generation_prompt": False,
    "ignore_eos": True,
    "return_token_ids": True,
    "reasoning_effort": "high",
    "top_k": -2,
    "stop": [""],
    "temprature": 0.1,
    "x" * 500: 1,
    "": None,
}


@pytest.mark.parametrize("more", ACCEPTED, ids=str)
def test_what_means_the_default_is_accepted(more):
    body = {"model": "echo", "messages": [{"role": "user", "content": "x"}], **more}
    sampler = read_chat(body).sampler(GREEDY)
    used = {name: more[name] for name in ("top_p", "top_k", "max_tokens") if more.get(name)}
    assert sampler == GREEDY.model_copy(update=used)


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: name[:30] or "no name")
def test_what_would_change_an_answer_is_refused_by_its_name(name):
    body = {"model": "echo", "messages": [{"role": "user", "content": "x"}], name: REFUSED[name]}
    with pytest.raises(Refusal) as refused:
        read_chat(body)
    assert refused.value.status == 400 and len(refused.value.message) < 200
    assert str(refused.value.param).startswith(name[:80].split(".")[0])
    assert name[:80] in refused.value.message


def test_a_typo_is_told_what_was_meant():
    body = {"model": "echo", "messages": [{"role": "user", "content": "x"}], "temprature": 0.1}
    with pytest.raises(Refusal, match="did you mean temperature"):
        read_chat(body)


def test_an_answer_may_be_sent_back_as_it_came(echo):
    said = ask(echo[1], "one").choices[0].message.model_dump()
    said |= {"annotations": [], "tool_calls": [], "audio": {}, "refusal": ""}
    turns = [{"role": "user", "content": "x"}, said, {"role": "user", "content": "y"}]
    found = client(echo[1]).chat.completions.create(model="echo", messages=turns)
    assert found.choices[0].message.content == "y "
    said["tool_calls"] = [{"id": "1"}]
    with pytest.raises(openai.BadRequestError, match=r"messages\.1\.tool_calls"):
        client(echo[1]).chat.completions.create(model="echo", messages=turns)


def test_a_page_may_ask_where_it_is_allowed_to():
    import httpx2

    page, asked = "https://chat.example", {"Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization,content-type,x-stainless-os"
    with serving(Echo(), access=Access.of(origins=[page], key="a-key")) as (_, port):
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        found = httpx2.options(url, headers={"Origin": page, **asked})
        assert found.status_code == 200
        assert found.headers["access-control-allow-origin"] == page
        assert "x-stainless-os" in found.headers["access-control-allow-headers"]
        # Who may not ask is told so in the shape of all errors, and only the page may read it.
        told = httpx2.get(f"http://127.0.0.1:{port}/v1/models/echo", headers={"Origin": page})
        assert told.status_code == 401 and told.json()["error"]["code"] == "invalid_api_key"
        assert told.headers["access-control-allow-origin"] == page
        other = httpx2.options(url, headers={"Origin": "https://other.example", **asked})
        assert other.status_code == 403 and "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ContextLengthError("too long"), 400, "context_length_exceeded"),
        (TurnsError("no system turn"), 400, None),
        (RequestError("no top_k"), 400, None),
        (EngineError("it died"), 502, "upstream_failed"),
    ],
)
def test_whose_fault_a_failure_is(error, status, code):
    refusal = failed(error)
    assert (refusal.status, refusal.code, refusal.message) == (status, code, error.message)


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"model": "echo", "messages": []}, 400, "messages"),
        ({"model": "other", "messages": [{"role": "user", "content": "x"}]}, 404, "other"),
        ({"model": "echo", "messages": [{"role": "robot", "content": "x"}]}, 400, "role"),
        ({"model": "echo", "messages": [{"role": "assistant", "content": "x"}]}, 400, "user"),
        (
            {"model": "echo", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            400,
            "content",
        ),
        ({"model": "echo", "messages": [{"role": "user", "content": "x"}], "n": 2}, 400, "n"),
        (
            {"model": "echo", "messages": [{"role": "user", "content": "x"}], "temperature": 9},
            400,
            "temperature",
        ),
        (
            {"model": "echo", "messages": [{"role": "user", "content": "x"}], "tools": [{}]},
            400,
            "tools",
        ),
        ({"messages": [{"role": "user", "content": "x"}]}, 400, "model"),
        ([], 400, "object"),
        ("{", 400, "JSON"),
        ("x" * (1 << 21), 413, "larger"),
    ],
)
def test_bad_requests_have_openais_error_shape(echo, body, status, word):
    import httpx2

    sent = body if isinstance(body, str) else json.dumps(body)
    url, headers = f"http://127.0.0.1:{echo[1]}/v1/chat/completions", {"Content-Type": JSON}
    found = httpx2.post(url, content=sent, headers=headers)
    error = found.json()["error"]
    assert found.status_code == status and set(error) == {"message", "type", "param", "code"}
    assert word in error["message"]


def test_unknown_paths_and_methods_too(echo):
    import httpx2

    for verb, path, status in (("GET", "/v1/other", 404), ("GET", "/v1/chat/completions", 405)):
        found = httpx2.request(verb, f"http://127.0.0.1:{echo[1]}{path}")
        assert found.status_code == status and found.json()["error"]["message"]


def test_errors_are_the_clients_own_exceptions(echo):
    with pytest.raises(openai.NotFoundError):
        client(echo[1]).chat.completions.create(
            model="other", messages=[{"role": "user", "content": "x"}]
        )
    with pytest.raises(openai.BadRequestError):
        ask(echo[1], "x", temperature=1.5, top_p=0)


def test_an_upstream_that_dies_at_once_is_a_502(echo):
    for stream in (False, True):
        with pytest.raises(openai.APIStatusError) as error:
            list(ask(echo[1], "!break", stream=stream))
        assert error.value.status_code == 502 and "broke" in str(error.value)


def test_an_upstream_that_dies_later_ends_the_stream_with_an_error(echo):
    said = []
    with pytest.raises(openai.APIError, match="broke"):
        for chunk in ask(echo[1], "one two !break", stream=True):
            said += [chunk.choices[0].delta.content or ""]
    assert "".join(said) == "one two "


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
@pytest.mark.parametrize("stream", [False, True])
def test_curl(echo, stream):
    body = {"model": "echo", "stream": stream, "messages": [{"role": "user", "content": "a b"}]}
    url = f"http://127.0.0.1:{echo[1]}/v1/chat/completions"
    found = subprocess.run(
        ["curl", "-sN", url, "-H", f"Content-Type: {JSON}", "-d", json.dumps(body)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        found.stdout.rstrip().endswith("data: [DONE]" if stream else "}") and '"a ' in found.stdout
    )


def test_sixty_four_streams_none_lost_or_mixed_up(echo):
    def one(number):
        text = " ".join(f"{number}-{place}" for place in range(20))
        stream = ask(echo[1], text, stream=True)
        said = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
        return said.strip() == text

    with ThreadPoolExecutor(64) as pool:
        assert all(pool.map(one, range(64)))
    assert settled(lambda: echo[0].open == 0)


def test_metrics_count_what_happened(echo):
    import httpx2

    page = httpx2.get(f"http://127.0.0.1:{echo[1]}/metrics").text
    for name in ("llmx_ttft_seconds_count", "llmx_piece_gap_seconds_bucket", 'outcome="answered"'):
        assert name in page
    assert httpx2.get(f"http://127.0.0.1:{echo[1]}/health").json() == {"status": "ok"}


def metric(port, name):
    import httpx2

    page = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith(name + " "))


@pytest.mark.parametrize("stream", [True, False])
def test_tokens_are_counted_and_not_the_pieces_that_they_come_in(stream):
    with serving(Echo()) as (_, port):
        found = ask(port, "one !three two !three", stream=stream)
        said = list(found) if stream else [found.choices[0].message.content]
        assert said and settled(lambda: metric(port, "llmx_open_requests") == 0)
        assert metric(port, "llmx_tokens_total") == 8
        assert metric(port, "llmx_ttft_seconds_count") == 1
        assert metric(port, "llmx_piece_gap_seconds_count") == 3


def test_tokens_of_an_answer_that_nobody_waited_for_are_counted_too():
    answerer = Echo(delay=0.05)
    with serving(answerer) as (_, port):
        made = raw(port, "word " * 1000)
        assert settled(lambda: metric(port, "llmx_ttft_seconds_count") == 1)
        made.close()
        assert settled(lambda: metric(port, "llmx_open_requests") == 0)
        assert 0 < metric(port, "llmx_tokens_total") < 1000
        assert metric(port, 'llmx_requests_total{outcome="left"}') == 1


def raw(port, text, stream=True):
    body = {"model": "echo", "stream": stream, "messages": [{"role": "user", "content": text}]}
    sent = json.dumps(body)
    made = socket.create_connection(("127.0.0.1", port))
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    made.sendall((head + sent).encode())
    return made


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_everything_upstream(stream):
    answerer = Echo(delay=0.05)
    with serving(answerer) as (_, port):
        made = raw(port, "word " * 1000, stream)
        assert settled(lambda: answerer.open == 1)
        made.close()
        assert settled(lambda: answerer.open == 0)


def test_a_reader_that_does_not_read_is_waited_for():
    answerer = Echo()
    with serving(answerer) as (_, port):
        made = raw(port, "!long")
        assert settled(lambda: answerer.pulled > 0)
        before = -1
        while before != answerer.pulled:
            before = answerer.pulled
            time.sleep(1)
        # twenty megabytes wait to be said; what was pulled fits the sockets' buffers
        assert before < 60_000
        made.close()
        assert settled(lambda: answerer.open == 0)


def test_more_than_the_most_are_turned_away_for_now():
    answerer = Echo(delay=0.05)
    with serving(answerer, most=1) as (_, port):
        made = raw(port, "word " * 50)
        assert settled(lambda: answerer.open == 1)
        with pytest.raises(openai.RateLimitError):
            ask(port, "x")
        made.close()


def test_a_stop_lets_answers_end_and_takes_no_more():
    answerer = Echo(delay=0.05)
    with serving(answerer) as (server, port), ThreadPoolExecutor(1) as pool:
        late = pool.submit(ask, port, "one two three four five six")
        assert settled(lambda: answerer.open == 1)
        server.handle_exit(15, None)
        assert late.result(10).choices[0].message.content == "one two three four five six "
        assert server.service.draining
    assert answerer.open == -99  # closed at the very end


def test_an_ensemble_behind_the_server():
    models = cast(**{name: {"delay": 0.001} for name in "abg"})
    answerer = EnsembleAnswerer("echo", ensemble(streaming="staircase"), models, GREEDY, 0)
    with serving(answerer) as (_, port):
        said = "".join(c.choices[0].delta.content or "" for c in ask(port, "Q", stream=True))
        assert said == models["g"].answer
        stream = ask(port, "Q", stream=True)
        next(iter(stream))
        stream.close()
        assert settled(lambda: all(model.open == 0 for model in models.values()))


def test_an_ensemble_that_breaks_in_the_middle_ends_the_stream_with_an_error():
    models = cast(g={"fails_at": 7})
    answerer = EnsembleAnswerer("echo", ensemble(streaming="staircase"), models, GREEDY, 0)
    said = []
    with serving(answerer) as (_, port):
        with pytest.raises(openai.APIError, match="g broke"):
            for chunk in ask(port, "Q", stream=True):
                said += [chunk.choices[0].delta.content or ""]
        assert settled(lambda: all(model.open == 0 for model in models.values()))
    assert "".join(said) == models["g"].answer[:7]


def test_an_ensemble_waits_for_a_reader_that_does_not_read():
    long = GREEDY.model_copy(update={"max_tokens": 100_000})
    model = cast()["g"]
    model.answer, model.said, piece = "x" * 100_000, 0, model.piece

    def counted(*given):
        model.said += 1
        return piece(*given)

    model.piece = counted
    spec = ensemble(streaming="plain", layers=1)
    with serving(EnsembleAnswerer("echo", spec, {"g": model}, long, 0)) as (_, port):
        made = raw(port, "Q")
        assert settled(lambda: model.said > 0)
        before = -1
        while before != model.said and model.said < 60_000:
            before = model.said
            time.sleep(1)
        # 100,000 pieces of some 200 bytes wait; what was said fits the sockets' buffers
        assert model.said < 60_000
        made.close()
        assert settled(lambda: model.open == 0)
