"""Models that learn: token vectors that are averaged, or the first layers of an encoder, or all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmx.core.errors import ConfigError, EngineError
from llmx.core.install import with_extra
from llmx.engines.embed.vision import is_vision, vision_model
from llmx.engines.pretrained import explained

WORDS = "words"
"""The name of a model from nothing, made of the words of the pairs."""
STATIC, WHOLE, LAYERS = "static", "whole", "layers:"
_UNKNOWN = "[UNK]"


def check_student(kind: str) -> str:
    """Return the kind of a student.

    Raises:
        ConfigError: if there is no such kind.
    """
    number = kind.removeprefix(LAYERS)
    if kind in (STATIC, WHOLE) or (kind != number and number.isdecimal() and int(number)):
        return kind
    raise ConfigError(f"there is no student '{kind}'", "static, whole, or layers:N with N from 1")


def student(
    kind: str,
    folder: Path | None,
    texts: Sequence[str],
    *,
    dimension: int,
    seed: int,
    pixels: int | None = None,
) -> Any:
    """Return a model of sentence-transformers, ready to be trained.

    Args:
        kind: ``static``, ``whole`` or ``layers:N``.
        folder: of the model to begin with; None: one from nothing, of the words of `texts`.
        dimension: of the vectors of a model from nothing.
        seed: of the vectors of a model from nothing.
        pixels: of a picture at most; None: as the folder says.

    Raises:
        ConfigError: if there is no such student of this model.
        EngineError: if the model cannot be loaded, or a package is missing.
    """
    require_library()
    check_student(kind)
    if kind == STATIC:
        return _static(folder, texts, dimension, seed)
    if folder is None:
        raise ConfigError(f"student '{kind}' needs an encoder", "name one as model: a folder")
    model = loaded(folder, pixels)
    if kind != WHOLE:
        _cut(model, int(kind.removeprefix(LAYERS)))
    return model


def require_library() -> None:
    """Refuse to begin without sentence-transformers.

    Raises:
        EngineError: with what to type.
    """
    try:
        import sentence_transformers  # noqa: F401
    except ImportError as error:
        text = "contrastive training needs the package sentence-transformers"
        raise EngineError(text, with_extra("retrieval")) from error


def loaded(folder: Path, pixels: int | None = None) -> Any:
    """Return the model of a folder, on the CPU, without running code of it.

    Args:
        pixels: of a picture at most, where the model reads pictures; None: as the folder says.
    """
    if is_vision(folder):
        return vision_model(folder, pixels=pixels)
    from sentence_transformers import SentenceTransformer

    with explained(str(folder)):
        return SentenceTransformer(
            str(folder),
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )


def static_module(model: Any) -> Any | None:
    """Return the module of token vectors, where the model is one."""
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    return model[0] if isinstance(model[0], StaticEmbedding) else None


def _static(folder: Path | None, texts: Sequence[str], dimension: int, seed: int) -> Any:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    from llmx.engines.embed.embedder import StaticEmbedder

    if folder is None:
        tokenizer, matrix = _from_nothing(texts, dimension, seed)
    else:
        held = StaticEmbedder(folder)
        tokenizer, matrix = held.tokenizer, held.matrix.clone()
    module = StaticEmbedding(tokenizer, embedding_weights=matrix)
    return SentenceTransformer(modules=[module], device="cpu")


def _from_nothing(texts: Sequence[str], dimension: int, seed: int) -> tuple[Any, Any]:
    """Return a tokenizer of the words of texts, in alphabetical order, and random vectors."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    normal, parts = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
    found = {
        word for text in texts for word, _ in parts.pre_tokenize_str(normal.normalize_str(text))
    }
    if not found:
        raise ConfigError("no text holds a word", "name a model: model=FOLDER")
    words = {word: place for place, word in enumerate([_UNKNOWN, *sorted(found - {_UNKNOWN})])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token=_UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normal, parts
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(len(words), dimension, generator=generator) / dimension**0.5
    matrix[0] = 0.0  # an unknown word says nothing
    return tokenizer, matrix


def _cut(model: Any, count: int) -> None:
    """Leave the first layers of an encoder.

    Raises:
        ConfigError: it has fewer, or no list of layers.
    """
    import torch

    encoder: Any = getattr(model[0], "auto_model", None)
    depth = getattr(getattr(encoder, "config", None), "num_hidden_layers", 0)
    lists = [
        (parent, name)
        for parent in (encoder.modules() if encoder is not None else ())
        for name, child in parent.named_children()
        if isinstance(child, torch.nn.ModuleList) and len(child) == depth
    ]
    if len(lists) != 1 or count > depth:
        text = f"the model has {depth} layers, and {count} are to be kept"
        known = f"student=layers:N with N up to {depth}" if depth else "student=whole"
        raise ConfigError(text, known)
    ((parent, name),) = lists
    setattr(parent, name, getattr(parent, name)[:count])
    encoder.config.num_hidden_layers = count
