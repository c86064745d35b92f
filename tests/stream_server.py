"""Models on loopback that stream, and go on with an answer that was begun, as vLLM's server does.

A token is one character. What a model says is a function of its name and the question.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = 5  # characters an event


def whole(body):
    """Return everything that the model has to say."""
    question = next(turn["content"] for turn in body["messages"] if turn["role"] == "user")
    return f"{body['model'].split('/')[-1]} says that {len(question)} is right."


class Streams:
    """A server of any model; `seen` holds every request, `raw` gives the bytes of an answer."""

    def __init__(self, raw=None):
        self.raw = raw or (lambda body: "".join(f"data: {e}\n\n" for e in events(body)).encode())
        self.seen, self.lock = [], threading.Lock()
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

    def _handler(streams):
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with streams.lock:
                    streams.seen.append(body)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.wfile.write(streams.raw(body))

        return Handler


def events(body):
    """Yield the events of one answer, from where it was begun."""
    begun = body["messages"][-1]["content"] if body.get("continue_final_message") else ""
    text = whole(body)
    assert text.startswith(begun)
    left = text[len(begun) :]
    shown = left[: body["max_tokens"]]
    for start in range(0, len(shown), CHUNK):
        yield json.dumps({"choices": [{"delta": {"content": shown[start : start + CHUNK]}}]})
    finish = "stop" if shown == left else "length"
    yield json.dumps({"choices": [{"delta": {}, "finish_reason": finish}]})
    usage = {"prompt_tokens": 30, "completion_tokens": len(shown)}
    yield json.dumps({"choices": [], "usage": usage})
    yield "[DONE]"
