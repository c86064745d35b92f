"""A training in several processes: ``accelerate launch`` with a configuration file of the user's.

The launched processes do the steps (`launched.py`); this one shows their progress, and writes the
model when they are done. What the file says (FSDP, DeepSpeed, machines) is accelerate's business.
Byte-equal resumption is promised for one process on a CPU. Two on a CPU are tested to keep it as
well (``tests/training/test_launch_killed.py``); of GPUs nothing is said.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from llmx.core.errors import ConfigError, LlmxError, RunError
from llmx.core.progress import Progress
from llmx.core.stage import StageContext
from llmx.core.user_cache import at_home
from llmx.store.files import write_json
from llmx.store.lock import Lock

LOCK = "launched.lock"
TOLD = "launched.json"
_POLL = 0.2
_GOES_ON = "the same command resumes"
# As torch's launcher tells it; SIGTERM is its own, to those who are left.
_ENDED = re.compile(r"exitcode *: -(\d+) ")


def launch(context: StageContext, configuration: str) -> None:
    """Run the steps of a training in processes of accelerate's, and wait for them.

    Raises:
        ConfigError: if the configuration file is not there.
        RunError: what the first failing process reported.
    """
    path = at_home(configuration)
    if not path.is_file():
        raise ConfigError(
            f"accelerate: {configuration} is no file", "`accelerate config` makes one"
        )
    _wait_for_the_last(context.out)
    about = context.out / TOLD  # beside the checkpoints: other machines read it too
    write_json(about, _packed(context))
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            _command(path, about),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # No process imports from the folder that somebody works in.
            env={**os.environ, "PYTHONSAFEPATH": "1"},
        )
        try:
            _relay(process.stdout, context.progress)
        finally:
            process.terminate()
            code = process.wait()
        if code:
            raise _error(errors, code)


def _wait_for_the_last(out: Path) -> None:
    """Processes of an earlier try end with their parent, within a second: let them."""
    lock = Lock(out / LOCK)
    while not lock.try_acquire():
        time.sleep(_POLL)
    lock.release()


def _command(configuration: Path, about: Path) -> list[str]:
    launcher = [sys.executable, "-m", "accelerate.commands.launch"]
    module = ["-m", "llmx.train.course.launched"]
    return [*launcher, "--config_file", str(configuration), *module, str(about)]


def _packed(context: StageContext) -> dict[str, Any]:
    given = context.given
    return {
        "stage": given.stage.model_dump(mode="json"),
        "stages": {name: one.model_dump(mode="json") for name, one in given.stages.items()},
        "arms": {name: arm.model_dump(mode="json") for name, arm in given.arms.items()},
        "identity": context.identity,
        "inputs": {name: str(folder) for name, folder in context.inputs.items()},
        "out": str(context.out),
        "parent": os.getpid(),
        "machine": socket.gethostname(),
    }


def _relay(lines: IO[str] | None, progress: Progress) -> None:
    """Pass on what the processes say of their progress; anything else on the channel is theirs."""
    for line in lines or ():
        try:
            word, *values = json.loads(line)
        except (ValueError, TypeError):
            continue
        if word == "start":
            progress.start(values[0], values[1], "steps")
        elif word == "advance":
            progress.advance(values[0])
        elif word == "note":
            progress.note(values[0])


def _error(errors: IO[str], code: int) -> LlmxError:
    """Return what went wrong first: of two processes the one that lives on reports a lost peer."""
    errors.seek(0)
    text = errors.read()
    reports = [found for line in text.splitlines() if (found := _report(line)) is not None]
    told = next((one for one in reports if one["told"]), None)
    ended = next((n for n in _ENDED.findall(text) if int(n) != signal.SIGTERM), None)
    if told is None and ended is not None:
        return RunError(f"a process of the training was ended by signal {ended}", _GOES_ON)
    for found in (told, *reports):
        if found is not None:
            return RunError(found["message"], found["hint"])
    last = next((line for line in reversed(text.splitlines()) if line.strip()), f"exit code {code}")
    return RunError(f"accelerate launch failed: {last.strip()}", _GOES_ON)


def _report(line: str) -> dict[str, Any] | None:
    """Return what a process said of its end; anything else on the channel is its libraries'."""
    try:
        found = json.loads(line)
        return {name: found[name] for name in ("message", "hint", "told")}
    except (ValueError, KeyError, TypeError):
        return None
