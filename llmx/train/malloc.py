"""What the C library does with memory that a training on a CPU frees at every step.

By default glibc gives it back to the kernel, which fills it with zeros when the next step asks
again (docs/training.md says what that costs).
"""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # parameters of mallopt, by glibc's malloc.h
_KEPT = 512 << 20  # bytes at the end of the heap that stay with the process
_OWN_MAPPING = 32 << 20  # bytes; the largest value that glibc takes


def keep_freed_memory() -> bool:
    """Let glibc keep up to 512 MiB that were freed; whether it does.

    It is set for the whole process. What the environment says of glibc's malloc stands, and another
    C library is left alone.
    """
    told = [name for name in os.environ if name.startswith("MALLOC_") and name.endswith("_")]
    if told or "malloc" in os.environ.get("GLIBC_TUNABLES", "") or not _glibc():
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_THRESHOLD, _OWN_MAPPING) and mallopt(_TRIM_THRESHOLD, _KEPT))


def _glibc() -> bool:
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")
