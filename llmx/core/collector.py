"""What Python's collector of cycles does to a clock."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def old_objects_set_aside() -> Iterator[None]:
    """Let the collector look at what is made inside alone.

    A full pass over the modules of torch takes a fifth of a second, and comes at the same answer in
    every run: two arms of one speed would differ by it.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
