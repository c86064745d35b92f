"""An embedder made of the rows themselves: random indexing, without a model and without a hub.

Each pair has a random vector of signs; a word is the sum of those of the pairs that it stands in;
a text is the sum of its words by inverse document frequency (Kanerva, Kristoferson and Holst,
"Random indexing of text samples for latent semantic analysis", 2000; Sahlgren 2005). So two texts
are near where they share words, or have words that stand in the same pairs. It is lexical, and it
has seen which target is whose: a teacher for batches, no embedder to be scored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from llmx.core.errors import EngineError
from llmx.core.install import with_extra
from llmx.core.philox import keys, philox
from llmx.engines.embed.embedder import normalised
from llmx.store.fingerprint import fingerprint

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

VERSION = 1  # raised with every change here that changes a vector
DIMENSION = 256
_BITS = 128  # of one call of the generator
_WORD = re.compile(r"\w+")


class WordsEmbedder:
    """Vectors of words from the pairs that they stand in; a word of no pair counts nothing.

    Args:
        pairs: the texts of each pair, at least one pair with a word.
        dimension: of the vectors, a multiple of 128.

    Raises:
        EngineError: if there is no word, or scipy is missing.
    """

    kind = "words"

    def __init__(self, pairs: Sequence[tuple[str, str]], dimension: int = DIMENSION) -> None:
        import numpy as np

        self.dimension = dimension
        self._content = fingerprint([list(pair) for pair in pairs])
        self._places: dict[str, int] = {}
        for pair in pairs:
            for word in dict.fromkeys(_words(pair)):
                self._places.setdefault(word, len(self._places))
        if not self._places:
            raise EngineError("no text holds a word", "name another embedder: model=FOLDER")
        held = self._counts([dict.fromkeys(_words(pair), 1) for pair in pairs])
        self._vectors = normalised((held.T @ _signs(len(pairs), dimension)).astype(np.float32))
        number = np.asarray(held.sum(0)).ravel()
        self._weight = np.log((1 + len(pairs)) / number)

    def identity(self) -> dict[str, Any]:
        """Return kind, version, size and the content of the pairs."""
        own = {"dimension": self.dimension, "content": self._content}
        return {"kind": self.kind, "version": VERSION, **own}

    def encode(self, texts: Sequence[str], prompt: str = "") -> NDArray[float32]:
        """Return float32 (n, dimension), rows of length 1, or 0 of a text without a known word."""
        counted = []
        for text in texts:
            found: dict[str, int] = {}
            for word in _words((prompt, text)):
                if word in self._places:
                    found[word] = found.get(word, 0) + 1
            counted.append(found)
        return normalised(self._counts(counted).multiply(self._weight).tocsr() @ self._vectors)

    def _counts(self, counted: Sequence[dict[str, int]]) -> Any:
        """Return CSR (texts, words), float64."""
        import numpy as np

        column = [self._places[word] for one in counted for word in one]
        data = np.array([times for one in counted for times in one.values()], np.float64)
        starts = np.concatenate([[0], np.cumsum([len(one) for one in counted])]).astype(np.int64)
        return _sparse()((data, column, starts), shape=(len(counted), len(self._places)))


def _words(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from _WORD.findall(text.casefold())


def _signs(rows: int, columns: int) -> NDArray[float32]:
    """Return -1 or 1, float32 (rows, columns), each a function of its place alone."""
    import numpy as np

    key = keys(0, ["words"])[0]
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    block = np.arange(columns // _BITS, dtype=np.uint64)[None, :]
    row = np.arange(rows, dtype=np.uint64)[:, None]
    zero = np.zeros(1, np.uint64)
    found = philox((block, row & low, row >> half, zero), (key & low, key >> half))
    bits = np.stack(found, axis=-1).astype("<u4").view(np.uint8).reshape(rows, -1)
    signs: NDArray[float32] = np.unpackbits(bits, axis=1).astype(np.float32) * 2 - 1
    return signs


def _sparse() -> Any:
    try:
        from scipy.sparse import csr_matrix
    except ImportError as error:
        text = "the embedder 'words' needs the package 'scipy'"
        raise EngineError(text, with_extra("retrieval")) from error
    return csr_matrix
