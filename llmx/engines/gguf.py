"""What the header of a GGUF file says of its model: sizes, kinds of weights, tokens, template.

The format is little-endian: magic, version, counts, settings by name, then name, shape and type of
each tensor. It is read here without the package `gguf`, so that a plan needs none. Every length is
held against the file before it is believed.
"""

from __future__ import annotations

import mmap
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from llmx.core.errors import EngineError

_MAGIC, _VERSIONS = b"GGUF", (2, 3)
_STRING, _ARRAY = 8, 9
_SCALARS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_KEPT_ARRAY = 1 << 12  # numbers of an array that are kept: one a layer
_TOKENS = "tokenizer.ggml.tokens"
_TYPES = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1"},
    **{10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS"},
    **{17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S"},
    **{23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M"},
    **{30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4"},
}
PLAIN = ("F32", "F16", "BF16", "F64")
"""Types of weights that nothing was taken from."""


@dataclass(frozen=True)
class GgufHeader:
    """The settings of a file, and how its weights are kept.

    Attributes:
        settings: by the file's names; long arrays are left out.
        tokens: of the vocabulary, by id.
        types: name of a kind of weights → how many tensors are of it.
        parameters: numbers in all tensors.
    """

    settings: Mapping[str, Any]
    tokens: tuple[str, ...]
    types: Mapping[str, int]
    parameters: int

    @property
    def architecture(self) -> str:
        """The model's family, by the format's names."""
        return str(self.settings.get("general.architecture", ""))

    def number(self, name: str, otherwise: int = 0) -> int:
        """Return a size of the model, the largest where each layer has its own."""
        found = self.settings.get(f"{self.architecture}.{name}", otherwise)
        values = found if isinstance(found, list) else [found]
        return max((int(one) for one in values if isinstance(one, int)), default=otherwise)

    @property
    def quantised(self) -> dict[str, int]:
        """The kinds of weights that are kept in fewer bits, and how many tensors are of each."""
        return {name: count for name, count in self.types.items() if name not in PLAIN}

    def said(self) -> str:
        """Return ``Q4_1 in 211 tensors, F32 in 61``."""
        most = sorted(self.types.items(), key=lambda pair: -pair[1])
        named = [f"{name} in {count}" for name, count in most]
        return ", ".join((named[0] + " tensors", *named[1:])) if named else "no tensors"

    def end_ids(self) -> list[int]:
        """Return the tokens that end an answer, as the file names them."""
        names = ("eos_token_id", "eot_token_id", "eom_token_id")
        found = (self.settings.get(f"tokenizer.ggml.{name}") for name in names)
        return sorted({one for one in found if isinstance(one, int)})


def read_header(path: Path) -> GgufHeader:
    """Return what a file says, read once a process for each state of it.

    Raises:
        EngineError: if it is no GGUF file, is cut short, or is one part of several.
    """
    try:
        state = path.stat()
        return _read(path, state.st_size, state.st_mtime_ns)
    except (OSError, ValueError, struct.error, RecursionError) as error:
        raise EngineError(f"{path} is not a whole GGUF file: {error}", "copy it again") from error


@lru_cache(maxsize=32)
def _read(path: Path, size: int, modified: int) -> GgufHeader:
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        found = _GgufReader(whole).header()
    parts = found.settings.get("split.count", 1)
    if isinstance(parts, int) and parts > 1:
        raise EngineError(
            f"{path} is one of {parts} parts", "join them: llama-gguf-split --merge FIRST OUT"
        )
    return found


class _GgufReader:
    def __init__(self, whole: mmap.mmap) -> None:
        self.whole, self.at, self.size = whole, 0, len(whole)

    def header(self) -> GgufHeader:
        if self._taken(4) != _MAGIC:
            raise ValueError("it does not begin with GGUF")
        version, tensors, settings = self._unpacked("<IQQ")
        if version not in _VERSIONS:
            raise ValueError(f"version {version} of the format is not known")
        self._fits(tensors, 24)
        self._fits(settings, 13)
        held = dict(self._setting() for _ in range(settings))
        tokens = held.pop(_TOKENS, None) or ()
        kinds, parameters = Counter[str](), 0
        for _ in range(tensors):
            kind, numbers = self._tensor()
            kinds[kind] += 1
            parameters += numbers
        plain = {name: value for name, value in held.items() if value is not None}
        return GgufHeader(plain, tuple(tokens), dict(kinds), parameters)

    def _setting(self) -> tuple[str, Any]:
        name = self._text()
        (kind,) = self._unpacked("<I")
        return name, self._value(kind, name == _TOKENS)

    def _value(self, kind: int, whole: bool) -> Any:
        if kind == _STRING:
            return self._text()
        if kind == _ARRAY:
            return self._array(whole)
        if kind not in _SCALARS:
            raise ValueError(f"{kind} is no kind of value")
        return self._unpacked("<" + _SCALARS[kind])[0]

    def _array(self, whole: bool) -> list[Any] | None:
        """Return the values; None for a long array that nobody asks for."""
        kind, count = self._unpacked("<IQ")
        if kind == _STRING:
            self._fits(count, 8)
            if whole:
                return [self._text() for _ in range(count)]
            for _ in range(count):
                self._passed()
            return None
        if kind not in _SCALARS:
            raise ValueError(f"an array of kind {kind} is none of numbers or texts")
        width = struct.calcsize("<" + _SCALARS[kind])
        self._fits(count, width)
        if count > _KEPT_ARRAY:
            self.at += count * width
            return None
        return list(self._unpacked(f"<{count}{_SCALARS[kind]}"))

    def _tensor(self) -> tuple[str, int]:
        self._passed()
        (sides,) = self._unpacked("<I")
        if sides > 8:
            raise ValueError(f"a tensor of {sides} sides")
        shape = self._unpacked(f"<{sides}Q")
        kind, _ = self._unpacked("<IQ")
        numbers = prod(shape)
        # Two bits a number and less: the smallest kinds keep 1.5.
        if numbers > 8 * self.size:
            raise ValueError(f"a tensor of shape {list(shape)} is larger than the file")
        return _TYPES.get(kind, f"type {kind}"), numbers

    def _text(self) -> str:
        (length,) = self._unpacked("<Q")
        return self._taken(length).decode("utf-8", errors="replace")

    def _passed(self) -> None:
        (length,) = self._unpacked("<Q")
        self._fits(length, 1)
        self.at += length

    def _unpacked(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack(layout, self._taken(struct.calcsize(layout)))

    def _taken(self, length: int) -> bytes:
        self._fits(length, 1)
        taken = self.whole[self.at : self.at + length]
        self.at += length
        return taken

    def _fits(self, count: int, width: int) -> None:
        """Refuse a count that the rest of the file cannot hold."""
        if count * width > self.size - self.at:
            raise ValueError("it ends in the middle of its header")
