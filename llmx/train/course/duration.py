"""How long a training, or writing, takes on a CPU, from shape and settings alone.

A training step takes six operations a parameter and token, and a forward pass two (Kaplan et al.,
arXiv 2001.08361, section 2.1); writing takes a step of the model for each token of the longest
completion. The rates are those of small models on one core of a 2024 server, and are stated in
docs/training.md with how far they were off. On other devices nothing is estimated.
"""

from __future__ import annotations

from llmx.core.stage import StageInput
from llmx.engines.size import ModelSize
from llmx.store.machine import machine

OPERATIONS = 6e10
"""Of one core, a second."""
_STEP = 0.02  # seconds of an optimiser step besides its arithmetic
_WRITING = 2e-3  # seconds of one token and layer, for a batch
_FILLED = 0.3  # a text's share of the most that it may have, on average
_WRITTEN = 0.6  # a completion's


def on_cpu(given: StageInput) -> bool:
    """Whether the stage trains on a CPU here."""
    device = given.arm.engine.device if len(given.arms) == 1 else "auto"
    return device == "cpu" or (device == "auto" and not machine()["accelerators"])


def step_seconds(size: ModelSize, rows: int, length: float) -> float:
    """Return the seconds of one optimiser step.

    Args:
        size: of the model.
        rows: texts of a step.
        length: tokens of each.
    """
    return _STEP + 6 * size.parameters * rows * length / OPERATIONS


def supervised_seconds(size: ModelSize, steps: int, rows: int, longest: int) -> float:
    """Return the seconds of training on given texts of at most `longest` tokens."""
    return steps * step_seconds(size, rows, _FILLED * longest)


def rewarded_seconds(size: ModelSize, steps: int, rows: int, longest: int) -> float:
    """Return the seconds of training on completions that the model writes itself.

    Args:
        size: of the model.
        steps: of the optimiser.
        rows: completions of a step.
        longest: tokens that a completion may have.
    """
    writing = longest * size.layers * _WRITING
    return steps * (writing + 4 / 3 * step_seconds(size, rows, _WRITTEN * longest))


def written_seconds(size: ModelSize, texts: int, batch: int, longest: int) -> float:
    """Return the seconds of writing alone.

    Args:
        size: of the model.
        texts: to write, `batch` at a time.
        longest: tokens that a text may have: a batch goes on until its longest ends.
    """
    steps = -(-texts // batch) * longest
    tokens = texts * _WRITTEN * longest
    return steps * size.layers * _WRITING + 2 * size.parameters * tokens / OPERATIONS
