"""The accept rules: pure, elementwise, over (rows, γ). Anything compared with NaN is not accepted.

The arrays are float32 on the host: a decision needs a few numbers a row, and the host has to know
the outcome anyway. A kernel that decides on the device states the same comparisons.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


def speculative(p: Floats, q: Floats, u: Floats) -> Flags:
    """Accept with probability ``min(1, p/q)`` (Leviathan et al., arXiv 2211.17192, section 2.3).

    Args:
        p: probability of the drafted token under the target.
        q: the same under the draft, the distribution that it was drawn from.
        u: uniforms in [0, 1).
    """
    # Strict and without a quotient: p = 0 is never accepted, p = q always, q = 0 divides nothing.
    return u * q < p


def ensemble(p: Floats, q: Floats, u: Floats, weight: float) -> Flags:
    """Accept with probability ``min(1, 1 - w + w p/q)``: the speculative test against a mixture.

    The rule of transformers' ``assistant_ensemble_weight``. With the residual of
    :func:`speculative`, which the mixture shares, tokens follow ``w p + (1 - w) q``.
    """
    return u * q < (1 - weight) * q + weight * p


def research(d: Floats, threshold: float | Doubles) -> Flags:
    """Accept iff the divergence is at most the threshold (Holsman et al., arXiv 2502.20704)."""
    return d <= threshold


def fallback(d: Floats, threshold: float, p: Floats, q: Floats, u: Floats) -> Flags:
    """Accept iff :func:`research` or else :func:`speculative` does (the authors' hub version)."""
    return research(d, threshold) | speculative(p, q, u)


def random(u: Floats, chance: float) -> Flags:
    """Accept with a fixed probability, whatever the models say: the control of `research`."""
    return u < chance


def leading(accept: Flags, valid: Ints) -> Ints:
    """Count the accepted tokens before the first rejection.

    Args:
        accept: (B, K).
        valid: (B,), how many of the K drafted tokens count.

    Returns:
        int64 (B,), at most `valid`.
    """
    inside = np.arange(accept.shape[1]) < valid[:, None]
    run: Ints = np.logical_and.accumulate(accept & inside, axis=1).sum(axis=1)
    return run


def valid_lengths(ends: Flags, room: Ints) -> Ints:
    """Count the drafted tokens that a round may use: up to the first EOS, and up to `room`.

    Args:
        ends: (B, K), whether the drafted token is an EOS.
        room: (B,), ``min(γ, L_max - t - 1)``.
    """
    if ends.shape[1] == 0:
        return room
    first = np.where(ends.any(axis=1), ends.argmax(axis=1) + 1, ends.shape[1])
    valid: Ints = np.minimum(first, room)
    return valid
