"""Temperature, top-k and top-p: from logits to the distribution that tokens are drawn from."""

from __future__ import annotations

import torch
from torch import Tensor

# A nucleus rarely holds more than the first of these, and next to never more than the last;
# finding so few is several times cheaper than a full sort, and gives the same edge.
_HEADS = (8, 64, 1024)


def warp(logits: Tensor, temperature: float, top_p: float = 1.0, top_k: int = 0) -> Tensor:
    """Return probabilities after temperature, then top-k, then top-p (the order of transformers).

    Tokens that tie with the last one kept by top-k or top-p are kept too, so the result does not
    depend on how a sort breaks ties.

    Args:
        logits: float (..., V).
        temperature: 0 = one-hot arg-max (the first of equals).

    Returns:
        float32 (..., V), summing to one.
    """
    if temperature == 0:
        return one_hot(logits.argmax(-1), logits.shape[-1])
    probs = torch.softmax(logits.float() / temperature, -1)
    if 0 < top_k < probs.shape[-1]:
        probs = _keep(probs, probs.topk(top_k).values[..., -1:])
    if top_p < 1:
        probs = _keep(probs, _nucleus_edge(probs, top_p))
    return probs


def one_hot(tokens: Tensor, size: int) -> Tensor:
    """Return float32 (..., size) with all mass on `tokens` (int64, ...)."""
    zeros = torch.zeros(*tokens.shape, size, device=tokens.device)
    return zeros.scatter_(-1, tokens.unsqueeze(-1), 1.0)


def _keep(probs: Tensor, least: Tensor) -> Tensor:
    kept = probs.masked_fill(probs < least, 0.0)
    return kept.div_(kept.sum(-1, keepdim=True))


def _nucleus_edge(probs: Tensor, top_p: float) -> Tensor:
    """Return (..., 1): the smallest probability in the smallest set with mass >= top_p."""
    head = probs.topk(min(_HEADS[0], probs.shape[-1])).values
    last = _last_kept(head, top_p)
    if int(last.max()) < head.shape[-1]:
        return head.gather(-1, last)
    edges = head.gather(-1, last.clamp(max=head.shape[-1] - 1)).flatten()
    short = (last.flatten() >= head.shape[-1]).nonzero().flatten()
    _widen(edges, short, probs.reshape(-1, probs.shape[-1]), top_p)
    return edges.view(last.shape)


def _widen(edges: Tensor, short: Tensor, rows: Tensor, top_p: float) -> None:
    """Put in the edges of the rows whose nucleus is wider than the first head.

    A wider head begins with the narrower one, and sums run from its beginning: so a row's edge is
    the same to the bit whichever head it is read from, and whatever its neighbours need.

    Args:
        edges: float32 (R,), written at `short`.
        short: int64 (S,), places of these rows.
        rows: float32 (R, V), probabilities.
    """
    for size in (*_HEADS[1:], rows.shape[-1]):
        head = rows[short].topk(min(size, rows.shape[-1])).values
        last = _last_kept(head, top_p)
        edges[short] = head.gather(-1, last.clamp(max=head.shape[-1] - 1)).flatten()
        short = short[last.flatten() >= head.shape[-1]]
        if not len(short):
            return


def _last_kept(head: Tensor, top_p: float) -> Tensor:
    """Return the place of the nucleus's last token among falling probabilities."""
    # A token belongs to the nucleus iff the mass before it is still short of top_p.
    return (head.cumsum(-1) < top_p).sum(-1, keepdim=True)
