"""Rows of logits worth reading, and a model that reads them without weights."""

import numpy as np

from llmx.decoding.block_model import CompareJob, FollowJob
from llmx.engines.native.model import Acceptance, functions


class Reader(Acceptance):
    """The half of a compiled model that needs no weights."""

    def __init__(self, calls=None):
        self.calls = calls or functions()

    def read(self, target, draft, tokens, options, u=None, limits=9e9, stop=False, valid=None):
        """Compare one block: target (B, K+1, V), draft (B, K, V), tokens (B, K)."""
        rows, width = tokens.shape
        u = np.zeros((rows, width), np.float32) if u is None else u
        valid = np.full(rows, width) if valid is None else valid
        limits = np.broadcast_to(np.float64(limits), (rows, width))
        return self.compare(CompareJob(target, draft, tokens, valid, u, limits, options, stop))

    def draw(self, target, u, options, draft=None, tokens=None, **more):
        """Draw from (B, V) by uniforms (B, 3); with `draft` (B, V) from what a rejection leaves."""
        column = np.zeros(len(target), np.int64)
        job = FollowJob(target[:, None], column, u, options)
        if draft is not None:
            rejected = np.ones(len(target), bool)
            given = (draft[:, None], tokens, rejected)
            job = FollowJob(target[:, None], column, u, options, *given, **more)
        return self.follow(job)


KINDS = ("flat", "peaked", "equal", "masked", "huge", "near")


def pair_of(kind, vocab, rows=3, seed=0):
    """Return target and draft logits, float32 (rows, vocab)."""
    rng = np.random.default_rng([seed, vocab, KINDS.index(kind)])
    scale = {"flat": 0.1, "peaked": 8.0, "huge": 60.0}.get(kind, 2.0)
    p = (rng.standard_normal((rows, vocab)) * scale).astype(np.float32)
    q = (p + rng.standard_normal((rows, vocab)) * scale / 2).astype(np.float32)
    if kind == "equal":
        q = p.copy()
    if kind == "near":
        q = p + np.float32(1e-3) * rng.standard_normal((rows, vocab)).astype(np.float32)
    if kind == "masked":
        p[:, ::3], q[:, ::2] = -np.inf, -np.inf
    return p, q
