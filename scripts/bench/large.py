"""Part 3: a forward of 135 million parameters, and how fast memory is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from bench.clock import Lap, timed
from bench.kernels import forwards
from bench.settings import Settings
from bench.spans import Span, median
from bench.steps import Steps
from llmx.decoding import StepModel
from llmx.engines.native.model import NativeLlama
from llmx.engines.native.weights import LlamaShape, LlamaWeights, frequencies, panels
from llmx.engines.step import build_step_model

_ROPE = {"rope_theta": 10000.0, "rope_type": "default"}


def shape(settings: Settings) -> LlamaShape:
    """Return the shape: with 30 layers and 49,152 tokens 135 million parameters."""
    return LlamaShape(
        settings.large_layers, 576, 9, 3, 64, 1536, settings.vocabulary, 1e-5, True, _ROPE
    )


def models(settings: Settings) -> dict[str, StepModel]:
    """Return random models of the shape, by both kernels."""
    return {"native": _native(shape(settings)), "torch": _lean(shape(settings))}


def _native(s: LlamaShape) -> NativeLlama:
    draws = np.random.default_rng(0)

    def weight(out: int, inner: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.float32(0.02) * draws.standard_normal((out, inner), np.float32)

    def layer() -> tuple[np.ndarray[Any, np.dtype[np.float32]], ...]:
        own, whole = s.heads * s.head_dim, (s.heads + 2 * s.kv_heads) * s.head_dim
        sizes = ((whole, s.hidden), (s.hidden, own), (s.intermediate, s.hidden),
                 (s.intermediate, s.hidden), (s.hidden, s.intermediate))  # fmt: skip
        return tuple(panels(weight(*size)) for size in sizes)

    embed = weight(s.vocabulary, s.hidden)  # 576 is a multiple of a panel: no padding
    layers = tuple(layer() for _ in range(s.layers))
    frequency = frequencies(s.rope, s.head_dim)
    return NativeLlama(s, LlamaWeights(embed, layers, panels(embed), frequency))


def _lean(s: LlamaShape) -> StepModel:
    config = LlamaConfig(
        vocab_size=s.vocabulary,
        hidden_size=s.hidden,
        intermediate_size=s.intermediate,
        num_hidden_layers=s.layers,
        num_attention_heads=s.heads,
        num_key_value_heads=s.kv_heads,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    return build_step_model(LlamaForCausalLM(config).eval())


def measure(settings: Settings, steps: Steps) -> Iterator[tuple[int, int, dict[str, list[Lap]]]]:
    """Yield (rows, width, kernel → laps) of the forward that each shape of a block is beside."""
    shapes = [(rows, g + 1) for g in settings.accept_gammas for rows in settings.accept_batches]
    steps.begin("large forward", 1 + len(shapes))
    made = models(settings)
    steps.step()
    for rows, width in shapes:
        repeats = min(settings.repeats, max(3, 120 // (rows * width)))
        yield rows, width, forwards(made, rows, width, repeats)
        steps.step()


def memory_speed(repeats: int, size: int = 2**26) -> dict[str, Span]:
    """Return bytes/s of reading memory that no cache holds."""
    numbers = torch.ones(size)
    laps = [timed(numbers.sum)[1] for _ in range(max(repeats, 2))]
    clocks = ("processor", "wall")
    return {clock: median([4.0 * size / lap.by(clock) for lap in laps]) for clock in clocks}
