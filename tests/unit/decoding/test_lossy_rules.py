"""Typical acceptance, FLy and speculative cascades follow their formulas, to the ends of each."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from enumerated_blocks import fly_law
from enumerated_law import law, target_law, texts
from test_decode_law import BASE, DRAFT, PROMPT, TARGET, p_value, tally

from llmx.core.errors import ConfigError
from llmx.core.philox import Purpose
from llmx.decoding import DecodeOptions, decode
from llmx.decoding.rows import Rows

TYPICAL = replace(BASE, algorithm="typical", threshold=0.5)
OPT = replace(BASE, algorithm="cascade", threshold=0.4)
TOKEN = replace(OPT, deferral="token_v3", threshold=0.6)
FLY = replace(BASE, algorithm="fly", threshold=0.95, gamma=4, window=1, max_tokens=5)
RULES = {"typical": TYPICAL, "opt": OPT, "token": TOKEN, "fly": FLY}
PENALTIES = {"repetition_penalty": 1.4, "presence_penalty": 0.3, "frequency_penalty": 0.2}
SETTINGS = {
    "sampled": {},
    "greedy": {"draft": "greedy"},
    "soft": {"draft": "greedy_soft"},
    "cold": {"temperature": 0.0},
    "eos": {"eos_ids": (2,)},
    "top-p": {"top_p": 0.8},
    "stops": {"stop_below": 0.45},
    "target-first": {"first_block": "target"},
    "penalties": {**PENALTIES, "max_tokens": 4},
}


def enumerated(options):
    return (fly_law if options.algorithm == "fly" else law)(TARGET, DRAFT, PROMPT, options)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("rule", RULES)
def test_the_loop_follows_the_enumerated_law(rule, setting):
    options = replace(RULES[rule], **SETTINGS[setting])
    assert p_value(tally(options), enumerated(options)) > 1e-4


@pytest.mark.parametrize("window", [1, 2, 3])
def test_every_window_of_fly(window):
    options = replace(FLY, window=window, threshold=0.5, max_tokens=6)
    assert p_value(tally(options), enumerated(options)) > 1e-4


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("by", [0.2, 4.0])
def test_a_threshold_changes_the_law(rule, by):
    """Otherwise the tests above could not fail for it."""
    options = RULES[rule]
    moved = replace(options, threshold=options.threshold * by)
    here, there = (enumerated(one) for one in (options, moved))
    keys = here.keys() | there.keys()
    assert max(abs(here.get(key, 0) - there.get(key, 0)) for key in keys) > 1e-4


LONG = {"max_tokens": 12, "gamma": 3}


def outputs(options, size=200):
    return decode(TARGET, DRAFT, [PROMPT] * size, [f"s{at}" for at in range(size)], options, 3)


def alone(options):
    return [one.token_ids for one in outputs(options)]


@pytest.mark.parametrize("draft", ["sampled", "greedy", "greedy_soft"])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
@pytest.mark.parametrize("deferral", ["opt", "token_v3"])
def test_a_cascade_that_never_defers_less_is_speculation_bit_by_bit(deferral, temperature, draft):
    options = replace(BASE, draft=draft, temperature=temperature, **LONG)
    strict = replace(options, algorithm="cascade", deferral=deferral, threshold=-inf)
    assert outputs(strict) == outputs(replace(options, algorithm="speculative"))


@pytest.mark.parametrize("deferral", ["opt", "token_v3"])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_lenient_cascade_keeps_every_draft(deferral, temperature):
    lenient = replace(OPT, deferral=deferral, threshold=inf, temperature=temperature, **LONG)
    assert {(one.rounds, one.accepted) for one in outputs(lenient)} == {(3, 9)}


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
@pytest.mark.parametrize("setting", ["sampled", "cold", "stops"])
def test_fly_above_every_entropy_has_the_targets_law(setting, draft):
    options = replace(FLY, threshold=inf, draft=draft)
    options = replace(options, **SETTINGS[setting])
    found = texts(fly_law(TARGET, DRAFT, PROMPT, options))
    assert found == pytest.approx(target_law(TARGET, PROMPT, options), abs=1e-12)


def test_a_window_needs_room_in_the_block():
    """The last w tokens of a block are never put off: those of a block of w + 1 all but one."""
    strict = replace(FLY, threshold=inf, gamma=3, window=2, max_tokens=4)
    loose = replace(strict, threshold=0.0)
    chances = []
    for options in (strict, loose):
        found = fly_law(TARGET, DRAFT, PROMPT, options)
        chances.append(sum(chance for (_, rounds), chance in found.items() if rounds == 1))
    assert chances[0] < chances[1] < 1


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_typical_acceptance_at_zero_keeps_all_that_the_target_may_say(draft):
    lenient = replace(TYPICAL, threshold=0.0, draft=draft, **LONG)
    assert {(one.rounds, one.accepted) for one in outputs(lenient)} == {(3, 9)}


def test_typical_acceptance_without_end_is_the_greedy_target():
    strict = replace(TYPICAL, threshold=inf, **LONG)
    assert all((one.rounds, one.accepted) == (12, 0) for one in outputs(strict))
    greedy = replace(strict, algorithm="target", temperature=0.0)
    assert alone(strict) == alone(greedy)


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_typical_acceptance_at_temperature_zero_is_greedy_speculation(draft):
    options = replace(TYPICAL, temperature=0.0, draft=draft, **LONG)
    assert outputs(options) == outputs(replace(options, algorithm="speculative"))


@pytest.mark.parametrize("rule", RULES)
def test_neighbours_change_no_answer(rule):
    options = replace(RULES[rule], max_tokens=14)
    ids = [f"s{at}" for at in range(16)]
    together = decode(TARGET, DRAFT, [PROMPT] * 16, ids, options, 0)
    assert decode(TARGET, DRAFT, [PROMPT] * 16, ids[::-1], options, 0)[::-1] == together
    assert decode(TARGET, DRAFT, [PROMPT], ids[4:5], options, 0) == together[4:5]


WRONG = {
    "a negative ε": {"algorithm": "typical", "threshold": -0.1},
    "a negative entropy": {"algorithm": "fly", "threshold": -0.1},
    "no number": {"algorithm": "cascade", "threshold": np.nan},
    "a window past the block": {"algorithm": "fly", "gamma": 3, "window": 3},
    "a block without a window": {"algorithm": "fly", "gamma": 1},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_out_of_range_is_refused(case):
    with pytest.raises(ConfigError):
        DecodeOptions(**WRONG[case])


def test_the_window_of_fly_is_that_of_vllm_where_none_is_given():
    windows = [DecodeOptions("fly", gamma=gamma).deferral_window for gamma in (2, 5, 7, 16)]
    assert windows == [1, 4, 6, 6]


@pytest.mark.parametrize("rule", [*RULES, "block", "speculative"])
def test_a_rule_that_looks_ahead_draws_no_number_twice(rule):
    """What it refused was refused for the numbers behind it: the next round has others."""
    options = RULES.get(rule) or replace(BASE, algorithm=rule)
    rows = Rows(2, 20, options, 0)
    rows.admit(rows.index, [[1], [2]], ["a", "b"])
    first = [rows.draws(purpose, 2)[:, 1] for purpose in Purpose]
    rows.length += 1
    second = [rows.draws(purpose, 2)[:, 0] for purpose in Purpose]
    ahead = rule in ("fly", "block")
    assert all((one != two).all() == ahead for one, two in zip(first, second, strict=True))
