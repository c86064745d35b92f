"""From draft share to threshold."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.decoding import DecodeOptions, decode
from llmx.decoding.toy import ToyModel
from llmx.papers.fsd.calibrate import (
    achieved_share,
    calibrate,
    predict,
    solve_threshold,
)
from llmx.papers.fsd.random_control import blocks_share, solve_blocks, solve_random
from llmx.papers.fsd.replay import BlockLog, replay

TARGET = ToyModel(12, seed=0, scale=1.5)
DRAFT = ToyModel(12, seed=1, scale=1.5, near=TARGET, mix=0.7)
PROMPTS = [[i % 12, i * 5 % 12, 3] for i in range(40)]
IDS = [f"c{i}" for i in range(40)]
FUZZY = DecodeOptions("fuzzy", max_tokens=60, gamma=5, eos_ids=(11,))


@pytest.fixture(scope="module")
def log():
    return replay(TARGET, DRAFT, PROMPTS, IDS, FUZZY, 0)


def small(divergence, lossless, valid, closed):
    return BlockLog(
        np.array(divergence, dtype=np.float32),
        np.array(lossless, dtype=bool),
        np.array(valid),
        np.array(closed),
    )


TWO = small([[0.1, 0.3], [0.2, 0.1]], [[1, 0], [0, 1]], [2, 2], [0, 1])
# threshold, semantics, share of TWO by hand
PREDICTED = [
    (-inf, "research", 0 / 2),
    (0.15, "research", 1 / 3),
    (0.25, "research", 3 / 4),
    (inf, "research", 4 / 5),
    (-inf, "fallback", 1 / 3),
    (0.25, "fallback", 3 / 4),
]


@pytest.mark.parametrize(("threshold", "semantics", "share"), PREDICTED)
def test_predicted_share_by_hand(threshold, semantics, share):
    assert predict(TWO, threshold, semantics) == pytest.approx(share)


@pytest.mark.parametrize("semantics", ["research", "fallback"])
def test_share_never_falls_as_the_threshold_rises(log, semantics):
    shares = [predict(log, t, semantics) for t in (-inf, *np.linspace(0, 0.3, 30), inf)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


@pytest.mark.parametrize("share", [0.1, 0.4, 0.65, 0.8])
def test_solved_threshold_gives_the_share(log, share):
    threshold, predicted = solve_threshold(log, share, "research")
    assert predicted == predict(log, threshold, "research")
    assert predicted == pytest.approx(share, abs=0.01)


def test_solved_threshold_is_the_nearest(log):
    threshold, predicted = solve_threshold(log, 0.5, "research")
    seen = np.unique(log.divergence)
    others = [predict(log, float(t), "research") for t in seen]
    assert abs(predicted - 0.5) <= min(abs(other - 0.5) for other in others) + 1e-12
    assert float(threshold) not in seen


def test_blocks_are_replayed_as_the_loop_decodes_them():
    """Replaying with no stride predicts lossless decoding's own share."""
    log = replay(TARGET, DRAFT, PROMPTS, IDS, FUZZY, 0, stride=1)
    outputs = decode(TARGET, DRAFT, PROMPTS, IDS, replace(FUZZY, algorithm="speculative"), 0)
    assert len(log.valid) == sum(len(one.token_ids) for one in outputs)
    assert predict(log, -inf, "fallback") == pytest.approx(achieved_share(outputs), abs=0.05)


def test_first_block_of_a_replay_is_the_first_round_of_a_decode():
    log = replay(TARGET, DRAFT, PROMPTS[:8], IDS[:8], FUZZY, 0, stride=1000)
    options = replace(FUZZY, algorithm="speculative", max_tokens=6)
    for row, (prompt, name) in enumerate(zip(PROMPTS[:8], IDS[:8], strict=True)):
        (one,) = decode(TARGET, DRAFT, [prompt], [name], options, 0)
        run = int(np.cumprod(log.lossless[row][: log.valid[row]]).sum())
        assert one.accepted >= run and (one.rounds > 1 or one.accepted == run)


@pytest.mark.parametrize("batch", [1, 7, 40])
def test_batches_change_no_block_of_a_toy(log, batch):
    cut = replay(TARGET, DRAFT, PROMPTS, IDS, FUZZY, 0, batch=batch)
    assert np.array_equal(np.sort(cut.divergence, 0), np.sort(log.divergence, 0))
    assert cut.valid.sum() == log.valid.sum()


@given(st.floats(0.01, 0.82), st.integers(1, 12))
def test_random_chance_solves_its_equation(share, gamma):
    p = solve_random(share, gamma)
    if share < gamma / (gamma + 1):
        assert p * (1 - p**gamma) / (1 - p) == pytest.approx(share / (1 - share), rel=1e-6)
    else:
        assert p == pytest.approx(1)


@pytest.mark.parametrize("algorithm", ["fuzzy", "random"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.75])
def test_calibration_achieves_the_share(algorithm, share):
    options = replace(FUZZY, algorithm=algorithm)
    got = calibrate(TARGET, DRAFT, PROMPTS, IDS, options, 0, share)
    assert got.achieved == pytest.approx(share, abs=0.0101) and got.note == ""
    outputs = decode(TARGET, DRAFT, PROMPTS, IDS, replace(options, threshold=got.threshold), 0)
    assert achieved_share(outputs) == got.achieved
    assert (got.threshold, got.achieved) in got.trace


def test_fallback_calibration():
    options = replace(FUZZY, semantics="fallback")
    got = calibrate(TARGET, DRAFT, PROMPTS, IDS, options, 0, 0.78)
    assert got.achieved == pytest.approx(0.78, abs=0.0101)


UNREACHABLE = {
    "above the ceiling": ({}, 0.9, inf, "γ/(γ+1)"),
    "below lossless": ({"semantics": "fallback"}, 0.2, -inf, "lossless"),
    "random above the ceiling": ({"algorithm": "random"}, 0.9, 1.0, "γ/(γ+1)"),
}


@pytest.mark.parametrize("name", UNREACHABLE)
def test_unreachable_shares_say_so(name):
    changes, share, threshold, word = UNREACHABLE[name]
    got = calibrate(TARGET, DRAFT, PROMPTS, IDS, replace(FUZZY, **changes), 0, share)
    assert got.threshold == pytest.approx(threshold) and word in got.note


def test_a_share_of_blocks_does_not_tell_in_which_order_they_were_replayed():
    rng = np.random.default_rng(0)
    valid = rng.integers(0, 6, 400)
    closed = rng.random(400) < 0.3
    shares = set()
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(400)
        log = BlockLog(
            np.zeros((400, 5), np.float32), np.zeros((400, 5), bool), valid[order], closed[order]
        )
        shares.add((blocks_share(0.37, log), solve_blocks(0.6, log)))
    assert len(shares) == 1
