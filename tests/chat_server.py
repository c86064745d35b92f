"""A server on loopback that says the question back, for tests of clients and of the server."""

import asyncio
import threading
import time
from contextlib import contextmanager

from llmx.core.errors import EngineError
from llmx.core.events import ANSWER, Event


class Echo:
    """Says the question back, word by word; words beginning with ! do something else."""

    name = "echo"

    def __init__(self, delay=0.0):
        self.delay, self.open, self.pulled, self.asked = delay, 0, 0, 0

    async def answer(self, chat):
        self.asked += 1
        words = chat.turns()[-1].content.split()
        self.open += 1
        try:
            yield Event(at=0, who="1.1", what="piece", text="a draft", tokens=2)
            for word in words:
                await asyncio.sleep(self.delay)
                if word == "!break":
                    raise EngineError("the aggregator broke")
                if word == "!long":
                    for _ in range(200_000):
                        self.pulled += 1
                        yield Event(at=0, who=ANSWER, what="piece", text="x" * 100, tokens=1)
                if word == "!three":  # a piece of several tokens, after one that shows nothing yet
                    yield Event(at=0, who=ANSWER, what="piece", text="", tokens=1)
                    yield Event(at=0, who=ANSWER, what="piece", text="x", tokens=2)
                    continue
                yield Event(
                    at=0, who=ANSWER, what="piece", text=word + " ", tokens=1, prompt_tokens=7
                )
            yield Event(at=0, who=ANSWER, what="ended", finish="eos")
        finally:
            self.open -= 1

    async def close(self):
        self.open = -99


@contextmanager
def serving(answerer, most=256, drain=5.0, access=None, limits=None):
    from llmx.serve.app import Service
    from llmx.serve.server import Server, bind

    listening = bind("127.0.0.1", 0)
    server = Server(Service(answerer, most, access, limits), drain)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    port = listening.getsockname()[1]
    while not server.started:
        time.sleep(0.01)
    try:
        yield server, port
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
