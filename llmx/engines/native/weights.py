"""Weights of a Llama folder, folded and laid out for the compiled forward.

q, k and v are one product; norms and the scale of q·k are in the weights that follow them; the two
halves of each head of q and k are interleaved, so that a pair that is rotated stands together.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import EngineError
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


_LINE = 64  # bytes of a line of the processor's cache
_PAGE = 2**21


class Arena:
    """Memory for `numbers` float32, handed out piece by piece; it lives as long as they do."""

    def __init__(self, numbers: int) -> None:
        # Pieces begin at a line, and the first at a large page.
        size = 4 * numbers + 4096 * _LINE + 2 * _PAGE
        room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with suppress(OSError, ValueError, AttributeError):
            room.madvise(mmap.MADV_HUGEPAGE)
        self._bytes = np.frombuffer(room, np.uint8)
        self._next = -self._bytes.ctypes.data % _PAGE

    def zeros(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return zeros that begin at a line of the processor's cache.

        Raises:
            MemoryError: if more is asked for than was said.
        """
        size = 4 * int(np.prod(shape))
        first, self._next = self._next, self._next + -(-size // _LINE) * _LINE
        if self._next > len(self._bytes):
            raise MemoryError("the weights are larger than their shape says")
        return self._bytes[first : first + size].view(np.float32).reshape(shape)


Named = Callable[[str, tuple[int, ...]], Floats]
PANEL = 32  # columns that stand together, as in product.h


@dataclass(frozen=True)
class LlamaWeights:
    """Everything that the forward reads; all float32.

    Attributes:
        embed: (V, hidden, padded to whole panels).
        layers: of each the panels of qkv, out, gate, up, down.
        head: panels, the final norm folded in.
        frequency: (head_dim / 2,), of the rotation.
    """

    embed: Floats
    layers: tuple[tuple[Floats, ...], ...]
    head: Floats
    frequency: Floats


def load_weights(name: str, folder: Path, shape: LlamaShape) -> LlamaWeights:
    """Read and fold the weights of a model.

    Args:
        name: what a person calls the model, for messages.

    Raises:
        EngineError: if a weight is missing, of another shape, or no number.
    """
    tensors, held = _Tensors(name, folder), Arena(_size(shape))
    embed = tensors("model.embed_tokens.weight", (shape.vocabulary, shape.hidden))
    head = embed if shape.tied else tensors("lm_head.weight", embed.shape)
    final = tensors("model.norm.weight", (shape.hidden,))
    padded = held.zeros((len(embed), padded_to(shape.hidden)))
    padded[:, : shape.hidden] = embed
    return LlamaWeights(
        embed=padded,
        layers=tuple(_layer(tensors, shape, place, held) for place in range(shape.layers)),
        head=panels(_after_norm(head, final), held),
        frequency=frequencies(shape.rope, shape.head_dim),
    )


def _layer(tensors: Named, shape: LlamaShape, place: int, held: Arena) -> tuple[Floats, ...]:
    def named(rest: str, *size: int) -> Floats:
        return tensors(f"model.layers.{place}.{rest}.weight", size)

    hidden, inter, dim = shape.hidden, shape.intermediate, shape.head_dim
    own, shared = shape.heads * dim, shape.kv_heads * dim
    q = _interleaved(named("self_attn.q_proj", own, hidden), dim) * np.float32(dim**-0.5)
    k = _interleaved(named("self_attn.k_proj", shared, hidden), dim)
    qkv = np.concatenate((q, k, named("self_attn.v_proj", shared, hidden)))
    before, after = named("input_layernorm", hidden), named("post_attention_layernorm", hidden)
    products = (
        _after_norm(qkv, before),
        named("self_attn.o_proj", hidden, own),
        _after_norm(named("mlp.gate_proj", inter, hidden), after),
        _after_norm(named("mlp.up_proj", inter, hidden), after),
        named("mlp.down_proj", hidden, inter),
    )
    return tuple(panels(product, held) for product in products)


def _after_norm(weight: Floats, norm: Floats) -> Floats:
    """Fold a norm's weight, and the sqrt(hidden) that the norm leaves out, into a product."""
    folded: Floats = weight * (norm * np.float32(len(norm) ** 0.5))
    return folded


def _interleaved(weight: Floats, dim: int) -> Floats:
    """Reorder each head's outputs from (first half, second half) to pairs, (out, in)."""
    halves = weight.reshape(-1, 2, dim // 2, weight.shape[1])
    return halves.transpose(0, 2, 1, 3).reshape(weight.shape)


def panels(weight: Floats, held: Arena | None = None) -> Floats:
    """Return a weight (out, in) as (out / 32, in, 32); columns past `out` are zero.

    Args:
        held: where it is put; None = in memory of its own.
    """
    out, inner = weight.shape
    held = held or Arena(padded_to(out) * inner)
    found = held.zeros((padded_to(out) // PANEL, inner, PANEL))
    for place in range(len(found)):
        rows = weight[place * PANEL : (place + 1) * PANEL]
        found[place, :, : len(rows)] = rows.T
    return found


def padded_to(size: int) -> int:
    """Return the columns of whole panels that hold `size`."""
    return -(-size // PANEL) * PANEL


def _size(shape: LlamaShape) -> int:
    """Return how many numbers the weights of a model take, padding included."""
    mix = shape.heads * shape.head_dim
    qkv = padded_to(mix + 2 * shape.kv_heads * shape.head_dim)
    inter, hidden = shape.intermediate, padded_to(shape.hidden)
    layer = shape.hidden * (qkv + 2 * padded_to(inter)) + (mix + inter) * hidden
    head = shape.hidden * padded_to(shape.vocabulary)
    return shape.layers * layer + head + shape.vocabulary * hidden


class _Tensors:
    """The tensors of a folder by name, as float32."""

    def __init__(self, name: str, folder: Path) -> None:
        from safetensors import deserialize

        self.name = name
        self.held = {
            key: found
            for path in weight_files(folder)
            for key, found in deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
        }

    def __call__(self, key: str, size: tuple[int, ...]) -> Floats:
        found = self.held.get(key)
        if found is None:
            raise EngineError(f"{self.name} has no weight {key}", _INCOMPLETE)
        if tuple(found["shape"]) != size:
            told = "×".join(map(str, found["shape"]))
            raise EngineError(f"{self.name}: {key} is {told}, its config.json says otherwise")
        values = _floats(found["dtype"], found["data"], self.name).reshape(size)
        if not np.isfinite(values).all():
            raise EngineError(
                f"{self.name} has weights that are no numbers, in {key}", "a damaged file?"
            )
        return values


_INCOMPLETE = "the folder needs whole config.json, *.safetensors and tokenizer.json: copy it again"


def _floats(dtype: str, data: bytes | bytearray, name: str) -> Floats:
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    known = {"F32": np.float32, "F16": np.float16, "F64": np.float64}
    if dtype not in known:
        raise EngineError(f"{name} has weights of type {dtype}", "engine.kernel=torch")
    return np.frombuffer(data, known[dtype]).astype(np.float32)
