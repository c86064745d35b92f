"""One process of a training that accelerate launched; see `launch.py`."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from llmx.core.errors import LlmxError
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.store.files import read_json
from llmx.store.lock import Lock
from llmx.train.course.launch import LOCK


class _Lines:
    """Progress as JSON lines on the standard output."""

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        _say("start", total, done)

    def advance(self, amount: int = 1) -> None:
        _say("advance", amount)

    def note(self, text: str) -> None:
        _say("note", text)

    def scored(self, correct: int, of: int) -> None:
        """A training scores no answers."""


def _say(*words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _end_with(parent: int) -> None:
    """Stop when the process that holds the stage's lock is gone, however it ended."""

    def watch() -> None:
        while _alive(parent):
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _context(about: dict[str, Any]) -> StageContext:
    arms = {name: ArmSpec.model_validate(arm) for name, arm in about["arms"].items()}
    stages = {name: StageSpec.model_validate(one) for name, one in about["stages"].items()}
    given = StageInput(StageSpec.model_validate(about["stage"]), arms, stages=stages)
    inputs = {name: Path(folder) for name, folder in about["inputs"].items()}
    return StageContext(given, about["identity"], inputs, Path(about["out"]), _Lines())


def main(path: str) -> int:
    """Do the steps; return the exit code."""
    about = read_json(Path(path))
    if about["machine"] == socket.gethostname():  # elsewhere the launcher ends what it started
        _end_with(about["parent"])
    context = _context(about)
    lock = Lock(context.out / LOCK)
    while int(os.environ.get("RANK", 0)) == 0 and not lock.try_acquire():
        time.sleep(0.2)
    stage = lookup("stage", context.given.stage.kind)()
    try:
        stage.steps(context)
    except LlmxError as error:
        found = {"message": error.message, "hint": error.hint, "told": True}
    except Exception as error:
        traceback.print_exc()
        found = {"message": f"{type(error).__name__}: {error}", "hint": "", "told": False}
    else:
        return 0
    sys.stderr.write(json.dumps(found) + "\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
