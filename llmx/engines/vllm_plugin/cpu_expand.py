"""A defect of vLLM's CPU build, put right: without it speculative sampling is word salad.

``_expand_kernel_impl`` in ``vllm/utils/cpu_triton_utils.py`` (0.32) gives its C++ kernel an int64
*copy* of a float output and never writes it back, so that temperature, top-k and top-p of every
request with drafted tokens are uninitialised memory.
"""

from __future__ import annotations

from typing import Any

_KERNEL = "vllm.v1.sample.rejection_sampler.expand_kernel"


def expand(
    output: Any, values: Any, ends: Any, replace_from: Any, replace_to: Any, _: Any = None
) -> None:
    """Repeat the value of each request for each of its drafted tokens, in place.

    Args:
        output: (tokens,), written.
        values: (requests,), of the dtype of `output`.
        ends: (requests,), number of drafted tokens up to and with each request.
        replace_from, replace_to: a value, and what stands for it.
    """
    import torch

    counts = torch.diff(ends, prepend=ends.new_zeros(1))
    replaced = torch.where(values == replace_from, replace_to, values)
    output.copy_(replaced.repeat_interleave(counts))


def mend() -> bool:
    """Put :func:`expand` in the place of vLLM's; False where there is nothing to mend."""
    from vllm.platforms import current_platform
    from vllm.triton_utils import HAS_TRITON

    if not current_platform.is_cpu() or HAS_TRITON:
        return False
    from vllm.triton_utils.dispatcher import _registry, register_kernels
    from vllm.utils import cpu_triton_utils

    cpu_triton_utils._expand_kernel_impl = expand
    if _KERNEL in _registry:  # otherwise vLLM registers what now stands there
        register_kernels({_KERNEL: expand})
    return True
