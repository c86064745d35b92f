"""One stretch of memory for all weights of a model, in large pages where the system has them.

A forward reads every weight once. In pages of 4 KiB that is more of them than a processor knows by
heart, and looking pages up takes longer than the reading.
"""

from __future__ import annotations

import mmap
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

_LINE = 64  # bytes of a line of the processor's cache
_PAGE = 2**21


class Arena:
    """Memory for `numbers` float32, handed out piece by piece; it lives as long as they do."""

    def __init__(self, numbers: int) -> None:
        # Pieces begin at a line, and the first at a large page.
        size = 4 * numbers + 4096 * _LINE + 2 * _PAGE
        room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with suppress(OSError, ValueError, AttributeError):
            room.madvise(mmap.MADV_HUGEPAGE)
        self._bytes = np.frombuffer(room, np.uint8)
        self._next = -self._bytes.ctypes.data % _PAGE

    def zeros(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return zeros that begin at a line of the processor's cache.

        Raises:
            MemoryError: if more is asked for than was said.
        """
        size = 4 * int(np.prod(shape))
        first, self._next = self._next, self._next + -(-size // _LINE) * _LINE
        if self._next > len(self._bytes):
            raise MemoryError("the weights are larger than their shape says")
        return self._bytes[first : first + size].view(np.float32).reshape(shape)
