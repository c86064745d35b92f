"""The verifier of a drafted block, fused: from two rows of logits to lengths and tokens.

On CUDA a few Triton kernels, elsewhere the torch reference; see docs/kernels.md. Importing this
loads neither Triton nor a CUDA context.
"""

from llmx.kernels.block import Block, Outcome, Pairs, Rule
from llmx.kernels.dispatch import divergence_of, fuses, verify_block

__all__ = ["Block", "Outcome", "Pairs", "Rule", "divergence_of", "fuses", "verify_block"]
