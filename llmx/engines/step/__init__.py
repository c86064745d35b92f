"""Step models over transformers: a lean forward for Llama, transformers' own for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmx.engines.step.lean_llama import LeanLlama, is_lean
from llmx.engines.step.transformers_model import TransformersModel

if TYPE_CHECKING:
    from llmx.decoding.step_model import StepModel

__all__ = ["LeanLlama", "TransformersModel", "build_step_model"]


def build_step_model(model: Any, lean: bool = True) -> StepModel:
    """Return a step model over a loaded causal language model of transformers.

    Args:
        model: in evaluation mode, on the device where it is to run.
        lean: use the lean forward where the model allows it (plain float32 Llama).

    Raises:
        EngineError: if the model keeps a state that a cache of slots can't hold.
    """
    if lean and is_lean(model):
        return LeanLlama(model)
    return TransformersModel(model)
