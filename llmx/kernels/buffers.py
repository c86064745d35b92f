"""The arrays that the kernels write: some for each other, some for the caller."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from llmx.kernels.plan import KernelPlan

NAMES = ("stats", "parts", "notes", "masses", "best", "accept", "length", "token")


# Told apart by identity: a graph writes into its own.
@dataclass(frozen=True, eq=False)
class Buffers:
    """One call's worth of them.

    Attributes:
        stats, parts, masses, best: of chunks, from kernel to kernel.
        notes: float32 (14, B, K), normalisers, chances and divergences.
        accept: int8 (B, K).
        length, token: int64 (B,).
    """

    stats: Tensor
    parts: Tensor
    notes: Tensor
    masses: Tensor
    best: Tensor
    accept: Tensor
    length: Tensor
    token: Tensor

    @classmethod
    def new(cls, plan: KernelPlan, device: torch.device) -> Buffers:
        """Allocate them; imports Triton."""
        from llmx.kernels.fused import accept, compare, draw, survey

        rows, pairs, chunks = plan.rows, plan.pairs, plan.chunks

        def make(*shape: int, kind: torch.dtype = torch.float32) -> Tensor:
            return torch.empty(shape, dtype=kind, device=device)

        return cls(
            stats=make(survey.PLANES, pairs, chunks),
            parts=make(compare.PARTS, pairs, chunks),
            notes=make(accept.NOTES, rows, plan.width),
            masses=make(draw.MASSES, rows, chunks),
            best=make(max(pairs, rows), chunks, kind=torch.int32),
            accept=make(rows, plan.width, kind=torch.int8),
            length=make(rows, kind=torch.int64),
            token=make(rows, kind=torch.int64),
        )

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """All of them, in the order of :data:`NAMES`."""
        return tuple(getattr(self, name) for name in NAMES)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Return where they lie."""
        return tuple(one.data_ptr() for one in self.tensors)
