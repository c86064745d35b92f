"""One entry for every device: Triton on CUDA, torch elsewhere."""

from __future__ import annotations

from importlib.util import find_spec

import torch
from torch import Tensor

from llmx.core.errors import ConfigError
from llmx.kernels import on_device, reference
from llmx.kernels.block import Block, Outcome, Pairs, Rule, check_names


def fuses(device: torch.device) -> bool:
    """Whether work on this device goes to the Triton kernels. Imports nothing."""
    return device.type == "cuda" and find_spec("triton") is not None


def verify_block(block: Block, rule: Rule, report: tuple[str, ...] = ()) -> Outcome:
    """Decide a drafted block, and draw the token that follows what stands.

    Nothing waits for the device, so that the call can be captured in a CUDA graph.

    Args:
        report: divergences to return besides the one that decides.

    Raises:
        ConfigError: for an unknown divergence, or a fuzzy rule without thresholds.
    """
    check_names(report)
    if rule.fuzzy and block.threshold is None:
        text = f"semantics={rule.semantics} without a threshold"
        raise ConfigError(text, "give Block.threshold, float32 (B, K)")
    if not fuses(block.target.device):
        return reference.verify(block, rule, report)
    with torch.cuda.device(block.target.device):
        return on_device.verify(block, rule, report)


def divergence_of(pairs: Pairs, names: tuple[str, ...]) -> dict[str, Tensor]:
    """Return divergences of raw logits (temperature 1, nothing cut off), name -> float32 (B, K).

    Raises:
        ConfigError: for an unknown divergence.
    """
    check_names(names)
    if not fuses(pairs.target.device):
        return reference.measure(pairs, names)
    with torch.cuda.device(pairs.target.device):
        return on_device.measure(pairs, names)
