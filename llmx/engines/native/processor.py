"""Which build of the compiled forward a processor can run."""

from __future__ import annotations

import platform
from functools import lru_cache
from pathlib import Path

# By preference. Never -march=native: a cache folder may be shared by machines.
_X86 = {
    "avx512": ({"avx512f", "avx2", "fma"}, ("-mavx512f", "-mavx2", "-mfma")),
    "avx2": ({"avx2", "fma"}, ("-mavx2", "-mfma")),
}
FLAGS: dict[str, tuple[str, ...]] = {name: flags for name, (_, flags) in _X86.items()}
FLAGS |= {"neon": (), "plain": ()}
"""Build → what the compiler is told. ``plain`` runs anywhere, slowly: tests compare bits."""


@lru_cache(maxsize=1)
def best_build() -> str | None:
    """Return the fastest build for this processor, None where there is none."""
    if platform.machine() in ("aarch64", "arm64"):
        return "neon"
    if platform.machine() not in ("x86_64", "AMD64"):
        return None
    has = features()
    return next((name for name, (needs, _) in _X86.items() if needs <= has), None)


def features() -> set[str]:
    """Return what the processor says it has, as Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())
