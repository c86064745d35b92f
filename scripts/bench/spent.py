"""What a process takes: processor seconds, seconds by the wall clock, and its largest memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path


@dataclass(frozen=True)
class Spent:
    """Of a process and those that it waited for.

    Attributes:
        processor: seconds, user and system, of all together.
        megabytes: resident, of the largest.
    """

    processor: float
    wall: float
    megabytes: float


# Linux counts what the process held that made a new one as held by that one too. So a small one
# makes it: whoever measures may be large.
_SMALL = """
import json, os, subprocess, sys
made = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(made.pid, 0)
made.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps([made.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""


def spent(command: Sequence[str], environment: Mapping[str, str]) -> Spent:
    """Run a command to its end; its output goes to a file beside nothing else.

    Raises:
        SystemExit: with what it said, if it fails.
    """
    errors = Path(environment["LLMX_RUNS"]).parent / "errors.txt"
    begun = time.perf_counter()
    with errors.open("wb") as said:
        told = subprocess.run(
            [sys.executable, "-S", "-c", _SMALL, *command],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ).stdout
    code, seconds, kilobytes = json.loads(told)
    if code:
        raise SystemExit(f"{' '.join(command)[:200]}\n{errors.read_text()}")
    return Spent(seconds, time.perf_counter() - begun, kilobytes / 1000)


def exponent(sizes: Sequence[int], found: Sequence[Spent], start: Spent) -> float:
    """Return p of processor seconds ~ size^p, through the two largest sizes.

    Args:
        start: the same work on next to nothing, which is taken off: it is mostly imports. Below the
            two largest sizes it is most of the seconds, and what is left is noise.
    """
    above = [max(one.processor - start.processor, 1e-3) for one in found]
    *_, (small, few), (large, many) = sorted(zip(sizes, above, strict=True))
    return log(many / few) / log(large / small)
