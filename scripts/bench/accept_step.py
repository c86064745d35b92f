"""Part 3: what deciding costs beside running the target."""

from __future__ import annotations

from bench import accept_share, large, synthetic
from bench.book import Book
from bench.clock import CLOCKS, Lap
from bench.models import KERNELS, Models
from bench.spans import Span, median
from bench.steps import Steps

Forwards = dict[tuple[int, int, str], list[Lap]]


def run(book: Book, models: Models, steps: Steps) -> None:
    """Measure and print: the pair, synthetic logits, a forward of 135 million parameters."""
    accept_share.show(book, accept_share.measure(models, steps))
    memory = large.memory_speed(models.settings.repeats // 3)
    gigabytes = {clock: speed.times(1e-9) for clock, speed in memory.items()}
    book.clocked("memory read", "GB/s", gigabytes)
    forwards = _forwards(book, models, steps) if models.settings.large else {}
    for (case, kernel), (laps, kept) in synthetic.measure(models, steps).items():
        _accept(book, case, kernel, laps)
        beside = forwards.get((case.rows, case.gamma + 1, kernel))
        if beside is not None:
            _share(book, case, kernel, (laps, beside))
        if kernel == KERNELS[-1]:
            book.counted(f"tokens kept, {case}", "a row", Span(kept))
            _reading(book, case, models.settings.vocabulary, memory)


def _forwards(book: Book, models: Models, steps: Steps) -> Forwards:
    found: Forwards = {}
    for rows, width, by_kernel in large.measure(models.settings, steps):
        for kernel, laps in by_kernel.items():
            found[rows, width, kernel] = laps
            book.clocked(
                f"forward of 135 M, {rows} rows of {width} ({kernel})",
                "ms",
                {clock: _middle(laps, clock).times(1e3) for clock in CLOCKS},
            )
    return found


def _middle(laps: list[Lap], clock: str) -> Span:
    return median([lap.by(clock) for lap in laps])


def _accept(book: Book, case: synthetic.Case, kernel: str, laps: list[Lap]) -> None:
    name = f"accept step, {case} ({kernel})"
    book.clocked(name, "µs", {clock: _middle(laps, clock).times(1e6) for clock in CLOCKS})


def _share(
    book: Book, case: synthetic.Case, kernel: str, both: tuple[list[Lap], list[Lap]]
) -> None:
    """Print the accept step over the forward of as many tokens, by the same kernel."""

    def share(clock: str) -> Span:
        return _middle(both[0], clock).times(100 / _middle(both[1], clock).value)

    name = f"accept step over forward of 135 M, {case} ({kernel})"
    book.clocked(name, "%", {clock: share(clock) for clock in CLOCKS})


def _reading(book: Book, case: synthetic.Case, vocabulary: int, memory: dict[str, Span]) -> None:
    """Print how long it takes to read the target's and the draft's logits once."""
    size = 4.0 * case.rows * (2 * case.gamma + 1) * vocabulary
    name = f"reading both models' logits once, {case}"
    book.clocked(name, "µs", {clock: Span(1e6 * size / memory[clock].value) for clock in CLOCKS})
