"""Which models the compiled forward knows, read from their folders without loading anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.engines.size import read_config, weight_files

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


def frequencies(rope: Mapping[str, Any], head_dim: int) -> Floats:
    """Return the angle a position of each pair of a head, float32 (head_dim / 2,).

    Computed in float64 and rounded once, so that it does not depend on a library's `pow`.
    """
    powers = np.arange(0, head_dim, 2, dtype=np.float64) / head_dim
    plain: Doubles = 1.0 / float(rope["rope_theta"]) ** powers
    if rope["rope_type"] == "linear":
        plain = plain / float(rope["factor"])
    if rope["rope_type"] == "llama3":
        plain = _llama3(plain, rope)
    return plain.astype(np.float32)


def _llama3(plain: Doubles, rope: Mapping[str, Any]) -> Doubles:
    """Slow the low frequencies down, as Llama 3.1 does for texts longer than it was born with."""
    low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    born = float(rope["original_max_position_embeddings"])
    turns = born * plain / (2 * math.pi)  # within the original context
    share = ((turns - low) / (high - low)).clip(0, 1)
    slow: Doubles = (1 - share) * plain / float(rope["factor"]) + share * plain
    return slow


def rotations(frequency: Floats, positions: int) -> Floats:
    """Return cos and sin by turns of every position, float32 (positions, head_dim).

    Angles are float32, as in transformers; cos and sin are rounded from float64.
    """
    place = np.arange(positions, dtype=np.float32)
    angle = (place[:, None] * frequency).astype(np.float64)
    both = np.stack((np.cos(angle), np.sin(angle)), -1)
    return both.reshape(positions, -1).astype(np.float32)


_PLAIN = {"attention_bias": False, "mlp_bias": False, "hidden_act": "silu"}
_ROPES = ("default", "linear", "llama3")
# Files that make transformers load something else than the weights beside them.
_MORE = ("adapter_config.json",)


@dataclass(frozen=True)
class LlamaShape:
    """What the forward must know besides the weights.

    Attributes:
        eps: of the RMS norms.
        tied: whether the head is the embedding.
        rope: its parameters, by the names of ``config.json``.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    eps: float
    tied: bool
    rope: Mapping[str, Any]


def native_shape(folder: Path) -> LlamaShape | None:
    """Return the shape of a model that the compiled forward knows, None for any other.

    A function of the folder's content alone, so that it never parts two equal fingerprints.
    """
    if any((folder / name).exists() for name in _MORE) or not weight_files(folder):
        return None
    try:
        return _known(read_config(folder))
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None  # transformers has defaults, or words for it


def _known(config: Mapping[str, Any]) -> LlamaShape | None:
    rope = _rope(config)
    plain = all(config.get(name, value) == value for name, value in _PLAIN.items())
    unusual = config.get("quantization_config") or config.get("auto_map")
    named = config.get("model_type") == "llama" and config.get("architectures") == [
        "LlamaForCausalLM"
    ]
    if not named or not plain or unusual or rope is None:
        return None
    shape = _shape(config, rope)
    return shape if _sound(shape) else None


def _shape(config: Mapping[str, Any], rope: Mapping[str, Any]) -> LlamaShape:
    heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
    return LlamaShape(
        layers=int(config["num_hidden_layers"]),
        hidden=hidden,
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or hidden // heads),
        intermediate=int(config["intermediate_size"]),
        vocabulary=int(config["vocab_size"]),
        eps=float(config.get("rms_norm_eps", 1e-6)),
        tied=bool(config.get("tie_word_embeddings", False)),
        rope=rope,
    )


def _sound(shape: LlamaShape) -> bool:
    return shape.head_dim % 2 == 0 and shape.heads % shape.kv_heads == 0


def _rope(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the rope parameters in one form, None for a kind whose frequencies are not ours."""
    scaling = config.get("rope_parameters") or config.get("rope_scaling") or {}
    found = {"rope_theta": config.get("rope_theta", 10000.0), **scaling}
    found["rope_type"] = found.get("rope_type", found.get("type", "default"))
    older = config.get("partial_rotary_factor") or 1.0
    whole = found.get("partial_rotary_factor", older) == 1.0
    return found if found["rope_type"] in _ROPES and whole else None
