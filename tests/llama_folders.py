"""Model folders of small random Llamas, written without transformers."""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Tiny:
    """The shape of a random Llama; names are those of ``config.json``."""

    hidden_size: int = 32
    num_attention_heads: int = 2
    num_key_value_heads: int = 2
    head_dim: int = 16
    intermediate_size: int = 48
    num_hidden_layers: int = 2
    vocab_size: int = 48
    tie_word_embeddings: bool = False
    rms_norm_eps: float = 1e-5
    max_position_embeddings: int = 256
    rope_parameters: Mapping[str, Any] = field(
        default_factory=lambda: {"rope_type": "default", "rope_theta": 10000.0}
    )


def write_llama(
    folder: Path, tiny: Tiny, seed: int = 0, dtype: str = "F32", shards: int = 1, scale: float = 1.0
) -> Path:
    """Write config and weights; `scale` is the size of the logits, about."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu"}
    (folder / "config.json").write_text(json.dumps({**named, **asdict(tiny)}))
    weights = dict(random_weights(tiny, seed, scale))
    if shards == 1:
        _save(weights, folder / "model.safetensors", dtype)
    else:
        _save_shards(weights, folder, dtype, shards)
    return folder


def random_weights(tiny: Tiny, seed: int, scale: float) -> Iterator[tuple[str, np.ndarray]]:
    """Yield weights by name: sums keep about the size of what is summed; norms are not all one."""
    rng = np.random.default_rng(seed)
    for name, size in shapes(tiny).items():
        fan = 1.0 if len(size) == 1 or "embed" in name else size[-1] ** -0.5
        value = rng.standard_normal(size) * fan
        if len(size) == 1:
            value = 1 + 0.2 * value
        if name == "model.norm.weight":
            value = value * scale
        if name == "model.embed_tokens.weight" and tiny.tie_word_embeddings:
            value = value * size[-1] ** -0.5
        yield name, value.astype(np.float32)


def shapes(tiny: Tiny) -> dict[str, tuple[int, ...]]:
    """Return the sizes of all weights by their names in a folder."""
    hidden, vocab = tiny.hidden_size, tiny.vocab_size
    found = {"model.embed_tokens.weight": (vocab, hidden), "model.norm.weight": (hidden,)}
    if not tiny.tie_word_embeddings:
        found["lm_head.weight"] = (vocab, hidden)
    for place in range(tiny.num_hidden_layers):
        part = {f"model.layers.{place}.{k}.weight": v for k, v in _layer(tiny).items()}
        found |= part
    return found


def _layer(tiny: Tiny) -> dict[str, tuple[int, ...]]:
    hidden, inter = tiny.hidden_size, tiny.intermediate_size
    own, shared = (n * tiny.head_dim for n in (tiny.num_attention_heads, tiny.num_key_value_heads))
    return {
        "self_attn.q_proj": (own, hidden),
        "self_attn.k_proj": (shared, hidden),
        "self_attn.v_proj": (shared, hidden),
        "self_attn.o_proj": (hidden, own),
        "mlp.gate_proj": (inter, hidden),
        "mlp.up_proj": (inter, hidden),
        "mlp.down_proj": (hidden, inter),
        "input_layernorm": (hidden,),
        "post_attention_layernorm": (hidden,),
    }


def _save_shards(weights: Weights, folder: Path, dtype: str, shards: int) -> None:
    place = {}
    for at in range(shards):
        file = f"model-{at + 1:05d}-of-{shards:05d}.safetensors"
        part = {name: weights[name] for name in sorted(weights)[at::shards]}
        _save(part, folder / file, dtype)
        place |= dict.fromkeys(part, file)
    index = {"metadata": {}, "weight_map": place}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _save(weights: Weights, path: Path, dtype: str) -> None:
    """Write a safetensors file: the length of its header, the header, the numbers."""
    header, end = {}, 0
    parts = {name: _bytes(value, dtype) for name, value in weights.items()}
    for name, part in parts.items():
        place = [end, end + len(part)]
        header[name] = {"dtype": dtype, "shape": weights[name].shape, "data_offsets": place}
        end += len(part)
    text = json.dumps(header).encode()
    path.write_bytes(b"".join((struct.pack("<Q", len(text)), text, *parts.values())))


def _bytes(value: np.ndarray, dtype: str) -> bytes:
    if dtype == "BF16":
        return _upper_half(value).tobytes()
    return value.astype({"F32": np.float32, "F16": np.float16}[dtype]).tobytes()


def _upper_half(value: np.ndarray) -> np.ndarray:
    """Return bfloat16 as uint16: the nearest, ties to even."""
    bits = value.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def rounded(value: np.ndarray, dtype: str) -> np.ndarray:
    """Return the numbers that a file of `dtype` holds, as float32."""
    if dtype == "BF16":
        return (_upper_half(value).astype(np.uint32) << 16).view(np.float32)
    return value.astype(np.float16).astype(np.float32) if dtype == "F16" else value
