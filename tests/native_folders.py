"""Small random Llamas for the compiled forward: their logits are far from flat."""

import json
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from safetensors.numpy import save_file

from llmx.engines.native.build import trouble
from llmx.engines.native.model import NativeLlama

V, HIDDEN, INNER, HEADS, LAYERS = 24, 32, 48, 2, 2

needs_compiler = pytest.mark.skipif(bool(trouble()), reason="no compiled forward here")


def weights(seed: int, vocab: int, noise: float) -> dict[str, np.ndarray]:
    """Weights of a target; with `noise` those of a draft that often agrees with it."""
    own, other = np.random.default_rng(seed), np.random.default_rng(seed + 1000)

    def drawn(*size: int) -> np.ndarray:
        scale = 2 / size[-1] ** 0.5
        mixed = own.standard_normal(size) + noise * other.standard_normal(size)
        return (mixed * scale).astype(np.float32)

    square, wide = (HIDDEN, HIDDEN), (INNER, HIDDEN)
    found = {"model.norm.weight": np.ones(HIDDEN, np.float32)}
    for place in range(LAYERS):
        layer = f"model.layers.{place}"
        found |= {f"{layer}.self_attn.{name}_proj.weight": drawn(*square) for name in "qkvo"}
        found |= {f"{layer}.mlp.{name}_proj.weight": drawn(*wide) for name in ("gate", "up")}
        found[f"{layer}.mlp.down_proj.weight"] = drawn(HIDDEN, INNER)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            found[f"{layer}.{norm}.weight"] = np.ones(HIDDEN, np.float32)
    # The same first rows whatever the vocabulary: families pad theirs to different sizes.
    found["model.embed_tokens.weight"] = drawn(V + 8, HIDDEN)[:vocab]
    found["lm_head.weight"] = drawn(V + 8, HIDDEN)[:vocab] * np.float32(1.5)
    return found


def write_llama(folder: Path, seed: int, vocab: int = V, noise: float = 0.0) -> Path:
    """Write configuration and weights of a model."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "hidden_size": HIDDEN, "intermediate_size": INNER, "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS, "vocab_size": vocab, "rms_norm_eps": 1e-6,
        "max_position_embeddings": 256, "tie_word_embeddings": False, "eos_token_id": 1,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    save_file(weights(seed, vocab, noise), folder / "model.safetensors", {"format": "pt"})
    return folder


@lru_cache
def native_pair(seed: int, noise: float = 0.3) -> tuple[NativeLlama, NativeLlama]:
    """Return a target and its draft, of vocabularies that differ."""
    with TemporaryDirectory() as place:
        target = write_llama(Path(place) / "target", seed)
        draft = write_llama(Path(place) / "draft", seed, V + seed % 3, noise)
        pair = NativeLlama.load("target", target), NativeLlama.load("draft", draft)
    assert pair[0] is not None and pair[1] is not None
    return pair[0], pair[1]
