"""Memory that decoding takes: weights, the caches of keys and values, and activations.

An estimate from configurations and weight headers alone, so that a run which cannot fit is refused
before anything loads. Weights and caches are exact for the engines here; activations are those of
the largest single moment, which is the verified block's logits in the sampler.
"""

from __future__ import annotations

from llmx.core.spec import EngineSpec, SamplerSpec
from llmx.core.stage import Memory
from llmx.engines.size import ModelSize

_PROMPT = 512
"""Tokens of a prompt that are allowed for, where a model's context is not shorter."""

_COPIES = 6
"""Float32 arrays of a block's size over the vocabulary that are alive at once: logits of both
models, their log-probabilities, the warped ones and one product of them."""


def decoding_memory(
    target: ModelSize, draft: ModelSize | None, engine: EngineSpec, sampler: SamplerSpec
) -> Memory:
    """Return the bytes that one process takes to decode one batch.

    Args:
        target, draft: sizes; zeros where a model is not on this machine yet.
        engine: its dtype and batch size.
        sampler: its cap and block length.
    """
    models = [target] if draft is None else [target, draft]
    width = 4 if engine.dtype == "float32" else 2
    block = 1 if draft is None else sampler.gamma + 1
    return Memory(
        weights=width * sum(model.parameters for model in models),
        cache=sum(_cache(model, engine, sampler, width) for model in models),
        activations=_activations(target, engine, block),
    )


def _cache(model: ModelSize, engine: EngineSpec, sampler: SamplerSpec, width: int) -> int:
    """Keys and values of every slot: prompt, answer, and the block that may pass its end."""
    most = model.context or _PROMPT + sampler.max_tokens
    slots = min(_PROMPT + sampler.max_tokens, most) + sampler.gamma + 2
    return 2 * width * model.layers * model.kv_width * engine.batch_size * slots


def _activations(target: ModelSize, engine: EngineSpec, block: int) -> int:
    """Logits in the sampler, or the feed-forward of a whole batch of prompts: the larger."""
    logits = 4 * _COPIES * engine.batch_size * block * target.vocabulary
    prompt = 4 * 2 * engine.batch_size * _PROMPT * (target.intermediate + target.hidden)
    return max(logits, prompt)
