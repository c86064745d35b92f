"""Memory of answers that are over goes back to the system, and what stays is looked at no more."""

from __future__ import annotations

import ctypes
import gc
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_LARGE = 1 << 18  # bytes
_TOP = 1 << 24  # bytes


def return_large_blocks() -> bool:
    """Let large blocks be mapped one by one, and unmapped when they are freed.

    glibc raises its own bound, up to 32 MiB, each time such a block is freed. From then on the
    caches of answers come from the heap, between small objects that stay, and are zeroed in full
    where mapped memory is taken as it is written: several megabytes a stream that never return.

    Returns:
        Whether the allocator took it; others than glibc are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return False
    return bool(libc.mallopt(_M_MMAP_THRESHOLD, _LARGE) and libc.mallopt(_M_TRIM_THRESHOLD, _TOP))


def keep_what_is_loaded() -> None:
    """Take what is there now out of the rounds of the garbage collector.

    A full round over all modules and models stops every thread for a third of a second, and one
    body of many small lists brings it about.
    """
    gc.collect()
    gc.freeze()
