"""A block model over the compiled forward: Llama in float32 on a CPU."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from llmx.decoding.asides import slack
from llmx.decoding.block_model import CompareJob, Drafted, DraftJob, Drawn, FollowJob, Numbers
from llmx.decoding.options import DecodeOptions
from llmx.engines.native.build import library
from llmx.engines.native.weights import (
    PANEL,
    LlamaShape,
    LlamaWeights,
    load_weights,
    native_shape,
    rotations,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor


_P, _I, _L, _F = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_float


class CModel(ctypes.Structure):
    """``LlmxModel`` of forward.h."""

    _fields_ = [
        *((name, ctypes.c_int32) for name in (
            "layers", "hidden", "heads", "kv_heads", "head_dim", "intermediate", "vocab",
        )),
        ("floor", _F),
        *((name, _P) for name in ("embed", "head", "weights", "rotation")),
    ]  # fmt: skip


class CSampler(ctypes.Structure):
    """``LlmxSampler`` of nucleus.h."""

    _fields_ = [
        ("vocab", ctypes.c_int32),
        ("top_k", ctypes.c_int32),
        ("temperature", _F),
        ("top_p", _F),
    ]


class CRule(ctypes.Structure):
    """``LlmxRule`` of accept.cpp."""

    _fields_ = [
        *((name, ctypes.c_int32) for name in ("divergence", "ratio", "one_hot", "first", "aside")),
        ("stop", ctypes.c_int32),
        ("floor", _F),
        ("slack", _F),
    ]


_TYPES = {
    "llmx_forward": [_P, _I, _I, _P, _P, _P, _P, _P, _P],
    "llmx_draft": [_P, _P, _I, _I, *[_P] * 7, _I, _F, _I, *[_P] * 5],
    "llmx_compare": [_P, _P, _I, _I, _P, _L, _P, _L, *[_P] * 11],
    "llmx_product": [_I, _P, _I, _P, _I, _P],
    "llmx_follow": [_P, _I, _P, _L, _P, _P, _L, _P, _P, _I, _P, _F, _P, _P, _P],
}


@lru_cache(maxsize=1)
def functions() -> ctypes.CDLL:
    """Return the library for this processor, its functions typed."""
    return typed(library())


def typed(found: ctypes.CDLL) -> ctypes.CDLL:
    """Say what each function takes: an untyped pointer would be cut to 32 bits."""
    for name, types in _TYPES.items():
        function = getattr(found, name)
        function.argtypes, function.restype = types, None
    return found


def at(values: NDArray[Any] | None) -> int | None:
    """Return where an array's numbers begin; the caller keeps the array alive."""
    return None if values is None else values.ctypes.data


def plain(values: Any, kind: type[np.generic]) -> NDArray[Any]:
    """Return a contiguous array of one type, the same object where it is one already."""
    return np.ascontiguousarray(values, dtype=kind)


_DIVERGENCES = ("js", "ag", "kl", "kl_reversed", "tv", "draft_token")
_ASIDES = ("", "block", "typical", "fly", "opt", "token_v3")  # ``LlmxAside`` of accept.cpp


class Acceptance:
    """The half of a block model that needs no weights."""

    calls: ctypes.CDLL

    def sampler(self, options: DecodeOptions, vocab: int) -> Any:
        """Return how tokens are drawn, as the library takes it."""
        return ctypes.byref(CSampler(vocab, options.top_k, options.temperature, options.top_p))

    def compare(self, job: CompareJob) -> Numbers:
        """Read a drafted block; what was not looked at is NaN."""
        rows, width, vocab = job.draft.shape
        found = Numbers.empty(rows, width)
        target, p_stride = _laid_out(job.target)
        draft, q_stride = _laid_out(job.draft)
        tokens, valid = plain(job.tokens, np.int64), plain(job.valid, np.int64)
        limits = np.broadcast_to(job.limits, (rows, width))
        u, limits = plain(job.u, np.float32), plain(limits, np.float64)
        self.calls.llmx_compare(
            ctypes.byref(_rule(job)), self.sampler(job.options, vocab), rows, width,
            at(target), p_stride, at(draft), q_stride, at(tokens), at(valid), at(u), at(limits),
            at(found.divergence), at(found.chance), at(found.p), at(found.q), at(found.lead),
            at(found.best), at(found.aside),
        )  # fmt: skip
        return found

    def follow(self, job: FollowJob) -> Drawn:
        """Draw one token a row."""
        rows, columns, vocab = job.target.shape
        target, p_stride = _laid_out(job.target)
        draft, q_stride = (None, 0) if job.draft is None else _laid_out(job.draft)
        place = np.arange(rows) * columns + job.column
        q_at = token = weight = None
        if job.draft is not None:
            assert job.tokens is not None and job.rejected is not None
            width = job.draft.shape[1]
            column = job.column.clip(max=width - 1)
            q_at = np.where(job.rejected, np.arange(rows) * width + column, -1)
            token = np.ascontiguousarray(job.tokens[np.arange(rows), column])
            weight = None if job.weight is None else plain(job.weight, np.float32)
        u = plain(job.u, np.float32)
        tokens = np.empty((rows, 3), np.int64)
        lead = np.full(rows, np.inf, np.float32)
        self.calls.llmx_follow(
            self.sampler(job.options, vocab), rows, at(target), p_stride, at(place), at(draft),
            q_stride, at(q_at), at(token), int(job.options.one_hot_draft), at(weight),
            slack(job.options), at(u), at(tokens), at(lead),
        )  # fmt: skip
        return Drawn(tokens, lead)


def _rule(job: CompareJob) -> CRule:
    options = job.options
    diverges = options.stateful is not None
    ratio = (options.tests_ratio or options.rival) and options.temperature > 0
    return CRule(
        _DIVERGENCES.index(options.divergence) if diverges else -1,
        int(ratio),
        int(options.one_hot_draft),
        int(options.tests_first),
        _ASIDES.index(_aside(options)),
        int(job.stop),
        options.floor,
        slack(options),
    )


def _aside(options: DecodeOptions) -> str:
    if options.joint:
        return "block"
    if not options.rival:
        return ""
    return options.deferral if options.algorithm == "cascade" else options.algorithm


def _laid_out(values: Any) -> tuple[NDArray[np.float32], int]:
    """Return float32 rows of logits and the distance between two rows; copied if need be."""
    numbers = values.numpy() if hasattr(values, "numpy") else values
    steady = (
        numbers.strides[-1] == 4 and numbers.strides[0] == numbers.shape[1] * numbers.strides[1]
    )
    if numbers.dtype != np.float32 or not steady:
        # Not the stride of what comes out: along an axis of one, that may be any number.
        return np.ascontiguousarray(numbers, np.float32), numbers.shape[-1]
    return numbers, numbers.strides[1] // 4


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

    def copy_slots(self, cache: NativeCache, row: int, to: int, width: int) -> None:
        """Copy slots 0 … width-1 of one row to another row."""
        shape, blocks = self.shape, cache.capacity // _STRIDE
        rows, heads, size = int(cache.passed.rows), shape.kv_heads, shape.head_dim
        source, target = cache.row[row], cache.row[to]
        keys = cache.keys.reshape(shape.layers, rows, heads, blocks, size * _STRIDE)
        values = cache.values.reshape(shape.layers, rows, heads, cache.capacity, -1)
        keys[:, target, :, : -(-width // _STRIDE)] = keys[:, source, :, : -(-width // _STRIDE)]
        values[:, target, :, :width] = values[:, source, :, :width]

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
