"""Part 4: the arithmetic of SD at the larger batch, as a share of the best product.

It is 2 × parameters × tokens fed to each model, prefill counted; a second figure leaves out the
heads of tokens whose logits nobody asked for. Norms, attention and sampling are no part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.arms import Cell
from bench.book import Book
from bench.clock import CLOCKS
from bench.decoding import Timing, Timings, units
from bench.models import Models
from bench.products import Products
from bench.spans import median, ratio_of_rates
from llmx.decoding import decode_refill
from llmx.decoding.block_model import Drafted, DraftJob
from llmx.engines.native.model import Floats, Ints, NativeCache, NativeLlama


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

    def feed(self, tokens: Ints, start: Ints, cache: NativeCache) -> Floats:
        """Count and pass on."""
        self.fed.tokens += tokens.size
        self.fed.logits += tokens.size
        return super().feed(tokens, start, cache)

    def fill(self, tokens: Ints, rows: Ints, cache: NativeCache) -> None:
        """Count and pass on."""
        self.fed.tokens += tokens.size
        super().fill(tokens, rows, cache)

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
