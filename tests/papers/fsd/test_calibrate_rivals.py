"""A draft share has its threshold under the rivals' rules too, whichever way that acts."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from counts import count
from test_decode_calibrate import DRAFT, TARGET, TWO, small

from llmx.decoding import DecodeOptions, decode
from llmx.decoding.lossy_rules import passed_over
from llmx.papers.fsd.calibrate import calibrate, predict
from llmx.papers.fsd.replay import Replayer, bare

PROMPTS = [[at % 12, at * 5 % 12, 3] for at in range(16)]
IDS = [f"c{at}" for at in range(16)]
SHAPE = {"max_tokens": 40, "gamma": 5, "eos_ids": (11,)}
RIVALS = {
    "typical": DecodeOptions("typical", **SHAPE),
    "fly": DecodeOptions("fly", window=1, **SHAPE),
    "fly-greedy": DecodeOptions("fly", window=1, temperature=0.0, **SHAPE),
    "opt": DecodeOptions("cascade", **SHAPE),
    "opt-greedy": DecodeOptions("cascade", temperature=0.0, **SHAPE),
    "token_v3": DecodeOptions("cascade", deferral="token_v3", **SHAPE),
}


def span(options):
    """Return the shares at both ends of the threshold."""
    shares = []
    for distance in (-inf, inf):
        tuned = replace(options, threshold=options.threshold_at(distance))
        if distance == -inf:
            tuned = bare(options)
        found = decode(TARGET, DRAFT, PROMPTS, IDS, tuned, 0)
        shares.append(sum(o.accepted for o in found) / sum(len(o.token_ids) for o in found))
    return shares


@pytest.mark.parametrize("rule", RIVALS)
def test_a_share_between_both_ends_is_reached(rule):
    options = RIVALS[rule]
    least, most = span(options)
    share = least + 0.5 * (most - least)
    found = calibrate(TARGET, DRAFT, PROMPTS, IDS, options, 0, share, tries=6)
    assert least < most and found.achieved == pytest.approx(share, abs=0.04)
    tuned = replace(options, threshold=found.threshold)
    again = decode(TARGET, DRAFT, PROMPTS, IDS, tuned, 0)
    accepted, emitted = sum(o.accepted for o in again), sum(len(o.token_ids) for o in again)
    assert accepted / emitted == found.achieved
    assert (found.threshold, found.achieved) in found.trace


@pytest.mark.parametrize("rule", [name for name in RIVALS if name != "token_v3"])
def test_a_replayed_block_is_decided_as_the_rule_does(rule):
    """Distances along lossless texts say what every threshold would have kept."""
    options = RIVALS[rule]
    lossless = replace(options, algorithm="speculative", window=None)
    texts = [one.token_ids for one in decode(TARGET, DRAFT, PROMPTS, IDS, lossless, 0)]
    given = (TARGET, DRAFT, PROMPTS, texts, IDS)
    logged = Replayer(*given, bare(options), 0).replay_at(3)
    distances = logged.verdict.divergence
    middle = float(np.quantile(distances[np.isfinite(distances)], 0.6)) + 1e-4
    for distance in (-inf, middle, inf):
        tuned = replace(options, threshold=options.threshold_at(distance))
        if distance == -inf:
            tuned = bare(options)
        replayed = Replayer(*given, tuned, 0).replay_at(3).verdict
        passes = distances <= distance
        if options.deferral_window:
            whole = np.full(len(passes), passes.shape[1])
            passes &= passed_over(logged.verdict.accept, whole, options.deferral_window)
        wanted = passes | logged.verdict.accept
        assert (wanted == replayed.accept).all()


# One token: refused by itself, near; the next ones pass.
PUT_OFF = [
    ([[0.1, 9, 9]], [[0, 1, 1]], [3], 1, 3 / 4),
    ([[0.1, 9, 9]], [[0, 1, 1]], [3], 2, 3 / 4),
    ([[0.1, 9, 9]], [[0, 1, 1]], [2], 2, 0 / 1),
    ([[0.1, 9, 9]], [[0, 1, 0]], [3], 2, 0 / 1),
    ([[9, 0.1, 0.1]], [[1, 1, 0]], [3], 1, 2 / 3),
]


@pytest.mark.parametrize(("distance", "own", "valid", "window", "share"), PUT_OFF)
def test_a_rejection_is_put_off_by_hand(distance, own, valid, window, share):
    log = small(distance, own, valid, [0])
    assert predict(log, 0.2, "fallback", window) == pytest.approx(share)


def test_without_a_window_nothing_else_is_asked():
    assert predict(TWO, 0.25, "fallback", 0) == predict(TWO, 0.25, "fallback")


@pytest.mark.parametrize("seed", range(count(20, 400)))
def test_passed_over_is_what_it_says(seed):
    rng = np.random.default_rng(seed)
    own, window = rng.random((6, 5)) < 0.7, int(rng.integers(1, 5))
    valid = rng.integers(0, 6, 6)
    found = passed_over(own, valid, window)
    for row in range(6):
        for at in range(5):
            ahead = range(at + 1, at + window + 1)
            wanted = at + window < valid[row] and all(own[row, one] for one in ahead)
            assert found[row, at] == wanted


def test_the_strict_end_of_a_threshold():
    ends = {name: (one.strictest, one.threshold_at(-0.3)) for name, one in RIVALS.items()}
    assert ends["typical"] == ends["fly"] == (inf, 0.3)
    assert ends["opt"] == (-inf, -0.3)
