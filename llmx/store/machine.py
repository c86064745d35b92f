"""What machine this is: part of the identity of measurements, and of every manifest."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
Found = TypeVar("Found")

_SEEN: ContextVar[dict[Hashable, object] | None] = ContextVar("seen", default=None)


@contextmanager
def looking_once() -> Iterator[None]:
    """Take what was seen of a file for what it is until the end; a plan is of one moment."""
    if _SEEN.get() is not None:
        yield
        return
    token = _SEEN.set({})
    try:
        yield
    finally:
        _SEEN.reset(token)


def once(look: Callable[P, Found]) -> Callable[P, Found]:
    """Let a function of hashable values look once within :func:`looking_once`, else each time."""

    @wraps(look)
    def seen(*args: P.args, **kwargs: P.kwargs) -> Found:
        known = _SEEN.get()
        if known is None:
            return look(*args, **kwargs)
        key = (look, args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = look(*args, **kwargs)
        return cast(Found, known[key])

    return seen


@lru_cache(maxsize=1)
def machine() -> dict[str, Any]:
    """Return what a timing depends on: processor, cores, memory, accelerators (by driver files)."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(_memory_bytes() / 2**30),
        "accelerators": _accelerators(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0


def device_memory(device: str) -> int | None:
    """Return the bytes of a device (``cpu``, ``cuda``, ``cuda:1``, ``auto``); None if unknown."""
    if device == "auto":
        device = "cuda" if _accelerators() else "cpu"
    if device.startswith("cuda"):
        found = _gpu_bytes()
        place = int(device.partition(":")[2] or 0)
        return found[place] if place < len(found) else None
    return min(_memory_bytes(), _container_bytes()) or None


def _container_bytes() -> int:
    """Return the limit of a container, which the machine's own number does not show."""
    try:
        return int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):
        return sys.maxsize


@lru_cache(maxsize=1)
def _gpu_bytes() -> tuple[int, ...]:
    """Ask the driver's own tool: torch would take seconds, and a context on the device."""
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return tuple(int(line) * 2**20 for line in done.stdout.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def _accelerators() -> list[str]:
    """Name NVIDIA devices without importing torch, from what the driver shows."""
    found = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    lines = (line for path in found for line in path.read_text().splitlines())
    return [line.partition(":")[2].strip() for line in lines if line.startswith("Model")]
