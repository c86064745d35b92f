"""The compiled library's functions, with the types that they take."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.engines.native.build import library

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
