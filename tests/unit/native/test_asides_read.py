"""What rules beside the ratio and the divergence read is the methods' own, and float64's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from rows_of_logits import KINDS, Reader, pair_of
from test_draws import SAMPLERS, agree, warped

from llmx.methods.decode import DecodeOptions
from llmx.methods.decode.block_rule import left_over
from llmx.methods.decode.draw import residual
from llmx.methods.decode.warp import one_hot

READER = Reader()
BLOCK = DecodeOptions("block", temperature=0.8, top_p=1.0)
WIDTH = 4


def blocks_of(kind, vocab, rows=3):
    """Return target (B, K+1, V), draft (B, K, V) and likely drafted tokens (B, K)."""
    p, q = pair_of(kind, vocab, rows * (WIDTH + 1))
    target, draft = p.reshape(rows, WIDTH + 1, vocab), q.reshape(rows, WIDTH + 1, vocab)[:, :-1]
    likely = np.argsort(-draft, -1)[..., : min(3, vocab)]
    pick = np.random.default_rng(vocab).integers(0, likely.shape[-1], likely.shape[:2])
    tokens = np.take_along_axis(likely, pick[..., None], -1)[..., 0]
    return target, np.ascontiguousarray(draft), tokens


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
@pytest.mark.parametrize("vocab", [3, 48, 1536])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_is_left_of_the_target_behind_a_prefix(sampler, kind, vocab, draft):
    options = replace(BLOCK, draft=draft, **SAMPLERS[sampler])
    target, drafts, tokens = blocks_of(kind, vocab)
    found = READER.read(target, drafts, tokens, options)
    q = warped(drafts, options) if draft == "sampled" else None
    p, left = left_over(warped(target, options)[:, :-1], q, torch.from_numpy(tokens))
    # The edge of a nucleus may fall to one side or the other of a tie that rounding decides.
    close = np.isclose(found.p, p.numpy(), rtol=2e-5, atol=1e-7).all(1)
    assert close.mean() > 0.6
    off = np.abs(found.aside[0] - left.numpy())[close]
    assert (off <= 3e-5).mean() > 0.95


def test_a_block_reads_as_many_tokens_as_count():
    target, drafts, tokens = blocks_of("flat", 48)
    found = READER.read(target, drafts, tokens, BLOCK, stop=False, valid=np.array([0, 2, WIDTH]))
    assert np.isnan(found.aside[0]).sum(1).tolist() == [WIDTH, WIDTH - 2, 0]


@pytest.mark.parametrize("weight", [1.0, 0.6, 0.05])
@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_a_draw_of_what_a_block_leaves(draft, weight):
    options = replace(BLOCK, draft=draft)
    p, q = pair_of("flat", 48, rows=40)
    tokens = q.argmax(-1)
    u = np.random.default_rng(4).random((40, 3), np.float32)
    of = np.full(40, weight, np.float32)
    got = READER.draw(p, u, options, q, tokens[:, None], weight=of).tokens
    taken = one_hot(torch.from_numpy(tokens), 48) if draft == "greedy" else warped(q, options)
    agree(got, residual(weight * warped(p, options), taken), u)
