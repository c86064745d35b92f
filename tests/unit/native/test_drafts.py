"""A block drafted in one call is the block of single steps, and ends where no more is of use."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from llama_folders import Tiny, write_llama

from llmx.decoding import DecodeOptions
from llmx.decoding.block_model import DraftJob
from llmx.engines.native.model import NativeLlama

V, ROWS, WIDTH = 37, 6, 5
TINY = Tiny(hidden_size=40, num_attention_heads=6, head_dim=20, vocab_size=V)
PLAIN = DecodeOptions("speculative", temperature=0.9, top_p=1.0)
TEXT = np.random.default_rng(0).integers(0, V, (ROWS, 20))
U = np.random.default_rng(1).random((ROWS, WIDTH, 3), np.float32)
LENGTHS = np.array([1, 2, 3, 9, 17, 20])


@cache
def model():
    with TemporaryDirectory() as folder:
        return NativeLlama.load("tiny", write_llama(Path(folder), TINY, scale=1.5))


def drafted(options=PLAIN, most=WIDTH, vocab=V, whole=False):
    cache = model().new_cache(ROWS, 40)
    for row, length in enumerate(LENGTHS):
        if length > 1:
            model().prefill(torch.from_numpy(TEXT[row : row + 1, : length - 1]), rows(row), cache)
    begin = np.maximum(LENGTHS - 2, 0)
    pair = TEXT[np.arange(ROWS)[:, None], begin[:, None] + np.arange(2)]
    most = np.broadcast_to(np.array(most), (ROWS,))
    job = DraftJob(pair, begin, LENGTHS - 1 - begin, U, most, vocab, options, whole)
    return model().draft(cache, job)


def rows(row):
    return torch.tensor([row])


def after(row, tokens):
    """Logits after a row's text and some drafted tokens, all at once."""
    text = torch.from_numpy(np.append(TEXT[row, : LENGTHS[row]], tokens)[None].astype(np.int64))
    cache = model().new_cache(1, 40)
    return model().forward(text, torch.zeros(1, dtype=torch.int64), cache)[0, -1]


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_logits_are_those_of_single_steps_to_the_bit(draft):
    found = drafted(replace(PLAIN, draft=draft))
    for row in range(ROWS):
        for column in range(WIDTH):
            wanted = after(row, found.tokens[row, :column])
            assert torch.equal(torch.from_numpy(found.logits[row, column, :V]), wanted)


def test_each_token_is_drawn_by_the_uniform_of_its_own_place():
    found = drafted()
    probs = torch.softmax(torch.from_numpy(found.logits[..., :V]).double() / 0.9, -1).numpy()
    cdf = probs.cumsum(-1)
    wanted = (cdf[..., None, :] <= U[..., None]).sum(-1)
    assert (found.bands == wanted).all() and (found.tokens == wanted[..., 0]).all()


def test_no_more_is_drafted_than_a_row_can_use():
    most = np.array([0, 1, 2, 3, 4, 5])
    found, whole = drafted(most=most, options=replace(PLAIN, stop_below=1e-9)), drafted()
    inside = np.arange(WIDTH) < most[:, None]
    assert (np.isfinite(found.sure) == inside).all()
    assert (found.tokens == np.where(inside, whole.tokens, 0)).all()


def test_behind_a_stop_nothing_is_drafted():
    sure = drafted(replace(PLAIN, stop_below=1e-9)).sure
    bound = float(np.median(sure))
    found, plain = drafted(replace(PLAIN, stop_below=bound)), drafted()
    stopped = np.logical_or.accumulate(sure < bound, axis=1)
    looked = ~stopped | (np.cumsum(stopped, 1) == 1)
    assert stopped.any() and not stopped.all()
    assert (np.isfinite(found.sure) == looked).all()
    np.testing.assert_array_equal(found.sure[looked], sure[looked])
    assert (found.tokens == np.where(stopped, 0, plain.tokens)).all()


def test_a_whole_block_goes_on_behind_a_stop():
    found, plain = drafted(replace(PLAIN, stop_below=0.999), whole=True), drafted()
    assert (found.tokens == plain.tokens).all() and np.isfinite(found.sure).all()


def test_how_sure_it_is_is_asked_at_temperature_one_with_nothing_cut_off():
    found = drafted(replace(PLAIN, temperature=0.3, top_k=2, stop_below=1e-9))
    logits = torch.from_numpy(found.logits[..., :V]).double()
    assert np.abs(found.sure - logits.softmax(-1).amax(-1).numpy()).max() < 1e-6


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_tokens_that_the_other_model_does_not_know_are_never_drafted(draft):
    assert drafted(replace(PLAIN, draft=draft)).tokens.max() >= 9
    assert drafted(replace(PLAIN, draft=draft), vocab=9).tokens.max() < 9


def test_a_greedy_draft_is_the_arg_max_with_its_lead():
    found = drafted(replace(PLAIN, temperature=0.0))
    best = np.sort(found.logits[..., :V], -1)
    assert (found.tokens == found.logits[..., :V].argmax(-1)).all()
    assert (found.lead == best[..., -1] - best[..., -2]).all() and found.bands is None
