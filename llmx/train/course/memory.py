"""Memory that a training takes, from configurations and weight headers alone.

Weights, gradients and optimiser are exact for full training and for LoRA on Llama-like layers;
activations and caches are estimates of the largest moment. Sources: AdamW keeps two float32
moments a parameter (Loshchilov & Hutter, arXiv 1711.05101); activations of a transformer layer
without recomputation are about 34 * tokens * hidden bytes in 16 bit, and those of one layer plus
two bytes a number at each layer's edge with it (Korthikanti et al., arXiv 2205.05198, eq. 2 and
section 5), here with the attention matrix left out, as fused attention does not keep it. TRL scores
tokens tile by tile (``add_fused_lm_head`` of 1.16), so that logits of a tile are there and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmx.core.stage import Memory
from llmx.engines.size import ModelSize

_LAYER = 17  # numbers a layer keeps for each token and unit of width
# Float32 arrays over a tile at once: as many as torch had on a CPU (measured; with 33,000 words as
# with 132,000). With Triton it is one.
_LOGITS = 8
_TILE = (4096, 32_768)  # TRL's tokens and words of the vocabulary at once
# Bytes that an optimiser keeps a trainable parameter; any other name counts as AdamW.
_OPTIMISERS = {"sgd": 0, "adafactor": 1, "adamw_8bit": 2, "adamw_bnb_8bit": 2, "lion_32bit": 4}
_ADAMW = 8
_LORA_DEFAULT = ("q_proj", "v_proj")  # what peft adapts of a Llama when nobody says


def trainable(size: ModelSize, lora: Mapping[str, Any] | None) -> int:
    """Return how many parameters are trained: all, or r * (in + out) for each adapted matrix."""
    if lora is None:
        return size.parameters
    shapes = _shapes(size)
    wanted = lora.get("target_modules") or _LORA_DEFAULT
    names = shapes if wanted == "all-linear" else [wanted] if isinstance(wanted, str) else wanted
    rank = int(lora.get("r", 8))
    return size.layers * sum(rank * sum(shapes[name]) for name in names if name in shapes)


def _shapes(size: ModelSize) -> dict[str, tuple[int, int]]:
    """Return (in, out) of the matrices of a Llama layer."""
    hidden, wide, narrow = size.hidden, size.intermediate, size.kv_width
    return {
        "q_proj": (hidden, hidden),
        "k_proj": (hidden, narrow),
        "v_proj": (hidden, narrow),
        "o_proj": (hidden, hidden),
        "gate_proj": (hidden, wide),
        "up_proj": (hidden, wide),
        "down_proj": (wide, hidden),
    }


def training_memory(
    size: ModelSize,
    settings: Mapping[str, Any],
    lora: Mapping[str, Any] | None,
    *,
    texts: int,
    length: int,
    reference: bool,
    generates: int = 0,
) -> Memory:
    """Return the bytes that one process takes.

    Args:
        size: of the model; zeros where it is not known yet.
        texts: in one forward pass.
        length: tokens of a text, at most.
        reference: whether a frozen copy of the model is kept beside it.
        generates: completions that are drawn at once, with a cache of keys and values.
    """
    wide = width(settings)
    count = trainable(size, lora)
    optimiser = _OPTIMISERS.get(str(settings.get("optim", "adamw")), _ADAMW)
    return Memory(
        weights=wide * (size.parameters * (2 if reference and lora is None else 1))
        + (wide * count if lora is not None else 0),
        gradients=wide * count,
        optimiser=optimiser * count,
        activations=_activations(size, settings, texts * length),
        cache=2 * wide * size.layers * size.kv_width * generates * length,
    )


def half(settings: Mapping[str, Any]) -> bool:
    """Whether a forward pass is done in 16 bits."""
    return bool(settings.get("bf16") or settings.get("fp16"))


def width(settings: Mapping[str, Any]) -> int:
    """Return the bytes of one weight."""
    dtype = (settings.get("model_init_kwargs") or {}).get("dtype", "float32")
    return 2 if dtype in ("bfloat16", "float16") else 4


def _activations(size: ModelSize, settings: Mapping[str, Any], tokens: int) -> int:
    """Layers, all or one and the edges of the others, and the logits."""
    wide = 2 if half(settings) else width(settings)
    layer = wide * tokens * (_LAYER * size.hidden)
    edges = wide * tokens * size.hidden * size.layers
    again = settings.get("activation_checkpointing", settings.get("gradient_checkpointing", True))
    kept = edges + layer if again else size.layers * layer
    return kept + 4 * _LOGITS * _scored(size, settings, tokens) if size.parameters else 0


def _scored(size: ModelSize, settings: Mapping[str, Any], tokens: int) -> int:
    """Return how many logits are there at once; smoothing alone needs all of them."""
    if settings.get("label_smoothing_factor"):
        return tokens * size.vocabulary
    return min(tokens, _TILE[0]) * min(size.vocabulary, _TILE[1])
