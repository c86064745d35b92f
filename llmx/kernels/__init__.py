"""The verifier of a drafted block, fused: from two rows of logits to lengths and tokens.

On CUDA a few Triton kernels, elsewhere the torch reference; see docs/kernels.md. Importing this
loads neither Triton nor a CUDA context.
"""

from llmx.kernels.block import Block, Outcome, Pairs, Rule
from llmx.kernels.device import fuses
from llmx.kernels.dispatch import divergence_of, verify_block
from llmx.kernels.verifier import Verifier

__all__ = ["Block", "Outcome", "Pairs", "Rule", "Verifier"]
__all__ += ["divergence_of", "fuses", "verify_block"]
