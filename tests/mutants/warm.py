"""A process that has loaded the libraries, and forks: each fork runs pytest once, on one package.

It has never seen llmx nor a test, so a fork reads both anew from the folder it is given. To start
Python and load torch and transformers takes longer than most tests.

``python -P tests/mutants/warm.py MODULE…`` reads a line of JSON a run (:class:`Asked`) and answers
with a line: pytest's exit code, minus a signal, or ``late`` for a run that was killed at its limit.
"""

import atexit
import gc
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import IO, NoReturn, TypedDict

import hypothesis.configuration
import pytest

BROKEN = 3  # pytest's own code for an error of its own
TICK = 0.02


class Asked(TypedDict):
    """One run of pytest."""

    words: list[str]
    folder: str  # which becomes the current folder, and where packages are looked for first
    env: dict[str, str]
    output: str  # a file for what is printed
    seconds: float


def main(modules: list[str]) -> None:
    """Load, and serve until standard input ends."""
    for module in modules:
        importlib.import_module(module)
    assert not {"llmx", "conftest"} & set(sys.modules), "what is tested is loaded already"
    gc.freeze()  # a fork that looked for garbage would copy all that is loaded
    with os.fdopen(os.dup(1), "w") as answers, os.fdopen(os.dup(0)) as questions:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        for line in questions:
            asked: Asked = json.loads(line)
            child = os.fork()
            if not child:
                for pipe in (answers, questions):
                    os.close(pipe.fileno())
                ended(run, asked)
            answer(answers, awaited(child, asked["seconds"]))


def answer(answers: IO[str], code: int | None) -> None:
    """Write the line of a run."""
    answers.write(f"{'late' if code is None else code}\n")
    answers.flush()


def ended(work: Callable[[Asked], int], asked: Asked) -> NoReturn:
    """Work, then end as a process does, but without taking the libraries apart for seconds."""
    code = BROKEN
    try:
        code = work(asked)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def run(asked: Asked) -> int:
    """Be the process that runs pytest: with a session, folder, environment and files of its own."""
    os.setsid()
    output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.dont_write_bytecode = bool(asked["env"].get("PYTHONDONTWRITEBYTECODE"))
    sys.path.insert(0, asked["folder"])
    sys.argv = ["pytest", *asked["words"]]
    hypothesis.configuration.set_hypothesis_home_dir(f"{asked['folder']}/.hypothesis")
    return int(pytest.main(asked["words"]))


def awaited(child: int, seconds: float) -> int | None:
    """Return the exit code, or None where it took longer; nothing of its session stays behind.

    Only time in which this process runs too is counted: both may be stopped for a while.
    """
    parent, left, before = os.getppid(), seconds, time.monotonic()
    while left > 0 and os.getppid() == parent:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            quit_session(child)
            return os.waitstatus_to_exitcode(status)
        time.sleep(TICK)
        now = time.monotonic()
        left, before = left - min(now - before, 50 * TICK), now
    quit_session(child)
    os.kill(child, signal.SIGKILL)  # it may not have a session yet
    os.waitpid(child, 0)
    return None


def quit_session(first: int) -> None:
    """Kill all that a run has left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(first, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # as its forks do
