"""An OpenAI-compatible endpoint on loopback that fails on demand, and remembers everything.

A fault is served instead of an answer, the next in its list at each try. Tokens are UTF-8 bytes;
zero is the end of an answer. `worked` counts what was really answered, whole, for each question.
"""

import json
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

END = 0
LENGTHS = (5, 60)


def said(body):
    """Return the text for a request: from its content, and its seed where that matters."""
    content = body["messages"][-1]["content"]
    chance = Random(f"{content}|{body.get('seed') if body['temperature'] else ''}")
    words = [chance.choice(["one", "two", "three", "four", "five", "six"]) for _ in range(12)]
    return f"{' '.join(words)} #### {chance.randrange(100)}"


def cut(text, body):
    """Return token ids, text, finish reason and stop reason."""
    ends = [(text.find(stop), stop) for stop in body.get("stop", ()) if stop in text]
    at, stop = min(ends, default=(len(text), None))
    ids = [*text[: at + len(stop or "")].encode()] + ([] if stop else [END])
    if len(ids) > body["max_tokens"]:
        ids = ids[: body["max_tokens"]]
        return ids, bytes(ids).decode(errors="ignore")[:at], "length", None
    return ids, text[:at], "stop", stop


def completion(body, ids_too=True):
    """Return the JSON of an answer, as vLLM's server gives it."""
    prompt = "".join(f"{m['role']}: {m['content']}\n" for m in body["messages"]).encode()
    ids, text, finish, stop = cut(said(body), body)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish,
    }
    usage = {"prompt_tokens": len(prompt), "completion_tokens": len(ids)}
    found = {"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}
    if body.get("logprobs"):
        choice["logprobs"] = {"content": [{"token": "x", "logprob": -0.5} for _ in ids]}
    if ids_too and body.get("return_token_ids"):
        choice |= {"token_ids": ids, "stop_reason": stop}
        found["prompt_token_ids"] = list(prompt)
    return found


class Endpoint:
    """A server; `faults` maps a word of a question to what happens to its first tries."""

    def __init__(self, faults=None, key="", delay=0.0, answer=completion):
        self.faults, self.key, self.delay, self.answer = faults or {}, key, delay, answer
        self.seen, self.worked, self.headers = [], Counter(), []
        self.flying = self.most = 0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def tries(self, word):
        """Return how often a question that holds this word was asked."""
        return sum(word in body["messages"][-1]["content"] for body in self.seen)

    def next_fault(self, body):
        content = body["messages"][-1]["content"]
        for word, faults in self.faults.items():
            if word in content and faults:
                return faults.pop(0)
        return None

    def _handler(endpoint):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.give(200, {"object": "list", "data": [{"id": "served"}]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with endpoint.lock:
                    endpoint.seen.append(body)
                    endpoint.headers.append(dict(self.headers))
                    endpoint.flying += 1
                    endpoint.most = max(endpoint.most, endpoint.flying)
                    fault = endpoint.next_fault(body)
                try:
                    time.sleep(endpoint.delay)
                    self.serve(body, fault)
                finally:
                    with endpoint.lock:
                        endpoint.flying -= 1

            def serve(self, body, fault):
                if endpoint.key and self.headers["authorization"] != f"Bearer {endpoint.key}":
                    sent = self.headers["authorization"]
                    return self.give(401, {"error": {"message": f"Incorrect API key: {sent}"}})
                if fault is None:
                    with endpoint.lock:
                        endpoint.worked[body["messages"][-1]["content"]] += 1
                    return self.give(200, endpoint.answer(body))
                return FAULTS[fault](self, body)

            def give(self, status, value, **headers):
                self.raw(status, json.dumps(value).encode(), **headers)

            def raw(self, status, content, size=None, **headers):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content) if size is None else size))
                for name, text in headers.items():
                    self.send_header(name.replace("_", "-"), text)
                self.end_headers()
                self.wfile.write(content)
                self.wfile.flush()

        return Handler


def drop(handler, body):
    """Hang up without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def half(handler, body):
    """Send half of an answer, and hang up."""
    whole = json.dumps(completion(body)).encode()
    handler.raw(200, whole[: len(whole) // 2], size=len(whole))
    drop(handler, body)


def cut_short(handler, body):
    """Send half of a document as if it were all."""
    whole = json.dumps(completion(body)).encode()
    handler.raw(200, whole[: len(whole) // 2])


def trickle(handler, body):
    """Send a byte now and then, without an end in sight."""
    whole = json.dumps(completion(body)).encode()
    handler.raw(200, b"", size=len(whole))
    try:
        for byte in whole:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        handler.close_connection = True


def stall(handler, body):
    """Say nothing for a long time."""
    time.sleep(3)
    handler.close_connection = True


def error(status, message="later", **headers):
    return lambda handler, body: handler.give(status, {"error": {"message": message}}, **headers)


FAULTS = {
    "429": error(429),
    "429 with seconds": error(429, Retry_After="0.2"),
    "429 for an hour": error(429, Retry_After="3600"),
    "500": error(500),
    "503": error(503),
    "400": error(400, "this model's context is 10 tokens"),
    "drop": drop,
    "half": half,
    "cut short": cut_short,
    "trickle": trickle,
    "stall": stall,
    "page": lambda handler, body: handler.raw(200, b"<html>Bad gateway</html>"),
    "no choice": lambda handler, body: handler.give(200, {"choices": []}),
    "null": lambda handler, body: handler.give(200, None),
    "502 page": lambda handler, body: handler.raw(502, b"<html>Bad gateway</html>"),
    "filtered": lambda handler, body: handler.give(
        200, {"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}
    ),
    "said 503 under 200": lambda handler, body: handler.give(
        200, {"error": {"message": "overloaded", "code": 503}}
    ),
    "said 402 under 200": lambda handler, body: handler.give(
        200, {"error": {"message": "no credits left", "code": 402}, "choices": []}
    ),
    "broke off": lambda handler, body: handler.give(
        200, {"choices": [{"message": {"content": "on"}, "finish_reason": "error"}]}
    ),
}
