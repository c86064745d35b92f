"""The token that follows is the methods' own draw of the same uniform."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_of_logits import KINDS, Reader, pair_of

from llmx.decoding import DecodeOptions
from llmx.decoding.draw import draw, lead, residual
from llmx.decoding.warp import one_hot, warp

READER = Reader()
BASE = DecodeOptions("speculative", temperature=0.8, top_p=1.0)
SAMPLERS = {
    "plain": {},
    "nucleus": {"top_p": 0.9},
    "wide nucleus": {"top_p": 0.999, "temperature": 2.0},
    "top-k": {"top_k": 3},
    "both": {"top_k": 30, "top_p": 0.7},
}
BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))


def warped(z, options):
    return warp(torch.from_numpy(z), options.temperature, options.top_p, options.top_k)


def agree(got, weights, u, band=1e-5):
    """Equal to the methods' draw, but so near to an edge that rounding decides."""
    wanted = draw(weights, torch.from_numpy(u)).numpy()
    near = torch.from_numpy(u)[..., None] + torch.tensor([-band, band])
    sides = draw(weights, near.clamp(0, 1 - 1e-7).flatten(1)).view(*near.shape).numpy()
    unsure = (sides != wanted[..., None]).any(-1)
    assert ((got == wanted) | unsure).all()
    return unsure.mean()


@pytest.mark.parametrize("vocab", [2, 48, 1536, 49152])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_draw_of_the_target(sampler, kind, vocab):
    options = replace(BASE, **SAMPLERS[sampler])
    rows = 4 if vocab > 9999 else 40
    z, _ = pair_of(kind, vocab, rows)
    u = np.random.default_rng(3).random((rows, 3), np.float32)
    assert agree(READER.draw(z, u, options).tokens, warped(z, options), u, 1e-6) < 0.5


@pytest.mark.parametrize("one_hot_draft", [False, True])
@pytest.mark.parametrize("vocab", [3, 48, 1536])
@pytest.mark.parametrize("kind", ["flat", "peaked", "masked"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_draw_of_what_a_rejection_leaves(sampler, kind, vocab, one_hot_draft):
    options = replace(BASE, draft="greedy" if one_hot_draft else "sampled", **SAMPLERS[sampler])
    p, q = pair_of(kind, vocab, rows=40)
    tokens = q.argmax(-1)[:, None]
    u = np.random.default_rng(4).random((40, 3), np.float32)
    got = READER.draw(p, u, options, q, tokens).tokens
    away = one_hot(torch.from_numpy(tokens[:, 0]), vocab) if one_hot_draft else warped(q, options)
    weights = residual(warped(p, options), away)
    weights[weights < 1e-6 * weights.amax(-1, keepdim=True)] = 0  # rounding of p - q
    agree(got, weights, u)
    if one_hot_draft:
        left = (warped(p, options).numpy() > 0).sum(-1) > 1
        assert (got[left] != tokens[left]).all()


def test_where_nothing_is_left_the_target_itself_is_drawn():
    p, _ = pair_of("flat", 48, rows=30)
    u = np.random.default_rng(5).random((30, 3), np.float32)
    alone = READER.draw(p, u, BASE).tokens
    assert (READER.draw(p, u, BASE, p, p.argmax(-1)[:, None]).tokens == alone).all()


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("u", [0.0, BELOW_ONE])
def test_the_first_and_the_last_uniform(u, sampler):
    """Zero draws the first token that has any weight, and the largest the last one."""
    options = replace(BASE, **SAMPLERS[sampler])
    z = pair_of("flat", 700, rows=20)[0]
    z[:, :5], z[:, -9:] = -np.inf, -np.inf
    got = READER.draw(z, np.full((20, 3), u, np.float32), options).tokens
    kept = [np.flatnonzero(row) for row in warped(z, options).numpy()]
    wanted = [row[0 if u == 0 else -1] for row in kept]
    assert (got == np.array(wanted)[:, None]).all()


def kept_by(z, options):
    """Tokens that a fine grid of uniforms ever draws from one row."""
    grid = ((np.arange(3000) + 0.5) / 3000).astype(np.float32).reshape(-1, 3)
    found = READER.draw(np.repeat(z[None], len(grid), 0), grid, options).tokens
    return set(found.flatten().tolist())


@pytest.mark.parametrize(
    ("size", "vocab"), [(1, 48), (64, 1536), (65, 1536), (513, 1536), (1536, 1536)]
)
def test_a_nucleus_of_any_width(size, vocab):
    """Weights that fall by a half in front, and a low tail: the nucleus is most of the front."""
    z = np.full(vocab, -4.0, np.float32)
    rng = np.random.default_rng(size)
    front = rng.permutation(vocab)[:size]
    z[front] = rng.random(size).astype(np.float32) * 0.7
    mass = np.exp(z[front]).sum() / np.exp(z).sum()
    options = replace(BASE, temperature=1.0, top_p=min(float(mass) * 0.999, 1.0))
    rows = np.repeat(z[None, None], 2, 1)
    tokens = np.arange(vocab)
    p = [READER.read(rows, rows[:, :1], np.array([[c]]), options).p[0, 0] for c in tokens]
    wanted = warped(z, options).numpy() > 0
    assert ((np.array(p) > 0) == wanted).all() and 0.98 * size <= wanted.sum() <= size


def test_ties_at_the_edge_of_a_nucleus_are_all_kept():
    z = np.log(np.array([0.4, 0.15, 0.15, 0.15, 0.1, 0.05], np.float32))
    assert kept_by(z, replace(BASE, temperature=1.0, top_p=0.5)) == {0, 1, 2, 3}
    assert kept_by(z, replace(BASE, temperature=1.0, top_p=0.39)) == {0}
    assert kept_by(z, replace(BASE, temperature=1.0, top_p=0.9)) == {0, 1, 2, 3, 4}


def test_a_nucleus_ends_with_the_token_that_reaches_it():
    z = np.log(np.array([0.5, 0.25, 0.125, 0.125], np.float32))
    for top_p, size in ((0.5, 1), (0.51, 2), (0.75, 2), (0.76, 4), (1.0, 4)):
        assert len(kept_by(z, replace(BASE, temperature=1.0, top_p=top_p))) == size


def test_ties_with_the_last_of_top_k_are_kept():
    z = np.array([0.0, 2.0, 1.0, 1.0, 1.0, -1.0], np.float32)
    for top_k, kept in ((1, {1}), (2, {1, 2, 3, 4}), (4, {1, 2, 3, 4}), (5, {0, 1, 2, 3, 4})):
        assert kept_by(z, replace(BASE, top_k=top_k)) == kept


def test_top_k_of_all_and_top_p_of_one_cut_nothing():
    z = pair_of("flat", 20)[0][0]
    for options in (replace(BASE, top_k=20), replace(BASE, top_k=0), replace(BASE, top_k=99)):
        assert kept_by(z, options) == set(range(20))


@pytest.mark.parametrize("kind", KINDS)
def test_temperature_zero_takes_the_first_of_the_largest(kind):
    z, _ = pair_of(kind, 48, rows=9)
    z[3], z[4, 7] = 0.5, z[4].max() + 1
    z[4, 30] = z[4, 7]
    found = READER.draw(z, np.zeros((9, 3), np.float32), replace(BASE, temperature=0.0))
    assert (found.tokens == z.argmax(-1)[:, None]).all()
    np.testing.assert_array_equal(found.lead, lead(torch.from_numpy(z)).numpy())


@settings(max_examples=count(60, 500))
@given(
    st.lists(st.floats(-40, 40, width=16) | st.just(-np.inf), min_size=1, max_size=40),
    st.floats(0.3, 3.0),
    st.floats(0.05, 1.0),
    st.integers(0, 12),
    st.integers(0, 99),
)
def test_a_drawn_token_is_one_that_may_be_drawn(logits, temperature, top_p, top_k, seed):
    z = np.array([logits], np.float32)
    if not np.isfinite(z).any():
        return
    options = replace(BASE, temperature=temperature, top_p=top_p, top_k=top_k)
    u = np.random.default_rng(seed).random((1, 3), np.float32)
    got = READER.draw(z, u, options).tokens[0]
    p = torch.softmax(torch.from_numpy(z).double() / temperature, -1)[0].numpy()
    larger = np.array([p[p > p[token]].sum() for token in got])
    assert (p[got] > 0).all() and (larger < top_p + 1e-6).all()
    assert top_k == 0 or all((p > p[token] * (1 + 1e-6)).sum() < top_k for token in got)


BROKEN = {
    "one": [np.nan, 1.0, 2.0],
    "last": [1.0, 2.0, np.nan],
    "all": [np.nan] * 3,
    "masked": [-np.inf] * 3,
    "endless": [np.inf, 0.0, np.inf],
    "many": [np.nan] * 40,
    "wide": [np.nan, *[0.5] * 700],
}


@pytest.mark.parametrize("sampler", ["plain", "nucleus", "top-k", "greedy"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_row_that_is_no_numbers_ends_with_some_token(name, sampler):
    options = replace(BASE, **{**SAMPLERS, "greedy": {"temperature": 0.0}}[sampler])
    z = np.array([BROKEN[name]], np.float32)
    u = np.array([[0.0, 0.5, BELOW_ONE]], np.float32)
    for found in (READER.draw(z, u, options), READER.draw(z, u, options, z, np.array([[0]]))):
        assert ((found.tokens >= 0) & (found.tokens < z.shape[1])).all()
    fuzzy = replace(options, algorithm="fuzzy", semantics="fallback")
    READER.read(np.stack([z, z], 1), z[:, None], np.array([[0]]), fuzzy, stop=True)


@pytest.mark.parametrize("name", ["one", "all", "masked"])
def test_a_divergence_from_what_is_no_number_is_never_under_a_threshold(name):
    z = np.array([BROKEN[name]], np.float32)
    sound = np.array([[0.0, 1.0, 2.0]], np.float32)
    for p, q in ((z, sound), (sound, z)):
        for divergence in ("js", "ag", "kl", "kl_reversed", "tv", "draft_token"):
            options = replace(BASE, algorithm="fuzzy", divergence=divergence)
            found = READER.read(np.stack([p, p], 1), q[:, None], np.array([[0]]), options)
            assert not found.divergence[0, 0] <= 0.05
