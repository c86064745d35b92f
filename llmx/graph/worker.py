"""A worker process: walks the graph of a specification and does what is free.

Started by :mod:`llmx.graph.workers` as ``python -m llmx.graph.worker SPEC CACHE PARENT``. Errors go
to the standard error as one JSON line, for the parent to show.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path

from llmx.core.errors import LlmxError
from llmx.core.spec import RunSpec
from llmx.graph.execute import execute
from llmx.graph.graph import build_graph
from llmx.graph.observer import SilentObserver
from llmx.store.files import read_json


def _end_with_parent(parent: int) -> None:
    """Stop when the parent is gone, however it ended: nobody would show this work's progress."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(spec_path: str, cache: str, parent: str) -> int:
    """Run every stage that is not a measurement; return the exit code."""
    _end_with_parent(int(parent))
    spec = RunSpec.model_validate(read_json(Path(spec_path)))
    try:
        graph = build_graph(spec)
        execute(graph, Path(cache), SilentObserver(), wanted=graph.before_timing)
    except LlmxError as error:
        found = {"message": error.message, "hint": error.hint, "code": error.exit_code}
    except Exception as error:
        trace = traceback.format_exc()
        found = {"message": f"{type(error).__name__}: {error}", "hint": "", "trace": trace}
    else:
        return 0
    print(json.dumps(found), file=sys.stderr)  # noqa: T201 - the channel to the parent
    return 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:4]))
