"""Whether this machine has the compiled forward, for whoever asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ForwardFound:
    """What was found: the kernel and its build, or why there is none (then ``build`` is None)."""

    kernel: str
    build: str | None
    trouble: str


def forward_found() -> ForwardFound:
    """Look for the compiled forward, which is built if that has not been done."""
    from llmx.engines.kernel import NATIVE, TORCH
    from llmx.engines.native.build import best_build, trouble

    why = trouble()
    return ForwardFound(TORCH, None, why) if why else ForwardFound(NATIVE, best_build(), "")
