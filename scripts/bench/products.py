"""Part 4: the arithmetic of SD at the larger batch, as a share of the best product.

The best product is measured in turns with the decoding, by torch at several shapes and by the
compiled library at those of a model. The arithmetic is 2 × parameters × tokens fed to each model,
prefill counted; a second figure leaves out heads of tokens whose logits nobody asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from bench.arms import Cell
from bench.book import Book
from bench.clock import CLOCKS, Lap, timed
from bench.decoding import Timing, Timings, units
from bench.models import Models
from bench.spans import Span, median, ratio_of_rates
from llmx.engines.native.cache import NativeCache
from llmx.engines.native.calls import at, functions
from llmx.engines.native.model import NativeLlama
from llmx.engines.native.weights import PANEL, panels
from llmx.methods.decode import decode_refill
from llmx.methods.decode.block_model import Drafted, DraftJob

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


@dataclass
class Fed:
    """Tokens that went into a model, and rows of logits that came out."""

    tokens: int = 0
    logits: int = 0


class Counted(NativeLlama):
    """The compiled forward, counting."""

    fed: Fed

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fed = Fed()

    def forward(self, tokens: torch.Tensor, start: torch.Tensor, cache: NativeCache) -> Any:
        """Count and pass on."""
        self.fed.tokens += tokens.numel()
        self.fed.logits += tokens.numel()
        return super().forward(tokens, start, cache)

    def prefill(self, tokens: torch.Tensor, rows: torch.Tensor, cache: NativeCache) -> None:
        """Count and pass on."""
        self.fed.tokens += tokens.numel()
        super().prefill(tokens, rows, cache)

    def draft(self, cache: NativeCache, job: DraftJob) -> Drafted:
        """Count and pass on: a row that drafts is fed its last two tokens, and all but its last."""
        most = np.minimum(job.most, job.u.shape[1])
        self.fed.tokens += int((most[most > 0] + 1).sum())
        self.fed.logits += int(most.clip(min=0).sum())
        return super().draft(cache, job)


@dataclass(frozen=True)
class Work:
    """Floating-point operations of a unit, as 2 × parameters × tokens and as really multiplied."""

    whole: float
    done: float


def count(models: Models, cell: Cell) -> list[Work]:
    """Decode the units of a cell once more, counting."""
    pair = models.native(Counted)
    options = models.options(cell.loop, cell.temperature)
    found = []
    for seed, part in units(models.settings, cell.batch):
        prompts, ids = [models.prompts[one] for one in part], [str(one) for one in part]
        pair.target.fed, pair.draft.fed = Fed(), Fed()  # type: ignore[attr-defined]
        decode_refill(pair.target, pair.draft, prompts, ids, options, seed, slots=cell.batch)
        found.append(_work(pair.target, pair.draft))
    return found


def _work(*pair: Any) -> Work:
    whole = done = 0.0
    for model in pair:
        head = model.shape.hidden * model.shape.vocabulary
        layers = model.shape.layers * _layer(model)
        whole += 2.0 * (layers + head) * model.fed.tokens
        done += 2.0 * (layers * model.fed.tokens + head * model.fed.logits)
    return Work(whole, done)


def _layer(model: Any) -> int:
    """Return the weights of a layer, padding left out."""
    s = model.shape
    return int(
        s.hidden * (2 * s.heads + 2 * s.kv_heads) * s.head_dim + 3 * s.hidden * s.intermediate
    )


def show(book: Book, models: Models, timings: Timings, products: Products) -> None:
    """Print every product, the best one, and the share of it that SD reaches."""
    for name in products.calls:
        book.clocked(
            f"product {name}", "GFLOP/s", {clock: products.rate(name, clock) for clock in CLOCKS}
        )
    book.clocked("best product", "GFLOP/s", {c: products.rate(products.best(c), c) for c in CLOCKS})
    book.samples["best product"] = {clock: products.best(clock) for clock in CLOCKS}
    for heat in models.settings.temperatures:
        cell = Cell("native", "SD", heat, models.settings.batch)
        work = count(models, cell)
        for name, of in (("", "whole"), (", heads asked for alone", "done")):
            flops = [float(getattr(one, of)) for one in work]
            _share(book, f"{cell}{name}", timings[cell], flops, products)


def _share(
    book: Book, where: str, found: list[Timing], flops: list[float], products: Products
) -> None:
    def rates(clock: str) -> list[tuple[float, float]]:
        return [(n, one.lap.by(clock)) for n, one in zip(flops, found, strict=True)]

    def best(clock: str) -> list[tuple[float, float]]:
        laps = products.laps[products.best(clock)]
        return [(n, lap.by(clock)) for n, lap in laps]

    book.clocked(
        f"arithmetic of {where}",
        "GFLOP/s",
        {c: median([n / s / 1e9 for n, s in rates(c)]) for c in CLOCKS},
    )
    book.clocked(
        f"{where}, over the best product",
        "ratio",
        {c: ratio_of_rates(rates(c), best(c)) for c in CLOCKS},
    )
