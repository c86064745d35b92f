"""Work in processes that end themselves, forked from one that has loaded the libraries already."""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

from llmx.core.progress import Silent


def end(*_: Any, **__: Any) -> None:
    """Kill this process, as the out-of-memory killer would."""
    os.kill(os.getpid(), signal.SIGKILL)


class EndsAt(Silent):
    """Ends its process when a training comes to a step, counted from its very beginning."""

    def __init__(self, step: int) -> None:
        self.left = step

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        self.left -= done

    def advance(self, amount: int = 1) -> None:
        self.left -= amount
        if self.left <= 0:
            end()


class Forks:
    """Calls functions, each in a process of its own."""

    def __init__(self, server: "subprocess.Popen[str]") -> None:
        self.server = server

    def run(self, function: str, *given: Any) -> int:
        """Call ``module:function`` with what JSON can hold.

        Returns: the exit code; minus the number of a signal that ended the process.
        """
        assert self.server.stdin and self.server.stdout
        self.server.stdin.write(json.dumps([function, *given]) + "\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def kill(self, function: str, *given: Any) -> None:
        """Call a function that kills its own process."""
        assert self.run(function, *given) == -signal.SIGKILL


@contextmanager
def forking(*modules: str) -> Iterator[Forks]:
    """Start a process that imports the modules, and does nothing else with them."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    words = [sys.executable, __file__, *modules]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, env=env, text=True, **pipes) as server:
        yield Forks(server)
        assert server.stdin
        server.stdin.close()


def _serve(answers: IO[str]) -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_called(*json.loads(line)))
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        answers.flush()


def _called(function: str, *given: Any) -> int:
    module, _, name = function.partition(":")
    try:
        getattr(import_module(module), name)(*given)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    for module in sys.argv[1:]:
        import_module(module)
    channel = os.fdopen(os.dup(1), "w")  # what a training prints is no answer
    os.dup2(2, 1)
    _serve(channel)
