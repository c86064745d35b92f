"""A row's logits are its own, bit for bit: whoever is beside it, and however it was written."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_folders import Tiny, write_llama

from llmx.decoding.block_model import as_blocks
from llmx.engines.native.model import NativeLlama

V = 37
ODD = Tiny(hidden_size=40, num_attention_heads=6, head_dim=20, intermediate_size=72, vocab_size=V)
SHAPES = {
    "odd": ODD,
    "even": Tiny(vocab_size=V, head_dim=32),
    "one-layer": replace(ODD, num_hidden_layers=1, head_dim=8, num_key_value_heads=1),
}
LONGEST = 90


@cache
def model(name="odd"):
    with TemporaryDirectory() as folder:
        return NativeLlama.load("tiny", write_llama(Path(folder), SHAPES[name]))


def texts(rows, seed):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, V, (rows, LONGEST)))


@cache
def alone(name, seed, row):
    """Logits of each token of one text, written one by one into a cache of its own."""
    text, cache = texts(64, seed)[row : row + 1], model(name).new_cache(1, LONGEST)
    steps = [
        model(name).forward(text[:, at : at + 1], torch.tensor([at]), cache)[0, 0]
        for at in range(LONGEST)
    ]
    return torch.stack(steps)


@st.composite
def batches(draw):
    """Rows in some order, how long each already is, and the width of the block that follows."""
    rows = draw(st.lists(st.integers(0, 63), min_size=1, max_size=64, unique=True))
    width = draw(st.integers(1, 17))
    starts = st.integers(0, LONGEST - width)
    lengths = draw(st.lists(starts, min_size=len(rows), max_size=len(rows)))
    return rows, width, lengths


@settings(max_examples=count(25, 500))
@given(
    name=st.sampled_from(sorted(SHAPES)),
    batch=batches(),
    more=st.integers(0, 200),
    together=st.booleans(),
)
def test_logits_do_not_depend_on_rows_beside_width_order_or_capacity(name, batch, more, together):
    rows, width, lengths = batch
    compiled, text = model(name), texts(64, 0)[rows]
    cache = compiled.new_cache(len(rows), LONGEST + more)
    for part in [torch.arange(len(rows))] if together else torch.arange(len(rows)).split(1):
        longest = max(lengths[row] for row in part.tolist())
        compiled.prefill(text[part, :longest], part, cache)
    start = torch.tensor(lengths)
    got = compiled.forward(text.gather(1, start[:, None] + torch.arange(width)), start, cache)
    for place in (0, len(rows) // 2, -1):
        wanted = alone(name, 0, rows[place])[lengths[place] : lengths[place] + width]
        assert torch.equal(got[place], wanted)


@settings(max_examples=count(15, 500))
@given(
    st.permutations(range(12)), st.integers(1, 12), st.integers(1, 9), st.integers(0, LONGEST - 9)
)
def test_a_cache_seen_by_some_of_its_rows_is_theirs(order, kept, width, length):
    compiled, text = model(), texts(64, 0)[:12]
    cache = compiled.new_cache(12, LONGEST)
    compiled.prefill(text[:, :length], torch.arange(12), cache)
    rows = torch.tensor(order[:kept])
    part = compiled.narrow(cache, rows.numpy())
    start = torch.full((kept,), length)
    got = compiled.forward(text[rows, length : length + width], start, part)
    for place, row in enumerate(rows.tolist()):
        assert torch.equal(got[place], alone("odd", 0, row)[length : length + width])
    again = compiled.narrow(part, np.array([kept - 1]))
    one = compiled.forward(text[rows[-1:], length : length + width], start[:1], again)
    assert torch.equal(one[0], got[-1])


def test_what_was_written_behind_a_row_is_out_of_its_sight():
    compiled, text = model(), texts(64, 0)[:3]
    cache = compiled.new_cache(3, LONGEST)
    compiled.prefill(texts(64, 1)[:3], torch.arange(3), cache)
    compiled.prefill(text[:, :20], torch.arange(3), cache)
    got = compiled.forward(text[:, 20:25], torch.full((3,), 20), cache)
    for row in range(3):
        assert torch.equal(got[row], alone("odd", 0, row)[20:25])


def test_a_capacity_may_be_used_up_to_its_last_slot():
    compiled, text = model(), texts(64, 0)[:1, :64]
    got = compiled.forward(text, torch.zeros(1, dtype=torch.int64), compiled.new_cache(1, 64))
    assert torch.equal(got[0], alone("odd", 0, 0)[:64])


def test_it_is_a_block_model():
    assert as_blocks(model()) is not None


BEYOND = {
    "a token": ([[V]], [0]),
    "a token below": ([[-1]], [0]),
    "a slot": ([[1, 2]], [15]),
    "a slot below": ([[1]], [-1]),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_not_there_is_refused_before_it_is_read(name):
    ids, start = (torch.tensor(part) for part in BEYOND[name])
    with pytest.raises(IndexError):
        model().forward(ids, start, model().new_cache(1, 16))
