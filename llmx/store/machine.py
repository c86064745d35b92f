"""What machine this is (part of the identity of measurements, and of every manifest), how fast."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from llmx.core import json_text, user_cache

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


_measured: dict[str, Any] | None = None


def measure_as(found: dict[str, Any] | None) -> None:
    """Let measurements that this process plans be those of another machine; None = of this one."""
    global _measured
    _measured = found


def measured_machine() -> dict[str, Any]:
    """Return the machine that measurements are of."""
    return machine() if _measured is None else _measured


@dataclass(frozen=True)
class Forward:
    """What a step of a model takes on one core, by one forward.

    Attributes:
        step: seconds of a step besides its layers, for the loop around it.
        layer: seconds of a layer besides its arithmetic.
        operations: floating-point operations a second, in a step of few rows.
        prompt: the same over a prompt.
        start: seconds until its libraries are loaded.
        load: bytes of weights a second, from a file to a model that can step.
    """

    step: float
    layer: float
    operations: float
    prompt: float
    start: float
    load: float


@dataclass(frozen=True)
class Rates:
    """How fast a machine is, on one core.

    Attributes:
        bandwidth: bytes a second that are read from memory.
        operations: floating-point operations a second of a large product.
        call: seconds of a call from Python into torch.
        forwards: by ``engine.kernel``.
        measured: here, by ``llmx doctor --bench``; else they are assumed.
    """

    bandwidth: float
    operations: float
    call: float
    forwards: Mapping[str, Forward]
    measured: bool = True


# One core of a 2026 server (Xeon with AVX-512), as `llmx doctor --bench` sees it, rounded down.
# They are part of the cost model that says how many problems a large model gets: with another
# number here, the same command asks for other problems.
ASSUMED = Rates(
    bandwidth=1e10,
    operations=1e11,
    call=7e-7,
    forwards={
        "torch": Forward(
            step=2e-4, layer=1.5e-4, operations=2e10, prompt=6e10, start=3.5, load=2e8
        ),
        "native-1": Forward(
            step=5e-5, layer=2.5e-5, operations=5e10, prompt=6e10, start=0.5, load=3e8
        ),
    },
    measured=False,
)
# An A100 of 80 GB as its data sheet has it (2.0 TB/s, 312 TFLOP/s in bfloat16): 60 % of the first,
# 40 % of the second. What a layer takes besides is the dispatch of torch.
ASSUMED_GPU = Rates(
    bandwidth=1.2e12,
    operations=1.25e14,
    call=7e-7,
    forwards={
        "torch": Forward(
            step=5e-4, layer=1.5e-4, operations=1.25e14, prompt=1.25e14, start=10.0, load=1e9
        )
    },
    measured=False,
)
_RATES = "rates.json"


def keep_rates(rates: Rates) -> None:
    """Keep what was measured in the user's cache folder, with the machine that it is of."""
    user_cache.save(_RATES, json.dumps({"machine": machine(), "rates": asdict(rates)}).encode())


@once
def machine_rates() -> Rates:
    """Return the rates that were measured here; assumed ones where there are none to be read.

    A file that is damaged, or of another machine, counts for nothing.
    """
    try:
        kept = json_text.parse(user_cache.load(_RATES) or b"")
        if kept["machine"] != machine():
            return ASSUMED
        return _rates(kept["rates"])
    except (ValueError, TypeError, LookupError, AttributeError):
        return ASSUMED


def _rates(kept: Mapping[str, Any]) -> Rates:
    """Return rates of a file.

    Raises:
        ValueError, TypeError, LookupError: for one that holds no rates.
    """
    numbers = {name: _rate(name, kept[name]) for name in ("bandwidth", "operations", "call")}
    forwards = {
        str(kernel): Forward(**{name: _rate(name, value) for name, value in found.items()})
        for kernel, found in kept["forwards"].items()
    }
    if "torch" not in forwards:
        raise ValueError("every machine has a forward of torch")
    return Rates(**numbers, forwards=forwards, measured=True)


_MAY_BE_NOTHING = ("step", "layer", "start")


def _rate(name: str, value: Any) -> float:
    """Return a number that is one: finite, above zero where something is divided by it."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value < 1e30 or (value == 0 and name not in _MAY_BE_NOTHING):
        raise ValueError(f"{name}: {value} is no rate")
    return float(value)


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
