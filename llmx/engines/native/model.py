"""A block model over the compiled forward: Llama in float32 on a CPU."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from llmx.decoding.block_model import Drafted, DraftJob
from llmx.engines.native.acceptance import Acceptance
from llmx.engines.native.calls import CModel, at, functions, plain
from llmx.engines.native.shape import LlamaShape, native_shape, rotations
from llmx.engines.native.weights import PANEL, LlamaWeights, load_weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor


_STRIDE = 16  # slots of a block of keys


class CCache(ctypes.Structure):
    """``LlmxCache`` of forward.h."""

    _fields_ = [
        ("keys", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
    ]


@dataclass(frozen=True)
class NativeCache:
    """The slots of a batch.

    Attributes:
        keys: float32 (layers, rows, kv heads, capacity / 16, head_dim, 16), flat.
        values: float32 (layers, rows, kv heads, capacity, padded head_dim), flat.
        row: int64 (B,), where each row of the batch stands: rows that are over drop out of it.
        passed: the same as the library takes it.
    """

    keys: NDArray[np.float32]
    values: NDArray[np.float32]
    row: NDArray[np.int64]
    passed: CCache

    @property
    def capacity(self) -> int:
        """Slots of a row."""
        return int(self.passed.capacity)

    def of(self, kept: NDArray[np.int64]) -> NativeCache:
        """Return the same memory seen by some of its rows alone."""
        return replace(self, row=np.ascontiguousarray(self.row[kept]))


def new_cache(shape: LlamaShape, rows: int, capacity: int) -> NativeCache:
    """Return an empty cache; memory is taken when slots are written."""
    capacity = -(-capacity // _STRIDE) * _STRIDE
    heads = shape.layers * rows * shape.kv_heads
    keys = np.zeros(heads * capacity * shape.head_dim, np.float32)
    values = np.zeros(heads * capacity * (-(-shape.head_dim // 16) * 16), np.float32)
    passed = CCache(keys.ctypes.data, values.ctypes.data, rows, capacity)
    return NativeCache(keys, values, np.arange(rows), passed)


Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class NativeLlama(Acceptance):
    """See :class:`~llmx.decoding.block_model.BlockModel`.

    Args:
        shape, weights: of one folder.
        calls: the library; None = the one for this processor.
    """

    does_blocks: ClassVar[bool] = True

    def __init__(
        self, shape: LlamaShape, weights: LlamaWeights, calls: ctypes.CDLL | None = None
    ) -> None:
        self.shape, self.weights = shape, weights
        self.calls = calls or functions()
        self._stride = -(-shape.vocabulary // PANEL) * PANEL
        products = [panel for layer in weights.layers for panel in layer]
        self._pointers = (ctypes.c_void_p * len(products))(*map(at, products))
        # Tables of before stay: another thread may be reading one.
        self._rotations = [rotations(weights.frequency, 1)]
        self._model = CModel(
            shape.layers, shape.hidden, shape.heads, shape.kv_heads, shape.head_dim,
            shape.intermediate, shape.vocabulary, shape.hidden * shape.eps,
            at(weights.embed), at(weights.head), ctypes.addressof(self._pointers),
        )  # fmt: skip
        self._passed = ctypes.byref(self._model)

    @classmethod
    def load(cls, name: str, folder: Path) -> NativeLlama | None:
        """Return the model of a folder; None if it is of a kind that the forward does not know.

        Raises:
            EngineError: if a weight is missing or damaged, or the library cannot be had.
        """
        shape = native_shape(folder)
        return None if shape is None else cls(shape, load_weights(name, folder, shape))

    @property
    def vocab_size(self) -> int:
        """Number of logits V."""
        return self.shape.vocabulary

    @property
    def device(self) -> torch.device:
        """The CPU."""
        import torch

        return torch.device("cpu")

    def new_cache(self, rows: int, capacity: int) -> NativeCache:
        """Return an empty cache."""
        cache = new_cache(self.shape, rows, capacity)
        if cache.capacity > len(self._rotations[-1]):
            self._rotations.append(rotations(self.weights.frequency, cache.capacity))
            self._model.rotation = at(self._rotations[-1])
        return cache

    def narrow(self, cache: NativeCache, kept: Ints) -> NativeCache:
        """Return the cache seen by some of its rows alone."""
        return cache.of(kept)

    def forward(self, tokens: Tensor, start: Tensor, cache: NativeCache) -> Tensor:
        """Write tokens (B, K) from `start` on; return float32 (B, K, V)."""
        import torch

        logits = self.feed(tokens.numpy(), start.numpy(), cache)
        return torch.from_numpy(logits)[..., : self.vocab_size]

    def feed(self, tokens: Ints, start: Ints, cache: NativeCache) -> Floats:
        """Write tokens (B, K) from `start` on; return float32 (B, K, V padded)."""
        logits = np.empty((*tokens.shape, self._stride), np.float32)
        self._run(tokens, start, cache.row, cache, logits)
        return logits

    def prefill(self, tokens: Tensor, rows: Tensor, cache: NativeCache) -> None:
        """Write tokens (R, P) at slots 0 … P-1 of the named rows."""
        self.fill(tokens.numpy(), rows.numpy(), cache)

    def fill(self, tokens: Ints, rows: Ints, cache: NativeCache) -> None:
        """Write tokens (R, P) at slots 0 … P-1 of the named rows."""
        places = cache.row[rows]
        self._run(tokens, np.zeros(len(places), np.int64), places, cache, None)

    def _run(
        self, tokens: Any, start: Any, places: Ints, cache: NativeCache, logits: Floats | None
    ) -> None:
        ids, first, row = (plain(values, np.int64) for values in (tokens, start, places))
        self._check(ids, first, cache)
        passed = ctypes.byref(cache.passed)
        self.calls.llmx_forward(
            self._passed, *ids.shape, at(ids), at(first), at(row), passed, None, at(logits)
        )

    def _check(self, ids: Ints, first: Ints, cache: NativeCache) -> None:
        """The library checks nothing: an id or a slot that is not there would read wild memory."""
        if ids.size and not 0 <= ids.min() <= ids.max() < self.vocab_size:
            raise IndexError(f"token {ids.max()} of a vocabulary of {self.vocab_size}")
        if first.size and not 0 <= first.min() <= first.max() + ids.shape[1] <= cache.capacity:
            raise IndexError(f"slot {first.max() + ids.shape[1]} of {cache.capacity}")

    def draft(self, cache: NativeCache, job: DraftJob) -> Drafted:
        """Draft a block in every row in one call."""
        rows, width = len(job.begin), job.u.shape[1]
        options = job.options
        logits = np.empty((rows, width, self._stride), np.float32)
        tokens = np.zeros((rows, width), np.int64)
        bands = np.zeros((rows, width, 3), np.int64)
        lead = np.full((rows, width), np.inf, np.float32)
        sure = np.full((rows, width), np.nan, np.float32)
        pair, begin = plain(job.pair, np.int64), plain(job.begin, np.int64)
        last, most = plain(job.last, np.int64), plain(job.most, np.int64)
        u = plain(job.u, np.float32)
        self._check(pair, begin + width, cache)
        greedy = options.drafts_greedily
        self.calls.llmx_draft(
            self._passed, self.sampler(options, job.vocab), rows, width, at(pair), at(begin),
            at(last), at(most), at(cache.row), ctypes.byref(cache.passed), at(u), int(greedy),
            options.stop_below, int(job.whole), at(logits), at(tokens), at(bands), at(lead),
            at(sure),
        )  # fmt: skip
        return Drafted(logits, tokens, None if greedy else bands, lead if greedy else None, sure)
