"""Compiles every kernel for a GPU that is not there: launches are met by a stub of a driver.

Run by test_kernels.py in a process of its own: python compile_ahead.py CAPABILITY.
"""

import sys

import oracle
import torch
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
from triton.runtime.jit import JITFunction

from llmx.kernels import Rule, dispatch
from llmx.kernels.block import DIVERGENCES


class Stub:
    """A driver that knows its target and nothing else."""

    def get_current_target(self):
        return GPUTarget("cuda", int(sys.argv[1]), 32)

    def get_current_device(self):
        return 0

    def get_current_stream(self, device):
        return 0


driver.set_active(Stub())
compiled = []
launch = JITFunction.run


def compile_only(self, *args, warmup, **rest):
    compiled.append(self.__name__)
    # What was compiled is not handed back: it would be bound, and loaded.
    launch(self, *args, warmup=True, **rest)


JITFunction.run = compile_only
for kind, semantics, temperature in (
    (torch.bfloat16, "fallback", 0.6),
    (torch.float32, "research", 1.0),
    (torch.float16, "union", 0.0),
):
    block = oracle.block(*oracle.fresh(2, 2, 5000, kind=kind))
    dispatch.verify(block, Rule(semantics, "js", temperature), DIVERGENCES)
block = oracle.block(
    *oracle.fresh(2, 2, 50), target_edge=torch.zeros(2, 3), draft_edge=torch.zeros(2, 2)
)
dispatch.verify(block, Rule("speculative"))
dispatch.verify(block, Rule("speculative", one_hot_draft=True))
print(*compiled)
