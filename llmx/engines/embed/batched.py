"""Vectors of many items by a loaded model of sentence-transformers, which may still be trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmx.core.item import Item
from llmx.engines.embed.embedder import normalised
from llmx.engines.embed.vision import check_items, reads_pictures, seen

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_BLOCK = 2048  # texts of a static model at once
_BATCH = 64  # texts of an encoder at once


class BatchedEncoder:
    """Encodes the same texts again and again; token ids of a static model are made once."""

    def __init__(self, prompt: str = "") -> None:
        self.prompt = prompt
        self._held: dict[int, tuple[Sequence[Item], list[Any]]] = {}

    def encode(self, model: Any, texts: Sequence[Item]) -> NDArray[float32]:
        """Return float32 (n, d), rows of length 1, or 0 of a text without a known token.

        Args:
            model: in its state of evaluation.
            texts: the same object where they are the same texts.
        """
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding

        if reads_pictures(model):
            return normalised(seen(model, texts, self.prompt))
        check_items(texts)
        if isinstance(model[0], StaticEmbedding):
            return self._static(model, texts)
        found: NDArray[float32] = model.encode(
            [f"{self.prompt}{text}" for text in texts],
            prompt="",
            batch_size=_BATCH,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return normalised(found)

    def _static(self, model: Any, texts: Sequence[Item]) -> NDArray[float32]:
        import torch

        with torch.inference_mode():
            parts = [
                model({name: value.to(model.device) for name, value in one.items()})
                for one in self._features(model, texts)
            ]
        found = torch.cat([one["sentence_embedding"] for one in parts])
        return normalised(found.float().cpu().numpy())

    def _features(self, model: Any, texts: Sequence[Item]) -> list[Any]:
        held = self._held.get(id(texts))
        if held is None or held[0] is not texts:
            blocks = [texts[start : start + _BLOCK] for start in range(0, len(texts), _BLOCK)]
            made = [
                model.preprocess([f"{self.prompt}{text}" for text in block]) for block in blocks
            ]
            held = self._held[id(texts)] = (texts, made)
        return held[1]
