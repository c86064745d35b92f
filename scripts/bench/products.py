"""Part 4: what the processor reaches, by products of torch and of the compiled library.

They are measured in turns with the decoding that is held against the best of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from bench.clock import Lap, timed
from bench.spans import Span, median
from llmx.engines.native.model import at, functions
from llmx.engines.native.weights import PANEL, panels

_SHAPES = ((8, 576, 1536), (48, 160, 448), (48, 576, 1536), (256, 576, 1536), (384, 1024, 1024))


class Products:
    """Products to time; each sample takes every one of them once."""

    def __init__(self, repeats: int) -> None:
        self.calls: dict[str, tuple[float, Callable[[], Any]]] = {}
        for shape in _SHAPES:
            name = "×".join(map(str, shape))
            flops = 2.0 * shape[0] * shape[1] * shape[2]
            self.calls[f"{name} (torch)"] = flops, torchs(*shape)
            self.calls[f"{name} (native)"] = flops, natives(*shape)
        self.repeats = repeats
        self.laps: dict[str, list[tuple[float, Lap]]] = {name: [] for name in self.calls}

    def sample(self) -> None:
        """Time each product, as often as makes some ten milliseconds."""
        for name, (flops, call) in self.calls.items():
            often = max(1, min(10 * self.repeats, int(1e9 // flops)))
            call()
            _, lap = timed(partial(_repeat, call, often))
            self.laps[name].append((flops * often, lap))

    def best(self, clock: str) -> str:
        """Return the product with the highest median rate."""
        return max(self.laps, key=lambda name: self.rate(name, clock).value)

    def rate(self, name: str, clock: str) -> Span:
        """Return GFLOP/s."""
        return median([flops / lap.by(clock) / 1e9 for flops, lap in self.laps[name]])


def _repeat(call: Callable[[], Any], often: int) -> None:
    for _ in range(often):
        call()


def torchs(rows: int, inner: int, out: int) -> Callable[[], Any]:
    """Return torch's product of a shape, into memory that is there."""
    x, w, y = torch.randn(rows, inner), torch.randn(inner, out), torch.empty(rows, out)
    return lambda: torch.mm(x, w, out=y)


def natives(rows: int, inner: int, out: int) -> Callable[[], Any]:
    """Return the compiled library's product of a shape."""
    draws = np.random.default_rng(0)
    x = draws.standard_normal((rows, inner), np.float32)
    w = panels(draws.standard_normal((out, inner), np.float32))
    y = np.empty((rows, len(w) * PANEL), np.float32)
    product = functions().llmx_product

    def call() -> np.ndarray[Any, np.dtype[np.float32]]:
        product(rows, at(x), inner, at(w), len(w), at(y))
        return y[:, :out]

    return call
