"""What both models say at drafted tokens along texts: compared without decoding again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import RunError, nearest
from llmx.core.spec import Semantics
from llmx.decoding.accept import Flags, Floats, Ints, leading

Names = NDArray[np.str_]
Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A divergence, how much of the vocabulary it sees, and of which distributions."""

    divergence: str
    top_k: int = 0
    on: Literal["raw", "warped"] = "raw"

    @property
    def name(self) -> str:
        """``js``, ``js_top50``, ``js_warped``, ``js_top50_warped``."""
        top = f"_top{self.top_k}" if self.top_k else ""
        return f"{self.divergence}{top}{'_warped' if self.on == 'warped' else ''}"


@dataclass(frozen=True)
class DivergenceLog:
    """N blocks of γ drafted tokens, replayed along S texts.

    Attributes:
        measures: names of M measures, see :class:`Measure`.
        divergence: float32 (M, N, γ), nats (a share of mass for ``tv`` and ``draft_token``).
        token: int64 (N, γ), drafted.
        p, q: float32 (N, γ), raw probability of the token under target and draft.
        entropy_p, entropy_q: float32 (N, γ), nats, of the raw distributions.
        lossless: bool (N, γ), whether the speculative test accepts.
        argmax: bool (N, γ), whether the token is the target's own first choice.
        valid: int64 (N,), tokens that count (none past an EOS, the length cap or a draft's stop).
        closed: bool (N,), whether the last of them is an EOS: then no bonus follows.
        sample: int64 (N,), place in `ids`.
        start: int64 (N,), position in the text at which the block was drafted.
        ids: names of the S texts.
        emitted, accepted: int64 (S,), tokens of the texts, and how many of them were drafted.
    """

    measures: Names
    divergence: Floats
    token: Ints
    p: Floats
    q: Floats
    entropy_p: Floats
    entropy_q: Floats
    lossless: Flags
    argmax: Flags
    valid: Ints
    closed: Flags
    sample: Ints
    start: Ints
    ids: Names
    emitted: Ints
    accepted: Ints

    def to_bytes(self) -> bytes:
        """Return the log as a compressed ``.npz``; equal logs are equal bytes."""
        memory = io.BytesIO()
        np.savez_compressed(memory, **{f.name: getattr(self, f.name) for f in fields(self)})
        return memory.getvalue()

    @classmethod
    def load(cls, path: Path | str) -> DivergenceLog:
        """Read a log.

        Raises:
            RunError: if the file is none.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls(**{f.name: stored[f.name] for f in fields(cls)})
        except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
            raise RunError(
                f"{path} is not a divergence log: {error}", "delete the stage's folder, run again"
            ) from error

    def of(self, measure: str) -> Floats:
        """Return a measure's divergences, float32 (N, γ).

        Raises:
            RunError: if it was not logged.
        """
        names = [str(name) for name in self.measures]
        if measure not in names:
            raise RunError(f"the log has no measure '{measure}'", nearest(measure, names))
        found: Floats = self.divergence[names.index(measure)]
        return found

    def counted(self) -> Flags:
        """Return bool (N, γ): the tokens that count."""
        inside: Flags = np.arange(self.token.shape[1]) < self.valid[:, None]
        return inside

    def accepts(self, measure: str, threshold: float, semantics: Semantics = "research") -> Flags:
        """Return bool (N, γ): the tokens that the rule accepts, each taken alone."""
        passes: Flags = self.of(measure) <= threshold
        also = {"research": None, "fallback": self.lossless, "union": self.argmax}[semantics]
        return passes if also is None else passes | also

    def sums(self, accept: Flags) -> Counts:
        """Return accepted and emitted tokens of each text's blocks, float64 (S, 2)."""
        run = leading(accept, self.valid)
        emitted = run + 1 - ((run == self.valid) & self.closed)
        columns = np.zeros((len(self.ids), 2))
        np.add.at(columns, self.sample, np.stack((run, emitted), 1).astype(np.float64))
        return columns

    def share(self, measure: str, threshold: float, semantics: Semantics = "research") -> float:
        """Return the draft share: accepted over emitted tokens, of all blocks."""
        accepted, emitted = self.sums(self.accepts(measure, threshold, semantics)).sum(0)
        return float(accepted / emitted)


_OF_BLOCKS = (
    "divergence", "token", "p", "q", "entropy_p", "entropy_q", "lossless", "argmax", "valid",
    "closed", "start",
)  # fmt: skip


def joined(logs: Sequence[DivergenceLog]) -> DivergenceLog:
    """Join logs of one set of measures; texts keep their ids, which may then occur twice.

    Raises:
        ValueError: if there is none, or their measures differ.
    """
    if not logs or any(list(log.measures) != list(logs[0].measures) for log in logs):
        raise ValueError("logs of other measures cannot be joined")
    first = np.cumsum([0, *(len(log.ids) for log in logs)])
    parts = {
        f.name: np.concatenate([getattr(log, f.name) for log in logs], int(f.name == "divergence"))
        for f in fields(DivergenceLog)
        if f.name not in ("measures", "sample")
    }
    places = np.concatenate([log.sample + at for log, at in zip(logs, first, strict=False)])
    # In an order that does not tell which texts were replayed together.
    order = np.lexsort((parts["start"], places))
    for name in _OF_BLOCKS:
        parts[name] = parts[name][:, order] if name == "divergence" else parts[name][order]
    return DivergenceLog(measures=logs[0].measures, sample=places[order], **parts)
