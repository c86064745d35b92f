"""The verifier from the textbook, in float64 numpy, one position at a time; and fresh blocks."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from llmx.core.philox import Purpose, keys, uniforms
from llmx.kernels.block import DIVERGENCES, Block

__all__ = ["agree", "block", "fresh", "numbers", "replace", "verify"]
FLOOR = -1e5
BIG = 1e30


@dataclass
class Answer:
    divergences: dict
    accept: np.ndarray
    length: np.ndarray
    token: np.ndarray
    # How far each decision was from another: |d - T| or |u q - p|, and u from the CDF's edges.
    accept_margin: np.ndarray
    token_margin: np.ndarray
    chances: np.ndarray
    normalisers: dict = field(default_factory=dict)


def softmax(z, temperature=1.0, edge=-np.inf):
    z = np.clip(np.asarray(z, dtype=np.float64), -BIG, BIG)
    kept = (z > -BIG) & (z >= min(edge, BIG))
    if np.isnan(z).any() or not kept.any():
        return np.full(z.shape, np.nan)
    weights = np.where(kept, np.exp((z - z.max()) / temperature), 0.0)
    return weights / weights.sum()


def logsumexp(z, temperature=1.0):
    z = np.clip(np.asarray(z, dtype=np.float64), -BIG, BIG) / temperature
    return z.max() + np.log(np.exp(z - z.max()).sum())


def divergence(name, zp, zq, token):
    p, q = softmax(zp), softmax(zq)
    if np.isnan(p).any() or np.isnan(q).any():
        return np.nan
    zp, zq = (np.clip(np.asarray(z, dtype=np.float64), -BIG, BIG) for z in (zp, zq))
    lp = np.maximum(zp - zp.max() - np.log(np.exp(zp - zp.max()).sum()), FLOOR)
    lq = np.maximum(zq - zq.max() - np.log(np.exp(zq - zq.max()).sum()), FLOOR)
    with np.errstate(divide="ignore"):
        lm = np.maximum(np.log((p + q) / 2), FLOOR)
    js = float((p * (lp - lm) + q * (lq - lm)).sum()) / 2
    return {
        "js": js,
        "ag": float(((q - p) * (lq - lp)).sum()) / 4 - js,
        "tv": float(np.abs(p - q).sum()) / 2,
        "kl": float((q * (lq - lp)).sum()),
        "kl_reversed": float((p * (lp - lq)).sum()),
        "draft_token": abs(float(p[token] - q[token])),
    }[name]


def draw(weights, u):
    """Return (token, distance of u from the nearest edge of the CDF)."""
    cdf = np.cumsum(weights)
    cdf /= cdf[-1]
    if np.isnan(cdf).any():
        return len(weights) - 1, 0.0
    token = min(int(np.searchsorted(cdf, u, side="right")), len(weights) - 1)
    edges = np.concatenate(([0.0], cdf[:-1]))
    inner = edges[edges > 0]
    return token, float(np.abs(inner - u).min()) if len(inner) else 1.0


def numbers(block, purpose, width):
    key, first = block.keys.cpu().numpy().view(np.uint64), block.position.cpu().numpy()
    rows = [uniforms(key[b : b + 1], int(first[b]), width)[0] for b in range(len(key))]
    return np.array([row[:, purpose] for row in rows]).reshape(len(key), width)


def verify(block, rule, names=DIVERGENCES):
    rows, width = block.rows, block.width
    target, draft = (x.detach().cpu().double().numpy() for x in (block.target, block.draft))
    tokens, valid = block.tokens.cpu().numpy(), block.valid.cpu().numpy()
    limits = None if block.threshold is None else block.threshold.cpu().numpy()
    edges = [
        np.full(shape, -np.inf) if edge is None else edge.cpu().numpy()
        for edge, shape in (
            (block.target_edge, (rows, width + 1)),
            (block.draft_edge, (rows, width)),
        )
    ]
    u = numbers(block, Purpose.ACCEPT, width), numbers(block, Purpose.TARGET, width + 1)
    t = rule.temperature or 1.0
    found = {name: np.zeros((rows, width)) for name in names}
    accept, margin = np.zeros((rows, width), dtype=bool), np.full((rows, width), np.inf)
    chances = np.zeros((2, rows, width))
    length, token, near = (np.zeros(rows, dtype=kind) for kind in (int, int, float))
    for b in range(rows):
        for k in range(width):
            zp, zq, c = target[b, k], draft[b, k], tokens[b, k]
            for name in names:
                found[name][b, k] = divergence(name, zp, zq, c)
            if rule.by_divergence:
                d = divergence(rule.divergence, zp, zq, c)
                accept[b, k] = d <= limits[b, k]
                margin[b, k] = abs(d - limits[b, k])
            if rule.tests_ratio:
                p, q = softmax(zp, t, edges[0][b, k])[c], 1.0
                if not rule.one_hot_draft:
                    q = softmax(zq, t, edges[1][b, k])[c]
                chances[:, b, k] = p, q
                accept[b, k] |= u[0][b, k] * q < p
                margin[b, k] = min(margin[b, k], abs(u[0][b, k] * q - p))
            if rule.keeps_best:
                accept[b, k] |= int(np.argmax(np.clip(zp, -BIG, BIG))) == c
                margin[b, k] = margin[b, k] if (zp > -BIG).any() else 0.0
        stops = [k for k in range(width) if k < valid[b] and not accept[b, k]]
        length[b] = run = stops[0] if stops else min(valid[b], width)
        z = target[b, run]
        if rule.greedy:
            # Where nothing is possible any token will do.
            near[b] = np.inf if (z > -BIG).any() else 0.0
            token[b] = int(np.argmax(np.clip(z, -BIG, BIG)))
            continue
        weights = softmax(z, t, edges[0][b, run])
        if rule.tests_ratio and run < min(valid[b], width):
            q = np.eye(len(z))[tokens[b, run]]
            if not rule.one_hot_draft:
                q = softmax(draft[b, run], t, edges[1][b, run])
            left = np.maximum(weights - q, 0)
            if rule.one_hot_draft:
                left = weights * (1 - q)
            weights = left if left.sum() > 0 else weights
        token[b], near[b] = draw(weights, u[1][b, run])
    return Answer(found, accept, length, token, margin, near, chances)


def block(target, draft, threshold=0.1, seed=0, device="cpu", **more):
    """A block of given logits; tokens are drawn anew."""
    rows, width, vocab = draft.shape
    rng = np.random.default_rng(seed)
    whole = {
        "tokens": rng.integers(0, vocab, (rows, width)),
        "keys": keys(seed, [f"row-{b}" for b in range(rows)]).view(np.int64),
        "position": rng.integers(0, 1000, rows),
        "valid": np.full(rows, width),
    }
    given = {name: torch.from_numpy(value).to(device) for name, value in whole.items()}
    limit = torch.tensor(threshold, dtype=torch.float32, device=device).expand(rows, width)
    given |= {"threshold": limit}
    return Block(target.to(device), draft.to(device), **(given | more))


def fresh(rows, width, vocab, seed=0, spread=3.0, apart=1.0, kind=torch.float32):
    """Random logits (rows, width+1, vocab) and those of a draft that resembles the target."""
    rng = torch.Generator().manual_seed(seed)
    target = torch.randn(rows, width + 1, vocab, generator=rng) * spread
    draft = target[:, :width] + apart * torch.randn(rows, width, vocab, generator=rng)
    return target.to(kind), draft.to(kind)


def masked(block):
    """Whether some token of a row (rows, width) is far below all others, in draft or target.

    The floor of its logarithm, -1e5, is taken before or after the row is normalised: the two differ
    by the row's log-sum-exp, which is under 2e-3 of it for the logits of these tests.
    """
    width = block.draft.shape[1]
    pair = (block.draft.double(), block.target[:, :width].double())
    low = [(z < z.amax(-1, keepdim=True) - 1e3).any(-1) for z in pair]
    return (low[0] | low[1]).cpu().numpy()


def agree(got, want, block, near=2e-5):
    """Assert that an Outcome is the oracle's Answer, but where a margin is under `near`."""
    for name, value in got.divergences.items():
        mine, exact = value.cpu().numpy(), want.divergences[name]
        # Beyond 1e3 nats it is the floor of a masked token that speaks. In one read of the row,
        # a token at the floor of its chunk and a chunk at the floor of its row add up.
        loose = 1.01 if name.startswith("kl") else 2e-3
        size = np.abs(exact)
        bound = np.where(size > 1e3, loose * size, 3e-6 + 2e-5 * size)
        if name.startswith("kl"):  # below 1e3 nats it may be the floor times a small probability
            bound = np.where(masked(block) & (size <= 1e3), 3e-6 + 2e-3 * size, bound)
        assert np.array_equal(np.isnan(mine), np.isnan(exact)), (name, mine, exact)
        wrong = np.abs(mine - exact) > bound
        assert not wrong.any(), (name, mine[wrong], exact[wrong])
    if got.chances is not None:
        mine = got.chances.cpu().numpy()
        assert np.allclose(mine, want.chances, rtol=3e-5, atol=1e-7, equal_nan=True)
    safe = ~(want.accept_margin < near)
    accept, length = got.accept.cpu().numpy(), got.length.cpu().numpy()
    assert np.array_equal(accept[safe], want.accept[safe])
    token = got.token.cpu().numpy()
    assert ((token >= 0) & (token < block.vocab)).all()
    for b in np.flatnonzero(safe.all(1) if block.width else np.ones(block.rows, dtype=bool)):
        assert length[b] == want.length[b]
        if want.token_margin[b] > near:
            assert token[b] == want.token[b], (b, token[b], want.token[b], want.token_margin[b])
