"""What rules beside the ratio and the divergence read is the methods' own, and float64's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from rows_of_logits import KINDS, Reader, pair_of
from test_draws import SAMPLERS, agree, warped

from llmx.decoding import DecodeOptions
from llmx.decoding.accept import leading
from llmx.decoding.asides import deferred, read_asides
from llmx.decoding.block_rule import left_over
from llmx.decoding.draw import residual
from llmx.decoding.lossy_rules import Reading, lossy_rule
from llmx.decoding.propose import Proposal
from llmx.decoding.warp import one_hot

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
    inside, chosen = warped(target, options)[:, :-1], torch.from_numpy(tokens)
    p = inside.gather(-1, chosen.unsqueeze(-1)).squeeze(-1)
    left = left_over(inside, q, chosen)
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


RIVALS = {
    "typical": DecodeOptions("typical", threshold=0.1),
    "fly": DecodeOptions("fly", threshold=0.3),
    "opt": DecodeOptions("cascade", threshold=0.4),
    "token_v3": DecodeOptions("cascade", threshold=0.6, deferral="token_v3"),
}


@pytest.mark.parametrize("temperature", [0.0, 0.8])
@pytest.mark.parametrize("draft", ["sampled", "greedy"])
@pytest.mark.parametrize("vocab", [2, 48, 1536])
@pytest.mark.parametrize("kind", ["flat", "peaked", "near", "equal", "masked"])
@pytest.mark.parametrize("rule", RIVALS)
def test_what_a_rival_reads_is_the_methods(rule, kind, vocab, draft, temperature):
    options = replace(RIVALS[rule], temperature=temperature, top_p=1.0, draft=draft)
    target, drafts, tokens = blocks_of(kind, vocab)
    found = READER.read(target, drafts, tokens, options, limits=options.threshold)
    given = [torch.from_numpy(one) for one in (target[:, :-1].copy(), drafts, tokens)]
    probs = warped(target, options)[:, :-1] if temperature else None
    soft = warped(drafts, options) if temperature and draft == "sampled" else None
    proposal = Proposal(given[2], given[1], given[1], options, None, soft)
    wanted = read_asides(given[0], given[0], probs, proposal, options).numpy()
    assert np.allclose(found.aside, wanted, rtol=1e-5, atol=2e-6)


def entropy_of_three(logits):
    p = np.sort(np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum())[-3:]
    return -(p * np.log(p)).sum()


def test_the_entropy_of_fly_is_of_the_three_likeliest_wherever_they_stand():
    rng = np.random.default_rng(0)
    target, drafts, tokens = blocks_of("peaked", 48)
    target = np.stack([rng.permutation(row) for row in target.reshape(-1, 48)])
    target = target.reshape(3, WIDTH + 1, 48)
    found = READER.read(target, drafts, tokens, RIVALS["fly"]).aside[0]
    wanted = [[entropy_of_three(row.astype(float)) for row in block[:-1]] for block in target]
    assert np.allclose(found, wanted, atol=2e-6)


@pytest.mark.parametrize("rule", ["typical", "opt", "token_v3"])
def test_a_row_ends_at_its_first_rejection(rule):
    """What is looked at is what the rule itself refuses first."""
    options = replace(RIVALS[rule], temperature=0.8, top_p=1.0)
    target, drafts, tokens = blocks_of("peaked", 48, rows=40)
    u = np.random.default_rng(1).random(tokens.shape, np.float32)
    given = (target, drafts, tokens, options, u, options.threshold)
    whole, ended = READER.read(*given), READER.read(*given, stop=True)
    valid = np.full(len(tokens), WIDTH)
    accept = lossy_rule(Reading(whole.p, whole.q, None, whole.aside), u, valid, options).accept
    looked = np.minimum(leading(accept, valid) + 1, WIDTH)
    assert (np.isfinite(ended.p).sum(1) == looked).all()
    assert len(set(looked.tolist())) > 2


@pytest.mark.parametrize("alpha", [0.0, 0.6, 0.95, 1.0])
@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_a_draw_of_what_a_cascade_leaves(draft, alpha):
    options = replace(RIVALS["token_v3"], temperature=0.8, top_p=1.0, draft=draft, threshold=alpha)
    p, q = pair_of("flat", 48, rows=40)
    tokens = q.argmax(-1)
    u = np.random.default_rng(4).random((40, 3), np.float32)
    of = np.full(40, 0.7, np.float32)
    got = READER.draw(p, u, options, q, tokens[:, None], weight=of).tokens
    taken = one_hot(torch.from_numpy(tokens), 48) if draft == "greedy" else warped(q, options)
    taken = taken * deferred(torch.from_numpy(p), options)
    agree(got, residual(0.7 * warped(p, options), taken), u)
