"""One entry for every device: Triton on CUDA, torch elsewhere."""

from __future__ import annotations

import torch
from torch import Tensor

from llmx.kernels import reference
from llmx.kernels.block import Block, Outcome, Pairs, Rule, check_names, check_threshold
from llmx.kernels.buffers import Buffers
from llmx.kernels.device import fuses
from llmx.kernels.inputs import inputs_of, layout_of
from llmx.kernels.launch import launcher
from llmx.kernels.outcome import divergences_of, outcome_of
from llmx.kernels.plan import DEFAULT, KernelPlan, Shape


def verify(
    block: Block, rule: Rule, report: tuple[str, ...] = (), shape: Shape = DEFAULT
) -> Outcome:
    """Verify a block; see :func:`llmx.kernels.dispatch.verify_block`."""
    plan = KernelPlan.of(block, rule, report, shape)
    return outcome_of(plan, _ran(block, plan))


def measure(block: Pairs, names: tuple[str, ...], shape: Shape = DEFAULT) -> dict[str, Tensor]:
    """Compute divergences alone; see :func:`llmx.kernels.dispatch.divergence_of`."""
    plan = KernelPlan.of(block, None, names, shape)
    return divergences_of(plan, _ran(block, plan))


def _ran(block: Pairs, plan: KernelPlan) -> Buffers:
    """Return fresh buffers, written."""
    inputs, buffers = inputs_of(block, plan), Buffers.new(plan, block.target.device)
    launcher(plan, layout_of(inputs)).run(inputs, buffers)
    return buffers


def verify_block(block: Block, rule: Rule, report: tuple[str, ...] = ()) -> Outcome:
    """Decide a drafted block, and draw the token that follows what stands.

    Nothing waits for the device, so that the call can be captured in a CUDA graph. What it returns
    is the caller's; :class:`llmx.kernels.Verifier` writes into the same arrays call after call.

    Args:
        report: divergences to return besides the one that decides.

    Raises:
        ConfigError: for an unknown divergence, or a rule by divergence without thresholds.
    """
    check_names(report)
    check_threshold(block, rule)
    if not fuses(block.target.device):
        return reference.verify(block, rule, report)
    with torch.cuda.device(block.target.device):
        return verify(block, rule, report)


def divergence_of(pairs: Pairs, names: tuple[str, ...]) -> dict[str, Tensor]:
    """Return divergences of raw logits (temperature 1, nothing cut off), name -> float32 (B, K).

    Raises:
        ConfigError: for an unknown divergence.
    """
    check_names(names)
    if not fuses(pairs.target.device):
        return reference.measure(pairs, names)
    with torch.cuda.device(pairs.target.device):
        return measure(pairs, names)
