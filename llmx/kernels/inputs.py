"""What a call of the kernels is given, in one order; and what of it a compiled kernel rests on."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor

from llmx.kernels.block import Block, Pairs
from llmx.kernels.plan import KernelPlan

NAMES = (
    *("target", "draft", "target_edge", "draft_edge", "tokens"),
    *("keys", "position", "valid", "threshold"),
)
Inputs: TypeAlias = tuple[Tensor | None, ...]
Layout: TypeAlias = tuple[tuple[torch.device, torch.dtype, tuple[int, ...], bool] | None, ...]
# Triton compiles another kernel for a pointer that is a multiple of this.
_ALIGNED = 16


def inputs_of(block: Pairs, plan: KernelPlan) -> Inputs:
    """Return the tensors of a block in the order of :data:`NAMES`; None for what is not read.

    Small ones are packed. Logits and thresholds are taken with whatever strides they have.
    """
    if not isinstance(block, Block):
        return (block.target, block.draft, None, None, block.tokens.contiguous(), *[None] * 4)
    small = (block.tokens, block.keys, block.position, block.valid)
    packed = (one.contiguous() for one in small)
    return (block.target, block.draft, *_edges(block, plan), *packed, block.threshold)


def _edges(block: Block, plan: KernelPlan) -> tuple[Tensor | None, Tensor | None]:
    """Return the edges that are read: an arg-max needs none, nor does a one-hot draft."""
    if plan.rule is None or plan.rule.greedy:
        return None, None
    reads_draft = plan.ratio and not plan.one_hot and block.width > 0
    return _packed(block.target_edge), _packed(block.draft_edge) if reads_draft else None


def _packed(values: Tensor | None) -> Tensor | None:
    return None if values is None else values.contiguous()


def layout_of(inputs: Inputs) -> Layout:
    """Return what Triton compiles for, beyond the plan: inputs of one layout share their kernels.

    That is the type, whether an address is a multiple of 16, and numbers' values: the strides.
    """
    return tuple(
        None if x is None else (x.device, x.dtype, x.stride(), x.data_ptr() % _ALIGNED == 0)
        for x in inputs
    )


def places_of(inputs: Inputs) -> tuple[int | None, ...]:
    """Return where the inputs lie, None for what is not read."""
    return tuple(None if x is None else x.data_ptr() for x in inputs)
