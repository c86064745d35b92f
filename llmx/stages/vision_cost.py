"""What a contrastive training of a model of pictures is planned to take: hours and memory of GPUs.

A forward pass takes two operations a parameter and token (Kaplan et al., arXiv 2001.08361, section
2.1). GradCache encodes a batch twice and then goes back through it (Gao et al., arXiv 2101.06983);
with checkpoints of activations it encodes a third time. Behind frozen weights going back takes as
much as a pass forward: no gradient of a weight is made, but those of the adapter.
"""

from __future__ import annotations

from dataclasses import replace

from llmx.core.stage import Memory
from llmx.engines.embed.place import STAGE
from llmx.engines.embed.vision import KNOWN, TINY, VISION
from llmx.engines.size import ModelSize
from llmx.train.contrastive.options import ContrastiveOptions
from llmx.train.course.memory import training_memory

RATE = 4e14
"""Operations a second of an H200 in bfloat16: 40 % of its 9.9e14. Assumed, not measured."""
_PIXELS = 28 * 28  # of a token of the model, after patches are merged
_USUAL = 1280 * _PIXELS  # pixels of a picture that its settings allow
_PATCHES = 4  # of a token, each 1,176 numbers of float32
_NUMBERS = 1176
_TEXT = 64  # tokens of an item's text
_PICTURES = 0.5  # share of queries and targets that have a picture; of MMEB, about


def vision_size(model: str, known: ModelSize | None = None) -> ModelSize | None:
    """Return the size of a model of pictures by its name; None where the name says nothing."""
    if model == VISION:
        return TINY
    return known or KNOWN.get(model.partition("@")[0])


def is_of_pictures(model: str) -> bool:
    """Say whether a name is known to be that of a model of pictures."""
    return not model.startswith(STAGE) and vision_size(model) is not None


def gpu_hours(options: ContrastiveOptions, size: ModelSize, rows: int, texts: int) -> float:
    """Return the hours of one GPU at :data:`RATE`.

    Args:
        rows: that are trained on, repeated ones among them.
        texts: queries, targets and hard negatives of a row.
    """
    tokens = rows * texts * (_TEXT + _PICTURES * _seen(options))
    passes = 2 + (options.mini_batch is not None) + _again(options)
    return 2 * size.parameters * tokens * passes / RATE / 3600


def vision_memory(
    options: ContrastiveOptions, size: ModelSize, batch: int, texts: int, processes: int
) -> Memory:
    """Return the bytes of one of several processes.

    Args:
        batch: rows over all processes; the pictures of a process's share are there at once.
    """
    own = -(-batch // processes)
    parted = options.mini_batch or own
    seen = _seen(options)
    found = training_memory(
        size,
        options.settings,
        options.lora,
        texts=min(parted, own),
        length=round(seen) + _TEXT,
        reference=False,
    )
    held = round(own * texts * _PICTURES * seen * _PATCHES * _NUMBERS * 4)
    return replace(found, cache=found.cache + held)


def vision_notes(
    name: str, options: ContrastiveOptions, size: ModelSize, batch: int, rows: int, texts: int
) -> tuple[str, ...]:
    """Return a line on one GPU and on eight."""
    hours = gpu_hours(options, size, rows, texts)
    memory = {n: vision_memory(options, size, batch, texts, n).total / 2**30 for n in (1, 8)}
    return (
        f"{name}: {rows} rows of {texts} items take {hours:.0f} hours of one GPU and"
        f" {memory[1]:.0f} GiB, or {hours / 8:.1f} hours of eight and {memory[8]:.0f} GiB each,"
        f" at an assumed {RATE:.0e} operations a second",
    )


def _seen(options: ContrastiveOptions) -> float:
    """Tokens of a picture, at most."""
    if options.model == VISION:
        return 4.0
    return (options.pixels or _USUAL) / _PIXELS


def _again(options: ContrastiveOptions) -> bool:
    return bool(options.settings.get("gradient_checkpointing"))
