"""Start of the worker process."""

from __future__ import annotations

import asyncio
import os
import signal

from llmx.engines.vllm_plugin.register import DIE
from llmx.engines.vllm_worker.channel import Channel
from llmx.engines.vllm_worker.serve import EngineService


def main() -> None:
    """Serve until the input ends; Ctrl-C is the business of the process that started this one."""
    os.environ[DIE] = str(os.getpid())
    os.environ.setdefault("VLLM_USE_V2_MODEL_RUNNER", "0")
    # A forked child would not load plugins again, and miss what DIE asks for.
    os.environ["VLLM_WORKER_MULTIPROC_METHOD"] = "spawn"
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel()
    try:
        asyncio.run(EngineService(channel).run())
    finally:
        # Threads of libraries may hang on exit; all processes below end with this one.
        os._exit(0)


if __name__ == "__main__":
    main()
