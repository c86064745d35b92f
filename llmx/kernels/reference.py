"""The same verifier in plain torch: every step an array of vocabulary size, every sum in `kind`.

What runs where there is no CUDA, and what the kernels are compared with.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from llmx.core.philox import PURPOSES, Purpose, as_uniform, philox
from llmx.kernels.block import DIVERGENCES, Block, Outcome, Pairs, Rule

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def drawn_at(block: Block, purpose: Purpose, width: int) -> Tensor:
    """Return float32 (B, width): ``uniform(key, position + k, purpose)``.

    Bit for bit :func:`llmx.core.philox.uniforms`, for rows that are at different positions.
    """
    key = block.keys.cpu().numpy().view(np.uint64)[:, None]
    first = block.position.cpu().numpy()[:, None]
    at = (first + np.arange(width)) * PURPOSES + int(purpose)
    zero = np.zeros(1, dtype=np.uint64)
    word = philox((at.astype(np.uint64) & _LOW, zero, zero, zero), (key & _LOW, key >> _HALF))[0]
    return torch.from_numpy(as_uniform(word)).to(block.target.device)


_FLOOR = -1e5
_BIG = 1e30


def verify(
    block: Block, rule: Rule, report: tuple[str, ...] = (), kind: torch.dtype = torch.float64
) -> Outcome:
    """Verify a block; see :func:`llmx.kernels.dispatch.verify_block`."""
    accept = drawn_at(block, Purpose.ACCEPT, block.width)
    final = drawn_at(block, Purpose.TARGET, block.width + 1)
    return decide(block, rule, report, (accept, final), kind)


def decide(
    block: Block,
    rule: Rule,
    report: tuple[str, ...],
    u: tuple[Tensor, Tensor],
    kind: torch.dtype = torch.float64,
) -> Outcome:
    """Do it from given uniforms: no step leaves the device, so that this can be compiled.

    Args:
        u: float32 (B, K) of acceptance, and (B, K+1) of the token that follows.
    """
    own = () if rule.divergence is None else (rule.divergence,)
    divergences, normalisers = _measured(block, frozenset((*own, *report)), kind)
    stands = torch.zeros(block.tokens.shape, dtype=torch.bool, device=block.tokens.device)
    if rule.divergence is not None:
        assert block.threshold is not None
        stands = divergences[rule.divergence] <= block.threshold
    p = q = chances = None
    if rule.tests_ratio:
        (p, q), chances = _ratio(block, rule, normalisers, kind)
        stands = stands | (u[0] * chances[1] < chances[0])
    if rule.keeps_best:
        stands = stands | (clamped(block.target[:, :-1], kind).argmax(-1) == block.tokens)
    length = leading(stands, block.valid)
    token = _follow(block, rule, (p, q), length, u[1], kind)
    floats = None if chances is None else chances.float()
    return Outcome(divergences, normalisers, floats, stands, length, token)


def measure(
    block: Pairs, names: tuple[str, ...], kind: torch.dtype = torch.float64
) -> dict[str, Tensor]:
    """Compute divergences alone; see :func:`llmx.kernels.dispatch.divergence_of`."""
    return _measured(block, frozenset(names), kind)[0]


def _measured(
    block: Pairs, names: frozenset[str], kind: torch.dtype
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return divergences and normalisers, float32 (B, K); none where none is asked for."""
    if not names:
        return {}, {}
    p, mass_p = log_probs(clamped(block.target[:, : block.width], kind))
    q, mass_q = log_probs(clamped(block.draft, kind))
    ask = {name: divergence(name, p, q, block.tokens) for name in DIVERGENCES if name in names}
    found = {name: value.float() for name, value in ask.items()}
    return found, {"target": mass_p.float(), "draft": mass_q.float()}


def divergence(name: str, p: Tensor, q: Tensor, tokens: Tensor) -> Tensor:
    """Return a divergence (B, K) of log-probabilities (B, K, V), term by term as the kernels do."""
    if name == "draft_token":
        chosen = tokens.unsqueeze(-1)
        return (p.gather(-1, chosen).exp() - q.gather(-1, chosen).exp()).abs().squeeze(-1)
    if name == "kl":
        return (q.exp() * (q - p)).sum(-1).clamp(min=0)
    if name == "kl_reversed":
        return (p.exp() * (p - q)).sum(-1).clamp(min=0)
    if name == "tv":
        return 0.5 * (p.exp() - q.exp()).abs().sum(-1)
    both, half = p.exp() + q.exp(), 0.5 * (q - p).abs()
    # ln cosh, written so that neither a large nor a small argument loses it.
    bend = half + torch.log1p(0.5 * torch.expm1(-2 * half))
    if name == "ag":
        return 0.5 * (both * bend).sum(-1)
    # h tanh h - ln cosh h; beyond h = 40 it is ln 2 to the last bit of a double.
    half, bend = half.clamp(max=40), torch.where(half < 40, bend, bend - half + 40)
    return 0.5 * (both * (half * half.tanh() - bend)).sum(-1).clamp(min=0)


def clamped(logits: Tensor, kind: torch.dtype) -> Tensor:
    """Return logits as `kind`, infinite ones as ±1e30: their differences are finite."""
    return logits.to(kind).clamp(-_BIG, _BIG)


def log_probs(z: Tensor, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Return (log-probabilities, none below -1e5; log-sum-exp) of clamped logits (..., V)."""
    top = z.amax(-1, keepdim=True)
    mass = _mass(z, top, scale)
    return ((z - top) * scale - mass).clamp(min=_FLOOR), (top * scale + mass).squeeze(-1)


def _mass(z: Tensor, top: Tensor, scale: float) -> Tensor:
    """Return the log of the mass about the maximum, NaN where every token is masked."""
    soft = torch.where(z <= -_BIG, 0.0, ((z - top) * scale).exp())
    total = soft.sum(-1, keepdim=True)
    return torch.where(total > 0, total, torch.nan).log()


def warped(z: Tensor, edge: Tensor | None, scale: float) -> tuple[Tensor, Tensor]:
    """Return (probabilities above the edge at a temperature, their log-sum-exp)."""
    if edge is not None:
        z = torch.where(z < edge.clamp(-_BIG, _BIG).unsqueeze(-1), -_BIG, z)
    top = z.amax(-1, keepdim=True)
    mass = _mass(z, top, scale)
    probs = torch.where(z <= -_BIG, 0.0, ((z - top) * scale - mass).exp())
    return probs, (top * scale + mass).squeeze(-1)


def _ratio(
    block: Block, rule: Rule, normalisers: dict[str, Tensor], kind: torch.dtype
) -> tuple[tuple[Tensor, Tensor | None], Tensor]:
    """Return p (B, K+1, V), q (B, K, V; None = one-hot), and both at the drafted token."""
    scale, chosen = 1 / rule.temperature, block.tokens.unsqueeze(-1)
    p, mass = warped(clamped(block.target, kind), block.target_edge, scale)
    normalisers["target_warped"] = mass[:, :-1].float()
    at_p = p[:, :-1].gather(-1, chosen).squeeze(-1)
    if rule.one_hot_draft:
        return (p, None), torch.stack((at_p, torch.ones_like(at_p)))
    q, mass = warped(clamped(block.draft, kind), block.draft_edge, scale)
    normalisers["draft_warped"] = mass.float()
    return (p, q), torch.stack((at_p, q.gather(-1, chosen).squeeze(-1)))


def leading(stands: Tensor, valid: Tensor) -> Tensor:
    """Return int64 (B,): accepted tokens before the first rejection, at most `valid`."""
    inside = torch.arange(stands.shape[1], device=stands.device) < valid.unsqueeze(1)
    return (stands & inside).long().cumprod(1).sum(1)


def _follow(
    block: Block,
    rule: Rule,
    probs: tuple[Tensor | None, Tensor | None],
    length: Tensor,
    u: Tensor,
    kind: torch.dtype,
) -> Tensor:
    """Return int64 (B,), the replacement or the bonus."""
    row = torch.arange(block.rows, device=length.device)
    z = clamped(block.target[row, length], kind)
    if rule.greedy:
        return z.argmax(-1)
    if probs[0] is None:
        edge = None if block.target_edge is None else block.target_edge[row, length]
        weights, _ = warped(z, edge, 1 / rule.temperature)
    else:
        weights = probs[0][row, length]
        if block.width:
            weights = _residual(block, weights, probs[1], length)
    return _draw(weights, u.gather(1, length.unsqueeze(1)))


def _residual(block: Block, p: Tensor, q: Tensor | None, length: Tensor) -> Tensor:
    """Return ``max(0, p - q)`` where something was rejected and that leaves anything, else p."""
    row = torch.arange(block.rows, device=length.device)
    column = length.clamp(max=block.width - 1)
    if q is None:
        left = p.scatter(-1, block.tokens[row, column].unsqueeze(-1), 0.0)
    else:
        left = (p - q[row, column]).clamp(min=0)
    rejected = (length < block.valid.clamp(max=block.width)).unsqueeze(-1)
    return torch.where(rejected & (left.sum(-1, keepdim=True) > 0), left, p)


def _draw(weights: Tensor, u: Tensor) -> Tensor:
    """Return int64 (B,): the first token whose cumulative weight exceeds ``u * total``."""
    cdf = weights.cumsum(-1, dtype=torch.float64)
    return torch.searchsorted(cdf, u * cdf[:, -1:], right=True).clamp(max=cdf.shape[-1] - 1)[:, 0]
