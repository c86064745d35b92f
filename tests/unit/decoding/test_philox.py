"""Philox: published answers, Triton's float, and independence of how draws are cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from llmx.core.philox import PURPOSES, Purpose, as_uniform, keys, philox, uniforms

# Random123, tests/kat_vectors, the three lines "philox4x32 10".
KNOWN = [
    ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (" ".join(["ffffffff"] * 4), "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def words(text):
    return tuple(np.array([int(word, 16)], dtype=np.uint64) for word in text.split())


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter, key, answer):
    assert [int(word[0]) for word in philox(words(counter), words(key))] == [
        int(word, 16) for word in answer.split()
    ]


def triton_uniform(word):
    """Triton's uint_to_uniform_float on one word, in Python integers and one float32 product."""
    signed = word - 2**32 if word >= 2**31 else word
    folded = -signed - 1 if signed < 0 else signed
    return np.float32(folded) * np.float32(4.6566127342e-10)


@given(st.integers(0, 2**32 - 1))
def test_float_is_tritons(word):
    assert as_uniform(np.array([word], dtype=np.uint64))[0] == triton_uniform(word)


@pytest.mark.parametrize("word", [0, 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_float_is_below_one(word):
    got = as_uniform(np.array([word], dtype=np.uint64))
    assert got.dtype == np.float32 and 0 <= got[0] < 1 and got[0] == triton_uniform(word)


def test_a_draw_is_the_stated_counter_and_key():
    key = keys(7, ["gsm-12"])
    wanted = (np.array([5 * PURPOSES + Purpose.TARGET], dtype=np.uint64), *words("0 0 0"))
    halves = (key & np.uint64(2**32 - 1), key >> np.uint64(32))
    got = uniforms(key, 5, 1)[0, 0, Purpose.TARGET]
    assert got == as_uniform(philox(wanted, halves)[0])[0]


def test_keys_are_the_hash_of_seed_and_id():
    # Written down: a change here would change every sampled text of every earlier run.
    assert int(keys(0, ["a"])[0]) == 0x5DFB2A8557C21CC0
    assert len(set(keys(0, ["a", "b"]).tolist() + keys(1, ["a", "b"]).tolist())) == 4


@given(st.integers(0, 50), st.integers(1, 20), st.integers(1, 20))
def test_cutting_into_blocks_changes_nothing(first, left, right):
    key = keys(3, ["x", "y"])
    whole = uniforms(key, first, left + right)
    parts = uniforms(key, first, left), uniforms(key, first + left, right)
    assert np.array_equal(whole, np.concatenate(parts, 1))
    assert np.array_equal(whole[1:], uniforms(key[1:], first, left + right))


def test_every_purpose_is_uniform_and_of_its_own():
    drawn = uniforms(keys(0, [f"s{i}" for i in range(200)]), 0, 50)
    for purpose in Purpose:
        assert kstest(drawn[..., purpose].ravel(), "uniform").pvalue > 1e-3
    pairs = np.corrcoef([drawn[..., purpose].ravel() for purpose in Purpose])
    assert np.abs(pairs - np.eye(3)).max() < 0.04
