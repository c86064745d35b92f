"""The verifier on the Triton kernels: what llmx.kernels.reference does, without its arrays."""

from __future__ import annotations

from torch import Tensor

from llmx.kernels.block import Block, Outcome, Pairs, Rule
from llmx.kernels.buffers import Buffers
from llmx.kernels.inputs import inputs_of, layout_of
from llmx.kernels.launch import launcher
from llmx.kernels.outcome import divergences_of, outcome_of
from llmx.kernels.plan import DEFAULT, Plan, Shape


def verify(
    block: Block, rule: Rule, report: tuple[str, ...] = (), shape: Shape = DEFAULT
) -> Outcome:
    """Verify a block; see :func:`llmx.kernels.dispatch.verify_block`."""
    plan = Plan.of(block, rule, report, shape)
    return outcome_of(plan, _ran(block, plan))


def measure(block: Pairs, names: tuple[str, ...], shape: Shape = DEFAULT) -> dict[str, Tensor]:
    """Compute divergences alone; see :func:`llmx.kernels.dispatch.divergence_of`."""
    plan = Plan.of(block, None, names, shape)
    return divergences_of(plan, _ran(block, plan))


def _ran(block: Pairs, plan: Plan) -> Buffers:
    """Return fresh buffers, written."""
    inputs, buffers = inputs_of(block, plan), Buffers.new(plan, block.target.device)
    launcher(plan, layout_of(inputs)).run(inputs, buffers)
    return buffers
