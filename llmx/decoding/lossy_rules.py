"""Rules that keep more than the lossless test does: typical acceptance, FLy, speculative cascades.

Each keeps a drafted token whose *distance* is at most a number; the sampler's threshold is that
number, or its negative where a larger threshold keeps less (:attr:`DecodeOptions.tightens`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmx.decoding import accept
from llmx.decoding.accept import Doubles, Flags, Floats, Ints
from llmx.decoding.options import DecodeOptions

_NEVER = np.float32(np.nan)


@dataclass(frozen=True)
class Reading:
    """What the rules read of K drafted tokens a row; float32 (B, K) each.

    Attributes:
        p, q: of the tokens, warped; NaN at temperature 0.
        own: whether the token is the target's arg-max, and by how much that leads; read where both
            distributions are one-hot.
        aside: (2, B, K); see :func:`llmx.decoding.asides.read_asides`.
    """

    p: Floats
    q: Floats
    own: tuple[Flags, Floats] | None
    aside: Floats


@dataclass(frozen=True)
class LossyRule:
    """What a rule says of each drafted token; (B, K) each.

    Attributes:
        accept: whether it stands.
        margin: float32, distance of the nearest comparison from turning over.
        distance: float32, what the threshold is compared with; NaN = never kept by it.
        weights: float32 (B, K+1) of the residual; None = 1.
    """

    accept: Flags
    margin: Floats
    distance: Floats
    weights: Floats | None = None


def lossy_rule(read: Reading, u: Floats, valid: Ints, options: DecodeOptions) -> LossyRule:
    """Apply the rule of ``options.algorithm``.

    Args:
        u: uniforms of the ratio test.
        valid: (B,), tokens that count.
    """
    if options.algorithm == "typical":
        return _typical(read, options)
    if options.algorithm == "fly":
        return _fly(read, u, valid, options)
    return _cascade(read, u, options)


def _typical(read: Reading, options: DecodeOptions) -> LossyRule:
    """Accept iff ``p > min(ε, √ε e^{-H})`` (Cai et al., arXiv 2401.10774, section 2.3.1).

    That is ``ε < max(p, (p e^H)²)``. At temperature 0 the arg-max, as in the authors' code.
    """
    if read.own is not None:
        flags, margin = read.own
        return LossyRule(flags, margin, -flags.astype(np.float32))
    level = np.maximum(read.p, np.square(read.p * np.exp(read.aside[0])))
    limit = np.float64(options.threshold)
    return LossyRule(level > limit, _off(level, limit), np.where(level > 0, -level, _NEVER))


def _fly(read: Reading, u: Floats, valid: Ints, options: DecodeOptions) -> LossyRule:
    """Put a rejection off where the target is unsure, and drop it if the next w tokens pass.

    Li et al., arXiv 2511.22972: an entropy of at least the threshold, and a window in which no
    token is refused, inside the block.
    """
    own, margin = _lossless(read, u, np.float32(1))
    entropy, limit = read.aside[0], np.float64(options.threshold)
    window = options.deferral_window
    may = passed_over(own, valid, window)
    # The target never says a token without mass, however unsure it is.
    distance = -entropy if read.own is not None else np.where(read.p > 0, -entropy, _NEVER)
    flags = own | (may & (distance <= -limit))
    doubt = np.minimum(_off(entropy, limit), _least_ahead(margin, window))
    margin = np.where(own, margin, np.minimum(margin, doubt)).astype(np.float32)
    return LossyRule(flags, margin, distance)


def passed_over(own: Flags, valid: Ints, window: int) -> Flags:
    """Return (B, K): whether the `window` tokens behind each one count, and pass by themselves."""
    width = own.shape[1]
    found = np.arange(width) + window < valid[:, None]
    for step in range(1, min(window, width - 1) + 1):
        found[:, :-step] &= own[:, step:]
    return found


def _least_ahead(margin: Floats, window: int) -> Floats:
    """Return the least margin among the next `window` tokens; infinite without any."""
    least = np.full(margin.shape, np.inf, dtype=np.float32)
    for step in range(1, min(window, margin.shape[1] - 1) + 1):
        least[:, :-step] = np.minimum(least[:, :-step], margin[:, step:])
    return least


def _cascade(read: Reading, u: Floats, options: DecodeOptions) -> LossyRule:
    """Sample from a mixture of draft and target (Narasimhan et al., arXiv 2405.19261).

    ``opt`` (equation 10) keeps the draft's distribution iff ``max q >= max p - α TV(p, q)``.
    ``token_v3`` (equation 15) keeps its tokens with ``p(c) >= (1 - α) max p``; of the others the
    target's share is their mass under q.
    """
    if options.deferral == "opt":
        distance, share = lenience(*read.aside), np.ones_like(read.aside[0])
    else:
        distance, share = 1 - read.aside[0], read.aside[1]
    limit = np.float64(options.threshold)
    own, margin = _lossless(read, u, share)
    flags = (distance <= limit) | own
    margin = np.minimum(margin, _off(distance, limit)).astype(np.float32)
    weights = np.concatenate((share, np.ones_like(share[:, :1])), 1)
    return LossyRule(flags, margin, distance, weights)


def lenience(gap: Floats, apart: Floats) -> Floats:
    """Return the least α at which the draft's distribution is kept: ``(max p - max q) / TV``.

    Of equal distributions -inf, or +inf where the target is the surer one (of its raw scores).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = gap / apart
    alike = np.where(gap <= 0, np.float32(-np.inf), np.float32(np.inf))
    return np.where(apart > 0, found, np.where(np.isnan(gap), gap, alike))


def _lossless(read: Reading, u: Floats, share: Floats | np.float32) -> tuple[Flags, Floats]:
    """Return (accept, margin) of the speculative test against `share` of the target."""
    if read.own is not None:
        return read.own
    p = read.p * share
    return accept.speculative(p, read.q, u), np.abs(u - p / np.maximum(read.q, np.float32(1e-30)))


def _off(values: Floats, limit: Doubles | np.float64) -> Floats:
    # Equal infinities: no rounding moves them.
    with np.errstate(invalid="ignore"):
        found: Floats = np.abs(values - limit)
    return np.where(np.isnan(found) & ~np.isnan(values), np.inf, found)
