"""Embedders of pictures with texts: Qwen2-VL, whose last token's state is the vector."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.errors import EngineError
from llmx.core.install import with_extra
from llmx.core.item import ImageText, Item
from llmx.engines.embed.embedder import VERSION, normalised
from llmx.engines.embed.place import VISION_MODULE, embedder_hash, modules_of
from llmx.engines.pretrained import explained
from llmx.engines.size import ModelSize
from llmx.store.files import read_json

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

VISION = "vision"
"""The name of a model from nothing: Qwen2-VL of two layers, with the words of the pairs."""
_BATCH = 16  # items at once where nothing is trained
_TYPE = "qwen2_vl"
_SPECIAL = ("<|endoftext|>", "[UNK]", "<|vision_start|>", "<|image_pad|>", "<|vision_end|>")
_HIDDEN, _WIDE, _EYE, _LAYERS = 64, 128, 32, 2
TINY = ModelSize(
    layers=_LAYERS, parameters=200_000, hidden=_HIDDEN, intermediate=_WIDE, kv_width=32
)
"""Size of the model from nothing, but for its words."""
KNOWN = {
    "Qwen/Qwen2-VL-2B-Instruct": ModelSize(28, 2_208_985_600, 1536, 8960, 256, 151_936, 32_768),
    "Qwen/Qwen2-VL-7B-Instruct": ModelSize(28, 8_291_375_616, 3584, 18_944, 512, 152_064, 32_768),
}
"""Sizes as config.json of these models has them, for plans where they are not on the machine."""


def is_vision(folder: Path) -> bool:
    """Say whether the embedder of a folder reads pictures, by its settings."""
    listed = modules_of(folder)
    if listed:
        return listed[0] == VISION_MODULE
    settings = folder / "config.json"
    return settings.exists() and read_json(settings).get("model_type") == _TYPE


def vision_model(folder: Path, device: str = "cpu", pixels: int | None = None) -> Any:
    """Return a model of sentence-transformers: the encoder of a folder, and its last token.

    Args:
        pixels: of a picture at most; None: as the folder says.

    Raises:
        EngineError: if a package is missing, or the folder cannot be loaded.
    """
    require_pictures()
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    from llmx.engines.embed.vision_module import VisionEncoder

    with explained(str(folder)):
        encoder = VisionEncoder.load(str(folder))
    if pixels is not None:
        size = encoder.processor.size
        least = min(int(size["shortest_edge"]), pixels)
        encoder.processor.size = {"shortest_edge": least, "longest_edge": pixels}
    pooling = Pooling(encoder.get_embedding_dimension(), pooling_mode="lasttoken")
    return SentenceTransformer(modules=[encoder, pooling], device=device)


class VisionEmbedder:
    """Qwen2-VL of a folder as an embedder: of texts, and of pictures with texts.

    Args:
        device: as ``engine.device`` says it; on a GPU weights are bfloat16.

    Raises:
        EngineError: if a package is missing, or the folder cannot be loaded.
    """

    kind = "vision"

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        import torch

        cuda = device != "cpu" and torch.cuda.is_available()
        self.folder, self.half = folder, cuda
        self.model = vision_model(folder, "cuda" if cuda else "cpu").eval()
        if cuda:
            self.model.to(torch.bfloat16)
        self.dimension = int(self.model[0].get_embedding_dimension())

    def identity(self) -> dict[str, Any]:
        """Return kind, versions and content; a batch's padding moves last bits, so its size too."""
        found = {"kind": self.kind, "version": VERSION, "content": embedder_hash(self.folder)}
        libraries = {name: version(name) for name in ("sentence-transformers", "transformers")}
        return {**found, "libraries": libraries, "batch_size": _BATCH, "half": self.half}

    def encode(self, texts: Sequence[Item], prompt: str = "") -> NDArray[float32]:
        """Return float32 (n, dimension), rows of length 1."""
        return normalised(seen(self.model, texts, prompt))


def require_pictures() -> None:
    """Refuse to begin without what reads pictures.

    Raises:
        EngineError: with what to type.
    """
    for package, name in (("sentence_transformers", "sentence-transformers"), ("PIL", "pillow")):
        if find_spec(package) is None:
            text = f"an embedder of pictures needs the package {name}"
            raise EngineError(text, with_extra("retrieval"))


def reads_pictures(model: Any) -> bool:
    """Say whether a model of sentence-transformers is one of pictures."""
    return bool(getattr(model[0], "processor", None)) and "image" in model[0].modalities


def check_items(items: Sequence[Item]) -> None:
    """Refuse pictures where the model reads texts alone.

    Raises:
        EngineError: naming the first picture.
    """
    first = next((one for one in items if isinstance(one, ImageText)), None)
    if first is not None:
        text = f"the model reads texts, and {first.name} is a picture"
        raise EngineError(text, "name an embedder of pictures: model=Qwen/Qwen2-VL-2B-Instruct")


def seen(model: Any, items: Sequence[Item], prompt: str = "") -> NDArray[float32]:
    """Return vectors of items, float32 (n, width), not normalised.

    Args:
        model: of :func:`vision_model`, in its state of evaluation.
    """
    import numpy as np
    import torch

    found = []
    for start in range(0, len(items), _BATCH):
        read = model[0].preprocess(items[start : start + _BATCH], prompt=prompt)
        with torch.inference_mode():
            out = model({name: value.to(model.device) for name, value in read.items()})
        found.append(out["sentence_embedding"].float().cpu().numpy())
    return np.concatenate(found) if found else np.empty((0, 0), np.float32)


def write_vision(folder: Path, texts: Sequence[str], seed: int) -> None:
    """Write a random Qwen2-VL of two layers to a folder; equal texts and seeds are equal weights.

    Args:
        texts: whose words its tokenizer knows.
    """
    require_pictures()
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import Qwen2VLModel
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    from llmx.engines.embed.vision_module import VisionEncoder

    tokenizer = _words(texts)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2VLModel(_config(tokenizer)).eval()
    processor = Qwen2VLImageProcessorPil(
        size={"shortest_edge": 28 * 28, "longest_edge": 4 * 28 * 28}
    )
    pooling = Pooling(_HIDDEN, pooling_mode="lasttoken")
    made = SentenceTransformer(
        modules=[VisionEncoder(model, tokenizer, processor), pooling], device="cpu"
    )
    made.save_pretrained(str(folder), create_model_card=False)


def _config(tokenizer: Any) -> Any:
    from transformers import Qwen2VLConfig

    ids = dict(zip(_SPECIAL, tokenizer.convert_tokens_to_ids(list(_SPECIAL)), strict=True))
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": _HIDDEN,
        "intermediate_size": _WIDE,
        "num_hidden_layers": _LAYERS,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "mrope_section": [2, 3, 3],
        },
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|endoftext|>"],
        "pad_token_id": ids["<|endoftext|>"],
    }
    eye = {"depth": _LAYERS, "embed_dim": _EYE, "num_heads": 2, "hidden_size": _HIDDEN}
    return Qwen2VLConfig(
        text_config=text,
        vision_config={**eye, "mlp_ratio": 2},
        image_token_id=ids["<|image_pad|>"],
        video_token_id=len(tokenizer) + 1,  # there is no video
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )


def _words(texts: Sequence[str]) -> Any:
    """Return a tokenizer of the words of texts, in alphabetical order."""
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    normal, parts = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
    found = {
        word for text in texts for word, _ in parts.pre_tokenize_str(normal.normalize_str(text))
    }
    words = [*_SPECIAL, *sorted(found - set(_SPECIAL))]
    held = Tokenizer(
        models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]")
    )
    held.normalizer, held.pre_tokenizer = normal, parts
    held.add_special_tokens([AddedToken(one, special=True, normalized=False) for one in _SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=held,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        unk_token="[UNK]",
        padding_side="right",
    )
