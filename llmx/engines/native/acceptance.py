"""What the compiled library reads of a drafted block, and the draw that follows."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.decoding.asides import slack
from llmx.decoding.block_model import CompareJob, Drawn, FollowJob, Numbers
from llmx.decoding.options import DecodeOptions
from llmx.engines.native.calls import CRule, CSampler, at, plain

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
