"""A Triton kernel whose launch is worked out once.

``kernel[grid](…)`` looks at every argument in every call, for what Triton would compile another
kernel for. Its answer, the compiled kernel, can be launched itself, ``compiled[grid](…)``: then
nothing is looked at, and addresses may be plain numbers. So whoever does that has to know that all
Triton looks at is as it was; see :func:`llmx.kernels.inputs.layout_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from operator import itemgetter
from typing import Any

# Triton's default differs by version.
_FUSION = {"enable_fp_fusion": True}
# Before it, a compiled kernel was launched without its compile-time arguments.
_SINCE = (3, 3)


class Bound:
    """One kernel, its grid, and where its arguments stand among all values of a call.

    Args:
        kernel: what ``triton.jit`` made.
        places: argument name -> index into the values.
    """

    def __init__(
        self,
        kernel: Any,
        grid: tuple[int, int, int],
        places: Mapping[str, int],
        warps: int,
    ) -> None:
        self.kernel, self.grid = kernel, grid
        self.options = {"num_warps": warps, **_FUSION}
        self._pick = itemgetter(*(places[name] for name in kernel.arg_names))
        self._direct: Callable[..., object] | None = None

    @property
    def ready(self) -> bool:
        """Whether :meth:`again` can be called. Never through the interpreter: it compiles none."""
        return self._direct is not None

    def first(self, values: Sequence[Any]) -> None:
        """Launch through Triton, which compiles what it has not yet; addresses are tensors."""
        compiled = self.kernel[self.grid](*self._pick(values), **self.options)
        self._direct = _direct(compiled, self.grid)

    def again(self, values: Sequence[Any]) -> None:
        """Launch what the first call compiled; addresses are numbers."""
        assert self._direct is not None
        self._direct(*self._pick(values))


def _direct(compiled: Any, grid: tuple[int, int, int]) -> Callable[..., object] | None:
    """Return the launcher of a compiled kernel; None where that is not known to be safe."""
    # AMD's backend also looks at how large a tensor's storage is.
    if compiled is None or compiled.metadata.target.backend != "cuda" or _version() < _SINCE:
        return None
    launcher: Callable[..., object] = compiled[grid]
    return launcher


@lru_cache(maxsize=1)
def _version() -> tuple[int, ...]:
    return tuple(int(part) for part in version("triton").split(".")[:2])
