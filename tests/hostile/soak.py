"""Clients that come and go, for as long as one likes, and what the server weighs meanwhile."""

import json
import random
import socket
import statistics
import threading
import time
from contextlib import suppress

import psutil

HEAD = (
    "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "Connection: close\r\nContent-Length: {}\r\n\r\n"
)
KINDS = ("whole", "stream", "stream", "leaves", "slow", "half head", "half body", "bad", "large")


class Soak:
    """Clients against one server.

    Args:
        pause: mean seconds between two requests of a client.

    Attributes:
        weights: (seconds, bytes resident, descriptors), a second apart.
        outcomes: how often each kind of request ended well.
        wrong: what came back otherwise.
    """

    def __init__(self, process, port, model, clients=64, pause=3.0):
        self.process, self.port, self.model = psutil.Process(process), port, model
        self.clients, self.pause = clients, pause
        self.weights, self.outcomes, self.wrong = [], dict.fromkeys(KINDS, 0), []
        self.over, self.lock = threading.Event(), threading.Lock()

    def run(self, seconds):
        """Let all clients ask for so long, and wait until the last has ended."""
        threads = [threading.Thread(target=self.client, args=(n,)) for n in range(self.clients)]
        for one in threads:
            one.start()
        began = time.time()
        while time.time() - began < seconds:
            self.weights.append((time.time() - began, *self.weigh()))
            time.sleep(1)
        self.over.set()
        for one in threads:
            one.join()

    def weigh(self):
        """Return bytes and descriptors of the server."""
        return self.process.memory_info().rss, self.process.num_fds()

    def client(self, number):
        """Ask again and again, each time in another way."""
        rng = random.Random(number)
        while not self.over.wait(rng.expovariate(1 / self.pause)):
            kind = rng.choice(KINDS)
            try:
                good = self.ask(kind, rng)
            except OSError as error:
                good = f"{type(error).__name__}: {error}"
            with self.lock:
                if good is True:
                    self.outcomes[kind] += 1
                else:
                    self.wrong.append((kind, good))

    def ask(self, kind, rng):
        """Send one request; return True, or what was wrong."""
        sent = self.request(kind, rng)
        with socket.create_connection(("127.0.0.1", self.port), timeout=240) as made:
            if kind.startswith("half"):
                made.sendall(sent[: sent.index(b"\r\n\r\n") + (30 if kind == "half body" else -9)])
                self.over.wait(rng.random() * 2)
                return True
            made.sendall(sent)
            if kind == "leaves":
                made.settimeout(rng.random())
                with suppress(TimeoutError):
                    made.recv(1)
                return True
            found = self.read(made, rng.random() * 0.05 if kind == "slow" else 0)
        return right(kind, found) or found[:300]

    def read(self, made, delay):
        """Return all that comes, a little at a time where there is a delay."""
        parts = []
        while part := made.recv(256 if delay else 1 << 16):
            parts.append(part)
            time.sleep(delay)
        return b"".join(parts)

    def request(self, kind, rng):
        """Return the bytes of a request."""
        a, b = rng.randrange(100), rng.randrange(100)
        asked = {"model": self.model, "max_tokens": rng.randrange(4, 12)}
        asked["stream"] = kind in ("stream", "leaves", "slow")
        text = f"What is {a} + {b}?" if kind != "large" else "x" * 600_000
        asked["messages"] = [{"role": "user" if kind != "bad" else "robot", "content": text}]
        body = json.dumps(asked).encode()
        return HEAD.format(len(body)).encode() + body

    def growth(self):
        """Return by what part the last third weighs more than the second, medians of each."""
        third = len(self.weights) // 3
        bytes_ = [weight[1] for weight in self.weights]
        return (
            statistics.median(bytes_[2 * third :]) / statistics.median(bytes_[third : 2 * third])
            - 1
        )

    def told(self):
        """Return figures for a reader: requests by outcome, growth, and some of the weights."""
        every = max(1, len(self.weights) // 20)
        lines = [f"{at:5.0f} s {rss / 1e6:7.1f} MB {fds} fds" for at, rss, fds in self.weights]
        ended = ", ".join(f"{number} {kind}" for kind, number in self.outcomes.items())
        return "\n".join([f"{ended}; growth {self.growth():+.2%}", *lines[::every], lines[-1]])


def right(kind, found):
    """Whether an answer is what its request asks for."""
    if kind in ("bad", "large"):
        return found.startswith(b"HTTP/1.1 400 ")
    if not found.startswith(b"HTTP/1.1 200 "):
        return False
    return b"data: [DONE]" in found if kind in ("stream", "slow") else b'"finish_reason"' in found
