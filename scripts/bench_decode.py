"""Measure decoding: kernels, rivals, the accept step, products, stages and starts.

    python scripts/bench_decode.py                    everything, in about ten minutes
    python scripts/bench_decode.py --only 2,3         parts of it
    python scripts/bench_decode.py --before FOLDER    the quality stage of another checkout too
    python scripts/bench_decode.py --target FOLDER --draft FOLDER --prompts FILE --only 1,2

Arms take turns, so that a noisy machine hits all alike. Printed are medians over units, and ratios
of totals with a 95 % interval from a paired bootstrap over units; by the processor's clock of the
thread, and by the wall's. How far it is stands on the standard error.
"""

from __future__ import annotations

import torch
import transformers
from bench import (
    about,
    accept_step,
    arithmetic,
    decoding,
    kernels,
    products,
    rivals,
    sharing,
    stages,
    starts,
)
from bench.book import Book
from bench.models import Models
from bench.settings import Settings, parse
from bench.steps import Steps

# Seconds of each step on two quiet cores, with the usual sizes: what the first guess is made of.
_EXPECTED = {
    "decoding": ((1, 2, 4), 210.0),
    "forwards": ((1,), 20.0),
    "accept step": ((3,), 20.0),
    "large forward": ((3,), 30.0),
    "synthetic logits": ((3,), 60.0),
    "stages": ((5,), 120.0),
    "workers": ((5,), 60.0),
    "starts": ((6,), 60.0),
}


def main(words: list[str] | None = None) -> None:
    """Measure, print, and write the JSON file."""
    settings = parse(words, (__doc__ or "").splitlines()[0])
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    found = about.about()
    about.show(found)
    wanted = {name: s for name, (parts, s) in _EXPECTED.items() if set(parts) & set(settings.only)}
    book, steps = Book(), Steps(wanted)
    _in_process(book, Models(settings), steps)
    _in_children(book, settings, steps)
    steps.end()
    if settings.json:
        book.write(settings.json, found, _plain(settings))


def _in_process(book: Book, models: Models, steps: Steps) -> None:
    """Do parts 1 to 4; the decoding that three of them read is one interleaved run."""
    settings = models.settings
    tried = products.Products(settings.repeats) if 4 in settings.only else None

    def between(batch: int) -> None:
        if tried is not None and batch == settings.batch:
            tried.sample()

    cells = decoding.cells(settings)
    timings = decoding.measure(models, cells, steps, between) if cells else {}
    book.samples["decoding"] = decoding.samples(timings)
    if 1 in settings.only:
        book.begin(1)
        kernels.show_loops(book, timings, settings)
        kernels.show_forwards(book, models, steps)
    if 2 in settings.only:
        book.begin(2)
        rivals.show(book, timings, settings)
    if 3 in settings.only:
        book.begin(3)
        accept_step.run(book, models, steps)
    if tried is not None:
        book.begin(4)
        arithmetic.show(book, models, timings, tried)


def _in_children(book: Book, settings: Settings, steps: Steps) -> None:
    """Do parts 5 and 6, in processes of their own."""
    if 5 in settings.only:
        book.begin(5)
        stages.run(book, settings, steps)
        sharing.run(book, settings, steps)
    if 6 in settings.only:
        book.begin(6)
        starts.run(book, settings, steps)


def _plain(settings: Settings) -> dict[str, object]:
    """Return the settings for the JSON file: of a folder its name alone."""
    kept = {name: value for name, value in vars(settings).items() if name not in ("before", "json")}
    return {**kept, "target": settings.target.name, "draft": settings.draft.name}


if __name__ == "__main__":
    main()
