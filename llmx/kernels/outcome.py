"""What the kernels wrote, as the verifier's answer: views of the buffers, nothing computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from llmx.kernels.block import DIVERGENCES, Outcome
from llmx.kernels.buffers import Buffers
from llmx.kernels.plan import LN2, ORDER, KernelPlan

# Where a normaliser stands in the notes: its maximum, and the base-2 log of the mass about it.
_RAW = {"target": (0, 2), "draft": (1, 3)}
_WARPED = {"target_warped": (0, 4), "draft_warped": (1, 5)}


class Normalisers(Mapping[str, Tensor]):
    """Log-sum-exps, float32 (B, K); each is computed when it is asked for, from what stands then.

    Two torch kernels or three a normaliser, that most callers never read.
    """

    def __init__(self, plan: KernelPlan, notes: Tensor) -> None:
        self._notes, self._scale = notes, plan.scale
        self._known = dict(_RAW) if plan.names else {}
        if plan.ratio:
            self._known |= _WARPED
        if plan.ratio and plan.one_hot:
            del self._known["draft_warped"]

    def __getitem__(self, name: str) -> Tensor:
        top, mass = self._known[name]
        scale = self._scale if name in _WARPED else 1.0
        return self._notes[top] * scale + self._notes[mass] * LN2

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def outcome_of(plan: KernelPlan, buffers: Buffers) -> Outcome:
    """Return the answer; it changes with the buffers."""
    return Outcome(
        divergences=divergences_of(plan, buffers),
        normalisers=Normalisers(plan, buffers.notes),
        chances=buffers.notes[6:8] if plan.ratio else None,
        accept=buffers.accept.view(torch.bool),
        length=buffers.length,
        token=buffers.token,
    )


def divergences_of(plan: KernelPlan, buffers: Buffers) -> dict[str, Tensor]:
    """Return name -> float32 (B, K)."""
    return {name: buffers.notes[8 + ORDER[name]] for name in DIVERGENCES if name in plan.names}
