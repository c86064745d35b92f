"""Every build gives the same bits: the width of a register and the optimiser are no meaning."""

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from counts import THOROUGH
from llama_folders import Tiny, write_llama

from llmx.decoding import DecodeOptions
from llmx.decoding.block_model import CompareJob, DraftJob, FollowJob
from llmx.engines.native import build
from llmx.engines.native.model import NativeLlama, functions, typed

# Built with little optimisation, which is quick, and says more: the optimiser moves no bit either.
QUICK = () if THOROUGH else ("-O1",)
BUILDS = {
    "narrow": ("plain", QUICK),
    "wide": ("avx2", ("-DLLMX_WIDTH=16", *QUICK)),
    "avx2": ("avx2", QUICK),
    "avx512": ("avx512", QUICK),
}
NEEDS = {"narrow": set(), "wide": {"avx2", "fma"}, "avx2": {"avx2", "fma"}, "avx512": {"avx512f"}}
ODD = Tiny(
    hidden_size=40,
    num_attention_heads=6,
    num_key_value_heads=2,
    head_dim=20,
    intermediate_size=72,
    vocab_size=75,
)
WIDE = Tiny(hidden_size=96, head_dim=48, intermediate_size=160, vocab_size=1100)


@cache
def library(name) -> ctypes.CDLL:
    return typed(build.load(*BUILDS[name]))


HERE = [name for name, needs in NEEDS.items() if needs <= build.features()]
USUAL = HERE if THOROUGH else [name for name in HERE if name != "avx2"]


@pytest.mark.parametrize("name", BUILDS)
def test_a_build_that_this_processor_runs_is_compared_below(name):
    if name not in HERE:
        pytest.skip(f"this processor has no {', '.join(sorted(NEEDS[name]))}")
    assert name in USUAL or name == "avx2"  # which is what all other tests run


@pytest.fixture(params=USUAL)
def other(request):
    return library(request.param)


@cache
def loaded(tiny_name):
    with TemporaryDirectory() as folder:
        tiny = {"odd": ODD, "wide": WIDE}[tiny_name]
        return NativeLlama.load("tiny", write_llama(Path(folder), tiny, scale=2.0))


def by(calls, name="odd"):
    known = loaded(name)
    return NativeLlama(known.shape, known.weights, calls)


def same(one, two):
    """Bits, not values: NaN equals itself, and zero is not minus zero."""
    assert one.dtype == two.dtype and one.shape == two.shape
    assert one.tobytes() == two.tobytes()


def both(other, name, work):
    """Do the same by both libraries; all arrays must be equal."""
    for one, two in zip(work(by(functions(), name)), work(by(other, name)), strict=True):
        same(np.ascontiguousarray(one), np.ascontiguousarray(two))


ROWS = {"odd": [(1, 17), (2, 3), (4, 2), (7, 1)], "wide": [(1, 1), (3, 4)]}


@pytest.mark.parametrize("name", ["odd", "wide"])
def test_the_whole_forward(other, name):
    def work(model):
        rng = np.random.default_rng(0)
        for rows, width in ROWS[name]:
            cache = model.new_cache(rows, 100)
            text = torch.from_numpy(rng.integers(0, model.vocab_size, (rows, 80)))
            model.prefill(text[:, :67], torch.arange(rows), cache)
            start = torch.from_numpy(rng.integers(0, 67, rows))
            yield model.forward(text[:, :width], start, cache).numpy()
            yield cache.keys
            yield cache.values

    both(other, name, work)


SAMPLERS = {
    "plain": {"top_p": 1.0},
    "nucleus": {"top_p": 0.9},
    "wide nucleus": {"top_p": 0.97, "temperature": 3.0},
    "top-k": {"top_k": 5},
    "greedy": {"temperature": 0.0},
    "greedy draft": {"draft": "greedy"},
}


@pytest.mark.parametrize("stop", [0.0, 0.3])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_drafts(other, sampler, stop):
    options = DecodeOptions("speculative", stop_below=stop, **SAMPLERS[sampler])

    def work(model):
        rng = np.random.default_rng(1)
        vocab = model.vocab_size
        for rows in (1, 6):
            cache = model.new_cache(rows, 40)
            pair, u = rng.integers(0, vocab, (rows, 2)), rng.random((rows, 5, 3), np.float32)
            begin, last = np.zeros(rows, np.int64), rng.integers(0, 2, rows)
            most = rng.integers(0, 6, rows)
            found = model.draft(cache, DraftJob(pair, begin, last, u, most, vocab - 3, options))
            drawn = np.arange(5) < most[:, None]
            yield found.tokens
            yield from (one for one in (found.bands, found.lead) if one is not None)
            yield found.sure
            # What was not drafted is not written: an undrafted column holds anything.
            seen = drawn if not stop else drawn & np.isfinite(found.sure)
            yield found.logits[seen]

    for name in ("odd", "wide"):
        both(other, name, work)


@dataclass
class Block:
    """A random block of logits, flat or peaked, some of it masked."""

    target: np.ndarray
    draft: np.ndarray
    tokens: np.ndarray
    u: np.ndarray


def block(vocab, scale, seed=0, rows=3, width=4):
    rng = np.random.default_rng(seed)
    target = rng.standard_normal((rows, width + 1, vocab), np.float32) * np.float32(scale)
    draft = target[:, :-1] + rng.standard_normal((rows, width, vocab), np.float32)
    draft[0] = target[0, :-1]
    draft[1, :, ::3] = -np.inf
    target[2, :, 1::2] = -np.inf
    tokens, u = rng.integers(0, vocab, (rows, width)), rng.random((rows, width), np.float32)
    return Block(target, draft, tokens, u)


NAMES = ["js", "ag", "kl", "kl_reversed", "tv", "draft_token"]


@pytest.mark.parametrize("vocab", [1, 5, 48, 1100])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_of_a_block(other, name, vocab):
    options = DecodeOptions("fuzzy", divergence=name, semantics="fallback", floor=0.01, top_k=7)

    def work(model):
        for scale in (0.0, 1.0, 9.0):
            b = block(vocab, scale)
            limits, valid = np.full((3, 4), 0.1), np.array([4, 2, 0])
            job = CompareJob(b.target, b.draft, b.tokens, valid, b.u, limits, options, True)
            found = model.compare(job)
            yield from (found.divergence, found.chance, found.p, found.q)

    both(other, "odd", work)


@pytest.mark.parametrize("vocab", [1, 5, 48, 1100])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_draw_that_follows(other, sampler, vocab):
    options = DecodeOptions("speculative", **SAMPLERS[sampler])

    def work(model):
        for scale in (0.0, 1.0, 9.0):
            b = block(vocab, scale)
            u = np.random.default_rng(2).random((3, 3), np.float32)
            rejected = np.array([True, True, False])
            column = np.array([0, 3, 4])
            alone = model.follow(FollowJob(b.target, column, u, options))
            job = FollowJob(b.target, column, u, options, b.draft, b.tokens, rejected)
            after = model.follow(job)
            yield from (alone.tokens, alone.lead, after.tokens, after.lead)

    both(other, "odd", work)
