"""vLLM's processes on a CPU nap while they wait for each other, where they would spin.

An engine of the CPU build (0.32) is three processes. For a second after each message those that
compute ask for the next one without a pause (``vllm/distributed/device_communicators/
shm_broadcast.py``, with ``sched_yield``). Where cores are shared that takes them from those who
work, and in the process that spins it takes the interpreter's lock from the thread that sends
tokens out: they then come in bursts, or all at the end of the answer.
"""

from __future__ import annotations

import time

_NAP = 1e-4  # seconds, between two looks; a step of the smallest model takes ten times as long


def nap() -> None:
    """Leave the core, and the interpreter's lock, to others for a moment."""
    time.sleep(_NAP)


def mend() -> bool:
    """Put :func:`nap` in the place of ``sched_yield``; False where there is a GPU."""
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return False
    from vllm.distributed.device_communicators import shm_broadcast

    shm_broadcast.sched_yield = nap
    return True
