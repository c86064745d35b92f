"""Draws, warping and accept rules, each alone."""

import numpy as np
import pytest
import torch
from enumerated_law import warped
from hypothesis import given
from hypothesis import strategies as st

from llmx.decoding import DecodeOptions
from llmx.decoding.accept import (
    fallback,
    leading,
    random,
    research,
    speculative,
    valid_lengths,
)
from llmx.decoding.draw import band, draw, is_split, lead, residual
from llmx.decoding.warp import _nucleus_edge, warp

# weights, u, token, fragile
DRAWS = [
    ([0.25, 0.5, 0.25], 0.0, 0, False),
    ([0.25, 0.5, 0.25], 0.25, 1, True),
    ([0.25, 0.5, 0.25], 0.24995, 0, True),
    ([0.25, 0.5, 0.25], 0.2498, 0, False),
    ([0.25, 0.5, 0.25], 0.375, 1, False),
    ([0.25, 0.5, 0.25], 0.875, 2, False),
    ([1.0, 2.0, 1.0], 0.375, 1, False),
    ([1.0, 2.0, 1.0], 0.75005, 2, True),
    ([0.0, 1.0, 0.0], 0.0, 1, False),
    ([0.5, 0.0, 0.5], 0.5, 2, True),
    ([1.0], 0.99999994, 0, False),
    ([0.5, 0.5, 0.0], 0.99999994, 1, False),
]


@pytest.mark.parametrize(("weights", "u", "token", "fragile"), DRAWS)
def test_draw_table(weights, u, token, fragile):
    u = band(np.array([u], dtype=np.float32))
    tokens = draw(torch.tensor([weights]), torch.from_numpy(u)).numpy()
    assert tokens[0, 0] == token and is_split(tokens)[0] == fragile


def test_draw_does_not_depend_on_company():
    weights, u = torch.rand(50, 300), torch.rand(50, 3)
    whole = draw(weights, u)
    assert all(torch.equal(draw(weights[i : i + 1], u[i : i + 1])[0], whole[i]) for i in range(50))


def test_lead():
    assert lead(torch.tensor([[1.0, 3.0, 2.5]])).tolist() == [0.5]
    assert lead(torch.tensor([[1.0]])).tolist() == [float("inf")]


@given(
    quarters=st.lists(st.integers(-32, 32), min_size=1, max_size=9, unique=True),
    temperature=st.sampled_from([0.0, 0.3, 1.0, 2.0]),
    top_p=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
)
def test_warp_agrees_with_the_textbook(quarters, temperature, top_p):
    logits = [quarter / 4 for quarter in quarters]
    options = DecodeOptions("target", temperature=temperature, top_p=top_p)
    wanted = warped(np.array(logits), options)
    got = warp(torch.tensor([logits]), temperature, top_p)[0].numpy()
    # Where the mass before a token is top_p to rounding, either answer is right.
    order = np.sort(
        warped(np.array(logits), DecodeOptions("target", temperature=temperature, top_p=1.0))
    )
    gap = np.abs(np.cumsum(order[::-1]) - top_p).min() if temperature and top_p < 1 else 1.0
    if gap > 1e-5:
        assert got == pytest.approx(wanted, abs=2e-6)
    assert got.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("size", [65, 400])
def test_a_wide_nucleus_is_found(size):
    logits = torch.randn(3, size) * 0.1
    options = DecodeOptions("target", temperature=1.0, top_p=0.9)
    for row, got in zip(logits, warp(logits, 1.0, 0.9), strict=True):
        wanted = warped(row.double().numpy(), options)
        assert (got > 0).sum() == pytest.approx((wanted > 0).sum(), abs=1)
        assert got.numpy() == pytest.approx(wanted, abs=1e-4)


def test_the_two_ways_to_a_nucleus_agree():
    peaked, flat = torch.randn(1, 300) * 5, torch.zeros(1, 300)
    alone = warp(peaked, 1.0, 0.9)
    beside = warp(torch.cat((peaked, flat)), 1.0, 0.9)
    assert torch.equal(alone[0], beside[0])


def sorted_edge(row, top_p):
    """The edge of one row by a full sort of it alone."""
    ranked = row.sort(descending=True).values
    last = int((ranked.cumsum(-1) < top_p).sum())
    return ranked[min(last, len(row) - 1)]


def a_row(kind, size, chance):
    """Probabilities whose nucleus is narrow or wide, tied, cut off, or of one size throughout."""
    logits = torch.randn(size, generator=chance)
    width = {"peaked": 9.0, "middle": 4.0, "wide": 2.2, "flat": 0.0, "tied": 1.5, "cut": 2.0}[kind]
    logits = logits * width
    if kind == "tied":
        logits = logits.round()
    if kind == "cut":
        logits[torch.rand(size, generator=chance) < 0.5] = -torch.inf
        logits[0] = 0.0
    return logits.softmax(-1)


KINDS = st.sampled_from(["peaked", "middle", "wide", "flat", "tied", "cut"])
SIZES = st.sampled_from([1, 7, 8, 9, 63, 64, 65, 300, 1023, 1024, 1025, 3000])


@given(
    kinds=st.lists(KINDS, min_size=1, max_size=6),
    size=SIZES,
    top_p=st.sampled_from([0.05, 0.5, 0.9, 0.99, 0.9999999]),
    seed=st.integers(0, 999),
)
def test_an_edge_is_that_of_a_full_sort_to_the_bit_whoever_is_beside(kinds, size, top_p, seed):
    chance = torch.Generator().manual_seed(seed)
    rows = torch.stack([a_row(kind, size, chance) for kind in kinds])
    wanted = torch.stack([sorted_edge(row, top_p) for row in rows]).unsqueeze(-1)
    assert torch.equal(_nucleus_edge(rows, top_p), wanted)
    assert torch.equal(_nucleus_edge(rows.unsqueeze(1), top_p), wanted.unsqueeze(1))
    assert torch.equal(_nucleus_edge(rows[0], top_p), wanted[0])


@pytest.mark.parametrize(("top_p", "edge"), [(0.5, 0.5), (0.75, 0.25), (0.875, 0.125)])
def test_a_nucleus_ends_where_its_mass_is_just_what_is_asked(top_p, edge):
    """Halves add up without rounding, so that the sum is `top_p` itself."""
    rows = torch.tensor([[0.125, 0.5, 0.25, 0.0625, 0.0625]])
    assert float(_nucleus_edge(rows, top_p)) == edge


@pytest.mark.parametrize("width", [9.0, 4.0, 2.3, 1.2, 0.0])
def test_a_sum_over_a_head_begins_as_the_sum_over_all(width):
    """What lets an edge be read from any head that holds it."""
    logits = torch.randn(2, 49152, generator=torch.Generator().manual_seed(3)) * width
    probs = (logits / 0.6).softmax(-1)
    whole = probs.sort(-1, descending=True).values.cumsum(-1)
    for size in (8, 64, 1024):
        assert torch.equal(probs.topk(size).values.cumsum(-1), whole[:, :size])


def test_only_the_rows_that_fall_short_are_looked_at_again(monkeypatch):
    """One wide row among many made the whole block be sorted."""
    chance, seen, topk = torch.Generator().manual_seed(0), [], torch.Tensor.topk
    rows = torch.stack([a_row(kind, 3000, chance) for kind in ("peaked",) * 9 + ("wide", "flat")])
    spy = lambda rows, size: seen.append((len(rows), size)) or topk(rows, size)  # noqa: E731
    monkeypatch.setattr(torch.Tensor, "topk", spy)
    _nucleus_edge(rows, 0.9)
    assert seen == [(11, 8), (2, 64), (2, 1024), (1, 3000)]
    seen.clear()
    _nucleus_edge(rows[:9], 0.9)
    assert seen == [(9, 8)]


def test_top_k_keeps_k_and_ties():
    logits = torch.tensor([[3.0, 1.0, 2.0, 2.0, 0.0]])
    assert (warp(logits, 1.0, top_k=1) > 0).tolist() == [[True, False, False, False, False]]
    assert (warp(logits, 1.0, top_k=2) > 0).tolist() == [[True, False, True, True, False]]
    assert torch.equal(warp(logits, 1.0, top_k=9), warp(logits, 1.0))


def test_residual():
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]])
    assert residual(p, q).tolist() == [[0.0, pytest.approx(0.4)]]
    assert residual(p, torch.zeros(1, 2)).tolist() == p.tolist()
    assert residual(p, p).tolist() == p.tolist()


def floats(*numbers):
    return np.array([numbers], dtype=np.float32)


def test_rules_at_their_edges():
    nan = np.float32("nan")
    assert speculative(
        floats(0.5, 0.0, 0.2, nan), floats(0.5, 0.5, 0.0, 0.5), floats(0.9999, 0, 0.5, 0)
    ).tolist() == [[True, False, True, False]]
    assert research(floats(0.1, 0.2, nan), 0.2).tolist() == [
        [True, bool(np.float32(0.2) <= 0.2), False]
    ]
    assert research(floats(nan, 1e30), float("inf")).tolist() == [[False, True]]
    assert random(floats(0.0, 0.5, 0.999), 0.0).tolist() == [[False] * 3]
    assert random(floats(0.0, 0.5, 0.999), 1.0).tolist() == [[True] * 3]


@given(
    rows=st.lists(st.tuples(*[st.floats(0, 1, width=32) for _ in range(4)]), min_size=1, max_size=9)
)
def test_fallback_accepts_what_either_does(rows):
    d, p, q, u = (floats(*column) for column in zip(*rows, strict=True))
    either = research(d, 0.3) | speculative(p, q, u)
    assert np.array_equal(fallback(d, 0.3, p, q, u), either)


LEADING = [
    ([1, 1, 0, 1], 4, 2),
    ([1, 1, 1, 1], 4, 4),
    ([0, 1, 1, 1], 4, 0),
    ([1, 1, 1, 1], 2, 2),
    ([1, 0, 1, 1], 0, 0),
]


@pytest.mark.parametrize(("flags", "valid", "run"), LEADING)
def test_leading(flags, valid, run):
    assert leading(np.array([flags], dtype=bool), np.array([valid])).tolist() == [run]


VALID = [([0, 1, 0], 3, 2), ([0, 0, 0], 3, 3), ([0, 0, 1], 2, 2), ([1, 1, 0], 3, 1), ([], 0, 0)]


@pytest.mark.parametrize(("ends", "room", "valid"), VALID)
def test_valid_lengths(ends, room, valid):
    flags = np.array(ends, dtype=bool).reshape(1, -1)
    assert valid_lengths(flags, np.array([room])).tolist() == [valid]
