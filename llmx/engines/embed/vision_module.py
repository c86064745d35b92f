"""A module of sentence-transformers that reads pictures with texts: Qwen2-VL to the pooling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from sentence_transformers.base.modules import InputModule
from transformers import AutoModel, AutoTokenizer
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from llmx.core.errors import EngineError
from llmx.core.item import ImageText, Item, prompted

START, PICTURE, END = "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"
_READ = ("input_ids", "attention_mask", "pixel_values", "image_grid_thw", "mm_token_type_ids")
_SEEN = ("pixel_values", "image_grid_thw", "mm_token_type_ids")


class VisionEncoder(InputModule):  # type: ignore[misc]
    """Qwen2-VL without its head: a picture's patches stand before the text, the end token last.

    Pictures go through the processor of PIL, which needs no torchvision. A batch may hold texts
    with and without pictures; ``num_images_per_sample`` lets GradCache part it.
    """

    def __init__(self, model: Any, tokenizer: Any, processor: Any) -> None:
        super().__init__()
        self.auto_model, self.tokenizer, self.processor = model, tokenizer, processor

    @property
    def modalities(self) -> list[Any]:
        """Of the inputs."""
        return ["text", "image"]

    def get_embedding_dimension(self) -> int:
        """Return the width of a token's state."""
        return int(self.auto_model.config.get_text_config().hidden_size)

    def preprocess(
        self, inputs: Sequence[Item], prompt: str | None = None, **_: Any
    ) -> dict[str, Any]:
        """Return token ids, int64 (n, longest), and the patches of all pictures, one by one.

        Raises:
            EngineError: naming a picture that cannot be read.
        """
        items = [prompted(prompt or "", one) for one in inputs]
        seen = self._seen([one for one in items if isinstance(one, ImageText)])
        merged = self.processor.merge_size**2
        counts = iter((seen["image_grid_thw"].prod(1) // merged).tolist() if seen else ())
        texts = list(self._texts(items, counts))
        read = self.tokenizer(texts, padding=True, add_special_tokens=False, return_tensors="pt")
        found = {name: read[name] for name in ("input_ids", "attention_mask")}
        if seen:
            place = self.auto_model.config.image_token_id
            found["mm_token_type_ids"] = (found["input_ids"] == place).long()
            held = [int(isinstance(one, ImageText)) for one in items]
            found["num_images_per_sample"] = torch.tensor(held)
        return {**found, **seen}

    def _seen(self, items: Sequence[ImageText]) -> dict[str, Any]:
        if not items:
            return {}
        made = self.processor([_opened(one.image) for one in items], return_tensors="pt")
        return {name: made[name] for name in ("pixel_values", "image_grid_thw")}

    def _texts(self, items: Sequence[Item], counts: Iterator[int]) -> Iterator[str]:
        for one in items:
            text = one.text if isinstance(one, ImageText) else one
            # A text that names a special token is no picture, and no end.
            text = text.replace("<|", "< |")
            if isinstance(one, ImageText):
                text = f"{START}{PICTURE * next(counts)}{END}\n{text}"
            yield text + self.tokenizer.eos_token

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Add the state of each token, float (n, longest, width), as ``token_embeddings``."""
        left = () if "pixel_values" in features else _SEEN
        told = {n: features[n] for n in _READ if n in features and n not in left}
        self.auto_model.rope_deltas = None  # of a batch before this one
        states = self.auto_model(**told, use_cache=False).last_hidden_state
        return {**features, "token_embeddings": states}

    def save(self, output_path: str, *_: Any, safe_serialization: bool = True, **__: Any) -> None:
        """Write the model, or its adapter alone where it has one, with what reads its inputs."""
        self.auto_model.save_pretrained(output_path)
        self.tokenizer.save_pretrained(output_path)
        self.processor.save_pretrained(output_path)

    @classmethod
    def load(cls, model_name_or_path: str, **_: Any) -> VisionEncoder:
        """Return what :meth:`save`, or the hub, wrote; no code of the folder is run."""
        place, local = model_name_or_path, {"local_files_only": True}
        model = AutoModel.from_pretrained(
            place, use_safetensors=True, trust_remote_code=False, **local
        )
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False, **local)
        processor = Qwen2VLImageProcessorPil.from_pretrained(
            place, trust_remote_code=False, **local
        )
        return cls(model, tokenizer, processor)


def _opened(path: Path) -> Any:
    try:
        with Image.open(path) as held:
            return held.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise EngineError(f"{path} is no picture that can be read", "copy it again") from error
