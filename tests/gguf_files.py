"""GGUF files, written without the package `gguf`: from the folder of a small Llama, or by hand."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_IN_LAYER = {
    **{f"self_attn.{one}_proj.weight": f"attn_{one}.weight" for one in "qkv"},
    "self_attn.o_proj.weight": "attn_output.weight",
    **{f"mlp.{one}_proj.weight": f"ffn_{one}.weight" for one in ("gate", "up", "down")},
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
}
_F32, _Q8_0 = 0, 8
_BLOCK = 32  # numbers that share a scale in Q8_0


def settings_of(folder: Path, template: str | None = None) -> dict[str, Any]:
    """Return the settings of a Llama's folder by the names of the format."""
    config = json.loads((folder / "config.json").read_text())
    spelling = json.loads((folder / "tokenizer.json").read_text())
    tokens = sorted(spelling["model"]["vocab"].items(), key=lambda pair: pair[1])
    special = {one["content"] for one in spelling["added_tokens"]}
    merges = [
        pair if isinstance(pair, str) else " ".join(pair) for pair in spelling["model"]["merges"]
    ]
    found = {
        "general.architecture": "llama",
        "general.name": "tiny",
        "llama.block_count": config["num_hidden_layers"],
        "llama.context_length": config["max_position_embeddings"],
        "llama.embedding_length": config["hidden_size"],
        "llama.feed_forward_length": config["intermediate_size"],
        "llama.attention.head_count": config["num_attention_heads"],
        "llama.attention.head_count_kv": config["num_key_value_heads"],
        "llama.attention.key_length": config["head_dim"],
        "llama.rope.freq_base": config["rope_parameters"]["rope_theta"],
        "llama.attention.layer_norm_rms_epsilon": config["rms_norm_eps"],
        "llama.vocab_size": config["vocab_size"],
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": [token for token, _ in tokens],
        "tokenizer.ggml.token_type": [3 if token in special else 1 for token, _ in tokens],
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.bos_token_id": config["bos_token_id"],
        "tokenizer.ggml.eos_token_id": config["eos_token_id"],
    }
    return found if template is None else {**found, "tokenizer.chat_template": template}


def write_gguf(
    path: Path, folder: Path, *, template: str | None = None, packed: bool = False, **changed: Any
) -> dict[str, np.ndarray]:
    """Write a Llama's folder as one file; return the weights that it holds, by the folder's names.

    Args:
        packed: matrices in Q8_0, so that what is returned is what their blocks say.
        changed: settings to write otherwise, `__` for a dot; None leaves one out.
    """
    config = json.loads((folder / "config.json").read_text())
    heads = {"q": config["num_attention_heads"], "k": config["num_key_value_heads"]}
    held, tensors = {}, {}
    for name, weight in load_file(folder / "model.safetensors").items():
        value = weight.astype(np.float32)
        kind = _Q8_0 if packed and value.ndim == 2 else _F32
        raw, told = _packed(value) if kind == _Q8_0 else (value.tobytes(), value)
        held[name] = told
        own = _name(name)
        for letter, number in heads.items():
            if f"attn_{letter}." in own:  # halves of a head become pairs
                laid = told.reshape(number, 2, -1, told.shape[1]).swapaxes(1, 2).reshape(told.shape)
                raw = _packed(laid)[0] if kind == _Q8_0 else laid.tobytes()
        tensors[own] = (value.shape, kind, raw)
    settings = {
        **settings_of(folder, template),
        **{k.replace("__", "."): v for k, v in changed.items()},
    }
    write_file(path, {k: v for k, v in settings.items() if v is not None}, tensors)
    return held


def write_file(
    path: Path,
    settings: Mapping[str, Any],
    tensors: Mapping[str, tuple[Sequence[int], int, bytes]],
    version: int = 3,
) -> None:
    """Write a file: settings by name, and shape, kind and bytes of each tensor."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(settings))
    head += b"".join(_text(name) + _value(value) for name, value in settings.items())
    at, body = 0, b""
    for name, (shape, kind, raw) in tensors.items():
        sides = struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
        head += _text(name) + sides + struct.pack("<IQ", kind, at)
        raw += b"\0" * (-len(raw) % 32)
        body, at = body + raw, at + len(raw)
    path.write_bytes(head + b"\0" * (-len(head) % 32) + body)


def _name(name: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{_IN_LAYER[rest]}"


def _packed(value: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Return Q8_0's bytes, a half of a scale and 32 bytes a block, and what they say."""
    blocks = value.reshape(-1, _BLOCK)
    scale = (np.abs(blocks).max(-1, keepdims=True) / 127).astype(np.float16)
    wide = scale.astype(np.float32)
    whole = (
        np.divide(blocks, wide, out=np.zeros_like(blocks), where=wide != 0).round().astype(np.int8)
    )
    raw = b"".join(s.tobytes() + w.tobytes() for s, w in zip(scale, whole, strict=True))
    return raw, (whole * wide).astype(np.float32).reshape(value.shape)


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(value: Any) -> bytes:
    if isinstance(value, list):
        kind = 8 if isinstance(value[0], str) else 5
        inside = b"".join(_text(v) if kind == 8 else struct.pack("<i", v) for v in value)
        return struct.pack("<IIQ", 9, kind, len(value)) + inside
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    return (
        struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value)
    )
