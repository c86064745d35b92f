"""Products with fixed weights, packed for the processor where that pays.

On a CPU the packed product of oneDNN takes a block of tokens up to three times as fast as the
ordinary one (on processors that the ordinary one is not tuned for), and adds or multiplies a second
operand in passing. For one or two tokens its own overhead eats that up. So small weights are kept
in both forms.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

# Tokens from which the packed form is the faster one.
_BLOCK = 32
# Elements up to which a second copy of a weight is worth its memory (16 MiB).
_SMALL = 2**22


def can_pack() -> bool:
    """Whether this build of torch has the packed product."""
    return hasattr(torch.ops.mkldnn, "_reorder_linear_weight")


class Product:
    """``x @ weight.T`` for one weight, float32.

    Args:
        weight: (out, in); copied.
        pack: whether a packed copy is kept; None = where it pays.
    """

    def __init__(self, weight: Tensor, pack: bool | None = None) -> None:
        self.size = weight.shape[0]
        self.device = weight.device
        self.weight = weight.t().contiguous()
        small = weight.device.type == "cpu" and weight.numel() <= _SMALL
        wanted = small and can_pack() if pack is None else pack
        self.packed = torch.ops.mkldnn._reorder_linear_weight(weight) if wanted else None

    def __call__(self, x: Tensor) -> Tensor:
        """Return (N, out) for x (N, in)."""
        return self._alone(x, "none") if self._pays(x) else x @ self.weight

    def silu(self, x: Tensor) -> Tensor:
        """Return ``silu(x @ weight.T)``."""
        return self._alone(x, "swish") if self._pays(x) else F.silu(x @ self.weight, inplace=True)

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """Return ``other + x @ weight.T``; other (N, out)."""
        return self._paired(x, other, "add") if self._pays(x) else other.addmm(x, self.weight)

    def times(self, x: Tensor, other: Tensor) -> Tensor:
        """Return ``other * (x @ weight.T)``; other (N, out)."""
        return self._paired(x, other, "mul") if self._pays(x) else (x @ self.weight).mul_(other)

    def _pays(self, x: Tensor) -> bool:
        return self.packed is not None and len(x) >= _BLOCK

    def _alone(self, x: Tensor, then: Literal["none", "swish"]) -> Tensor:
        return _tensor(torch.ops.mkldnn._linear_pointwise(x, self.packed, None, then, [], ""))

    def _paired(self, x: Tensor, other: Tensor, how: Literal["add", "mul"]) -> Tensor:
        return _tensor(torch.ops.mkldnn._linear_pointwise(x, other, self.packed, None, how))


def _tensor(value: Any) -> Tensor:
    result: Tensor = value
    return result
