"""Divergences and probabilities that the library reads are those of the methods, and of float64."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from rows_of_logits import KINDS, Reader, pair_of

from llmx.decoding import DecodeOptions
from llmx.decoding.draw import lead
from llmx.decoding.warp import warp
from llmx.papers.fsd.divergence import NAMES, divergence

VOCABS = (2, 48, 1536, 49152)
FUZZY = DecodeOptions("fuzzy", semantics="research", threshold=1.0)
SD = DecodeOptions("speculative")
READER = Reader()


def tokens_for(p, seed=0):
    """Half are the target's best, half any token."""
    any_one = np.random.default_rng(seed).integers(0, p.shape[-1], len(p))
    return np.where(np.arange(len(p)) % 2, any_one, p.argmax(-1))


def whole(p):
    """A block of one column, and the bonus column behind it."""
    return np.stack((p, p[:, ::-1]), 1)


def read(p, q, tokens, options, **more):
    return READER.read(whole(p), q[:, None], tokens[:, None], options, **more)


def exact(name, p, q, tokens):
    """The divergence of rows in float64."""
    both = [torch.log_softmax(torch.from_numpy(z).double(), -1).exp() for z in (p, q)]
    a, b = (x.numpy() for x in both)
    with np.errstate(divide="ignore", invalid="ignore"):

        def kl(x, y):
            return np.where(x > 0, x * np.log(x / y), 0.0).sum(-1)

        m = (a + b) / 2
        return {
            "js": lambda: (kl(a, m) + kl(b, m)) / 2,
            "ag": lambda: (kl(m, a) + kl(m, b)) / 2,
            "kl": lambda: kl(b, a),
            "kl_reversed": lambda: kl(a, b),
            "tv": lambda: abs(a - b).sum(-1) / 2,
            "draft_token": lambda: abs(a - b)[np.arange(len(a)), tokens],
        }[name]()


@pytest.mark.parametrize("vocab", VOCABS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_divergence_is_the_methods(name, kind, vocab):
    """Within 5e-7, or what the methods' own float32 is off: log-sums are rounded to 1e-6 there."""
    p, q = pair_of(kind, vocab)
    tokens = tokens_for(p)
    got = read(p, q, tokens, replace(FUZZY, divergence=name)).divergence[:, 0]
    given = (torch.from_numpy(one) for one in (p, q, tokens))
    wanted = divergence(name, *given).numpy()
    off = np.abs(wanted - exact(name, p, q, tokens))
    bound = (
        5e-7 + 2e-6 * wanted + 2 * np.where(off < 1e-2, off, 0) + rounded_sums(p, q) * (1 + wanted)
    )
    assert (np.abs(got - wanted) <= bound).all()
    if kind == "equal":
        assert (got == 0).all()


def rounded_sums(*logits):
    """What the rounding of log-sums alone may change, one unit in the last place of each."""
    sums = (torch.from_numpy(one).double().logsumexp(-1).abs().numpy() for one in logits)
    return sum(sums) * 2**-23


@pytest.mark.parametrize("vocab", VOCABS)
@pytest.mark.parametrize("kind", ["flat", "peaked", "equal", "near", "huge"])
@pytest.mark.parametrize("name", NAMES)
def test_a_divergence_is_that_of_float64(name, kind, vocab):
    p, q = pair_of(kind, vocab)
    tokens = tokens_for(p)
    got = read(p, q, tokens, replace(FUZZY, divergence=name)).divergence[:, 0]
    wanted = exact(name, p, q, tokens)
    assert (np.abs(got - wanted) <= 5e-7 + 2e-6 * wanted + rounded_sums(p, q) * (1 + wanted)).all()


@pytest.mark.parametrize("vocab", VOCABS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_raw_chance_of_a_token(kind, vocab):
    p, q = pair_of(kind, vocab)
    tokens = tokens_for(p)
    got = read(p, q, tokens, replace(FUZZY, floor=0.1)).chance[:, 0]
    wanted = torch.from_numpy(p).double().softmax(-1).numpy()[np.arange(len(p)), tokens]
    assert (np.abs(got - wanted) <= 3e-7 + rounded_sums(p)).all()


SAMPLERS = {
    "plain": {"top_p": 1.0},
    "hot": {"top_p": 1.0, "temperature": 2.5},
    "nucleus": {"top_p": 0.9},
    "wide nucleus": {"top_p": 0.995, "temperature": 1.5},
    "top-k": {"top_p": 1.0, "top_k": 5},
    "both": {"top_p": 0.8, "top_k": 40},
    "more than all": {"top_p": 1.0, "top_k": 10**6},
    "narrow": {"top_p": 1e-6},
}


def settings_of(sampler):
    return replace(SD, **SAMPLERS[sampler])


def warped(z, options):
    named = (options.temperature, options.top_p, options.top_k)
    return warp(torch.from_numpy(z), *named).numpy()


@pytest.mark.parametrize("vocab", VOCABS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_p_and_q_are_the_warped_ones(sampler, kind, vocab):
    options = settings_of(sampler)
    p, q = pair_of(kind, vocab)
    tokens = tokens_for(p)
    found = read(p, q, tokens, options)
    for got, z in ((found.p, p), (found.q, q)):
        wanted = warped(z, options)[np.arange(len(z)), tokens]
        assert np.abs(got[:, 0] - wanted).max() <= 4e-6


@pytest.mark.parametrize("vocab", [48, 1536])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_whole_warped_distribution(sampler, kind, vocab):
    """Every token of a row, one a column: which are kept, and that they sum to one."""
    options = settings_of(sampler)
    p, q = (z[:1] for z in pair_of(kind, vocab))
    rows = np.repeat(p[:, None], vocab + 1, 1)
    tokens = np.arange(vocab)[None]
    got = READER.read(rows, np.repeat(q[:, None], vocab, 1), tokens, options).p[0]
    wanted = warped(p[0], options)
    told = (wanted == 0) | (wanted > 1e-30)  # between them weights are cut off at exp(-87)
    assert ((got > 0) == (wanted > 0))[told].all()
    assert np.abs(got - wanted).max() <= 2e-6 and got.sum() == pytest.approx(1, abs=1e-5)


def test_a_one_hot_draft_has_a_q_of_one():
    p, q = pair_of("flat", 48)
    found = read(p, q, tokens_for(p), replace(SD, draft="greedy"))
    assert (found.q == 1).all() and (found.p < 0.5).all()


@pytest.mark.parametrize("vocab", VOCABS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_of_the_largest_and_its_lead(kind, vocab):
    p, q = pair_of(kind, vocab)
    p[0, :] = p[0, 0]
    p[1, -1] = p[1].max() + 1
    p[2, [0, vocab // 2, -1]] = p[2].max() + 1
    found = read(p, q, tokens_for(p), replace(SD, temperature=0.0))
    assert (found.best[:, 0] == p.argmax(-1)).all()
    np.testing.assert_array_equal(found.lead[:, 0], lead(torch.from_numpy(p)).numpy())


def test_behind_the_first_rejection_nothing_is_looked_at():
    p, q = pair_of("peaked", 48, rows=5)
    block = np.stack([p] * 4, 1)
    draft = np.stack((p, q, p), 1)
    tokens = np.tile(p.argmax(-1)[:, None], 3)
    found = READER.read(block, draft, tokens, FUZZY, limits=1e-4, stop=True)
    assert np.isnan(found.divergence).tolist() == [[False, False, True]] * 5
    whole = READER.read(block, draft, tokens, FUZZY, limits=1e-4, stop=False)
    assert (whole.divergence[:, [0, 2]] == 0).all() and (whole.divergence[:, 1] > 1e-4).all()


def test_what_does_not_count_is_not_looked_at():
    p, _ = pair_of("flat", 48, rows=3)
    block, draft = np.stack([p] * 4, 1), np.stack([p] * 3, 1)
    tokens, valid = np.zeros((3, 3), np.int64), np.array([0, 1, 3])
    found = READER.read(block, draft, tokens, FUZZY, stop=True, valid=valid)
    assert np.isfinite(found.divergence).sum(1).tolist() == [0, 1, 3]


def test_a_token_under_the_floor_ends_its_row():
    p, _ = pair_of("peaked", 48, rows=2)
    block, draft = np.stack([p] * 3, 1), np.stack([p] * 2, 1)
    tokens = np.stack((p.argmin(-1), p.argmax(-1)), 1)
    for floor, seen in ((0.5, 1), (0.0, 2)):
        found = READER.read(block, draft, tokens, replace(FUZZY, floor=floor), stop=True)
        assert np.isfinite(found.divergence).sum(1).tolist() == [seen] * 2


def test_each_token_has_its_own_uniform_and_threshold():
    p, q = pair_of("flat", 48, rows=1)
    block, draft = np.stack([p] * 4, 1), np.stack([p, q, p], 1)
    tokens = np.zeros((1, 3), np.int64)
    tight = np.array([[-1.0, 9.0, 9.0]])
    found = READER.read(block, draft, tokens, FUZZY, limits=tight, stop=True)
    assert np.isfinite(found.divergence).tolist() == [[True, False, False]]


def test_the_ratio_test_of_a_token_reads_its_own_uniform():
    """Where q is twice p, a uniform under a half keeps the token."""
    p = np.log(np.array([[0.2, 0.8]], np.float32))
    q = np.log(np.array([[0.4, 0.6]], np.float32))
    block, draft = np.stack([p] * 5, 1), np.stack([q] * 4, 1)
    options = replace(SD, top_p=1.0, temperature=1.0)
    for place in range(4):
        u = np.full((1, 4), 0.45, np.float32)
        u[0, place] = 0.55
        found = READER.read(block, draft, np.zeros((1, 4), np.int64), options, u=u, stop=True)
        assert np.isfinite(found.p).sum() == place + 1
