"""What an embedder is, and the two kinds: averaged token vectors, and sentence-transformers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from llmx.core.errors import EngineError
from llmx.core.install import with_extra
from llmx.engines.embed.place import embedder_hash
from llmx.engines.pretrained import explained

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

VERSION = 1  # raised with every change here that changes a vector
_MATRICES = ("embedding.weight", "word_embeddings.weight", "embed_tokens.weight")
_BATCH = 512  # texts whose tokens are held at once


class Embedder(Protocol):
    """A model of texts as vectors of length 1."""

    dimension: int

    def identity(self) -> dict[str, Any]:
        """Return what its vectors depend on."""

    def encode(self, texts: Sequence[Any], prompt: str = "") -> NDArray[float32]:
        """Return float32 (n, dimension), rows of length 1; `prompt` stands before each text.

        An embedder of texts takes texts, one of pictures :class:`ImageText` too.
        """


def normalised(vectors: NDArray[Any]) -> NDArray[float32]:
    """Return the rows at length 1; a row of zeros, of a text without tokens, stays as it is."""
    import numpy as np

    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
    found: NDArray[float32] = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return found


class StaticEmbedder:
    """The mean of the vectors of a text's tokens: a tokenizer and a matrix, no layers.

    The folder holds one ``*tokenizer*.json`` (of the library tokenizers) and one ``*.safetensors``
    with the matrix, alone or as the token vectors of a whole model. Special tokens are left out.

    Raises:
        EngineError: if either is not there, or it is unclear which one is meant.
    """

    kind = "static"

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self.folder = folder
        with explained(str(folder)):
            self.tokenizer = Tokenizer.from_file(str(_one(folder, "*tokenizer*.json")))
            self.tokenizer.no_padding()
            self.tokenizer.no_truncation()
            self.matrix = _matrix(_one(folder, "*.safetensors"))
        self.dimension = int(self.matrix.shape[1])
        if (size := self.tokenizer.get_vocab_size()) > len(self.matrix):
            text = f"{folder} has {size} tokens, and vectors for {len(self.matrix)}"
            raise EngineError(text, "tokenizer and matrix are of different models")

    def identity(self) -> dict[str, Any]:
        """Return kind, version and content."""
        return {"kind": self.kind, "version": VERSION, "content": embedder_hash(self.folder)}

    def encode(self, texts: Sequence[str], prompt: str = "") -> NDArray[float32]:
        """Return float32 (n, dimension), rows of length 1."""
        import numpy as np

        found = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _BATCH):
            part = [prompt + text for text in texts[start : start + _BATCH]]
            found[start : start + len(part)] = self._means(part)
        return normalised(found)

    def _means(self, texts: Sequence[str]) -> NDArray[float32]:
        import torch

        read = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ids = torch.tensor([one for text in read for one in text.ids], dtype=torch.int64)
        sizes = torch.tensor([0, *(len(text.ids) for text in read)][:-1])
        bag = torch.nn.functional.embedding_bag(
            ids, self.matrix, torch.cumsum(sizes, 0), mode="mean"
        )
        found: NDArray[float32] = bag.numpy()
        return found


def _one(folder: Path, pattern: str) -> Path:
    """Return the one file below a folder; at the top is nearer than below it."""
    for found in (sorted(folder.glob(pattern)), sorted(folder.rglob(pattern))):
        plain = [path for path in found if path.name == "tokenizer.json"] or found
        if len(plain) == 1:
            return plain[0]
        if plain:
            text = f"{folder} holds several {pattern}: {', '.join(p.name for p in plain[:4])}"
            raise EngineError(text, "leave the one that is meant")
    raise EngineError(
        f"{folder} holds no {pattern}", "a static embedder is a tokenizer and a matrix"
    )


def _matrix(file: Path) -> Any:
    """Return the token vectors of a file, float32 (tokens, dimension)."""
    from safetensors import safe_open

    with safe_open(file, "pt") as held:
        names = list(held.keys())
        flat = [name for name in names if len(held.get_slice(name).get_shape()) == 2]
        named = [name for name in flat if f".{name}".endswith(tuple(f".{m}" for m in _MATRICES))]
        found = named or flat
        if len(found) != 1:
            text = f"{file} holds {len(found)} tensors that could be token vectors"
            raise EngineError(text, f"name it {_MATRICES[0]}")
        return held.get_tensor(found[0]).float()


class SentenceEmbedder:
    """A model of sentence-transformers: its folder says how token states become one vector.

    A folder without ``modules.json`` is a plain encoder, whose states are averaged.

    Raises:
        EngineError: if the package is missing, or the folder cannot be loaded.
    """

    kind = "sentence_transformers"

    def __init__(self, folder: Path, device: str = "cpu", batch_size: int = 32) -> None:
        if find_spec("sentence_transformers") is None:
            text = f"{folder} needs the package sentence-transformers"
            raise EngineError(text, with_extra("retrieval"))
        from sentence_transformers import SentenceTransformer

        self.folder, self.batch_size = folder, batch_size
        with explained(str(folder)):
            self.model = SentenceTransformer(
                str(folder),
                device=device,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        self.dimension = int(self.model.encode([""], show_progress_bar=False).shape[1])

    def identity(self) -> dict[str, Any]:
        """Return kind, versions and content; a batch's padding moves last bits, so its size too."""
        found = {"kind": self.kind, "version": VERSION, "content": embedder_hash(self.folder)}
        libraries = {name: version(name) for name in ("sentence-transformers", "transformers")}
        return {**found, "libraries": libraries, "batch_size": self.batch_size}

    def encode(self, texts: Sequence[str], prompt: str = "") -> NDArray[float32]:
        """Return float32 (n, dimension), rows of length 1; prompts of the folder are not used."""
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), np.float32)
        found = self.model.encode(
            [prompt + text for text in texts],
            prompt="",
            batch_size=self.batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return normalised(found)
