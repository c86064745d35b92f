"""Start vLLM in a process of its own, tell its processes, and wait to be ended.

`load`: told while it loads. `generate`: told when answers come; goes on asking.
"""

import json
import os
import signal
import sys
import time

from conftest import DATA, PAIR
from psutil import Process

from llmx.core.progress import Silent
from llmx.core.spec import EngineSpec, SamplerSpec
from llmx.core.speech import ask
from llmx.data import load
from llmx.engines.vllm.engine import VllmEngine


def tell(least):
    """Print the processes below this one, once there are enough of them."""
    while len(below := Process(os.getpid()).children(recursive=True)) < least:
        time.sleep(0.1)
    print(json.dumps([one.pid for one in below]), flush=True)


class Watching(Silent):
    """Tells when the engine's own process is there, in the middle of the load."""

    told = False

    def note(self, text):
        enough = len(Process(os.getpid()).children(recursive=True)) >= 3
        if sys.argv[1] == "load" and enough and not self.told:
            self.told = True
            tell(3)


def main():
    # A shell that runs the tests in its background has them ignore Ctrl-C, and so this process.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    engine = VllmEngine(PAIR, EngineSpec(kind="vllm", batch_size=16))
    engine.progress = Watching()
    sampler = SamplerSpec(algorithm="fuzzy", threshold=0.1, max_tokens=160, gamma=5)
    asked = [ask(problem, "", sampler, 0) for problem in load(DATA, "test", 100)]
    try:
        for _ in range(1000):
            for place, _ in enumerate(engine.generate(asked)):
                if place == 5 and sys.argv[1] == "generate":
                    tell(3)
    except KeyboardInterrupt:
        sys.exit(130)


main()
