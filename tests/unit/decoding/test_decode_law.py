"""The loop follows the enumerated law: chi-square over many sample ids."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from enumerated_law import js, law, softmax, target_law, texts
from scipy.stats import chisquare

from llmx.decoding import DecodeOptions, decode
from llmx.decoding.toy import ToyModel

SAMPLES = 6000
TARGET = ToyModel(3, seed=1, scale=1.2)
DRAFT = ToyModel(3, seed=2, scale=1.2, near=TARGET, mix=0.3)
PROMPT = [0, 2]
BASE = DecodeOptions("speculative", temperature=0.8, top_p=1.0, max_tokens=4, gamma=2)


def middle_divergence():
    """A threshold that about half of the contexts are under."""
    seen = [
        js(*(softmax(m.table[k, s].double().numpy()) for m in (TARGET, DRAFT)))
        for k in range(3)
        for s in range(9)
    ]
    return float(np.median(seen))


def tally(options, seed=0, pair=(TARGET, DRAFT), prompt=PROMPT):
    ids = [f"s{i}" for i in range(SAMPLES)]
    outputs = decode(*pair, [prompt] * SAMPLES, ids, options, seed)
    return Counter((one.token_ids, one.rounds) for one in outputs)


def p_value(counts, wanted):
    """Chi-square p-value; the least likely cells are taken together until 8 are expected."""
    if not set(counts) <= set(wanted):
        return 0.0
    if len(wanted) == 1:
        return 1.0
    cells = sorted(wanted, key=wanted.get)
    expected = np.array([wanted[cell] for cell in cells]) * SAMPLES
    observed = np.array([counts.get(cell, 0) for cell in cells], dtype=float)
    rare = max(int((expected < 8).sum()), int((np.cumsum(expected) < 8).sum())) + 1
    rare = min(rare, len(cells) - 1)
    merged = [np.append(numbers[rare:], numbers[:rare].sum()) for numbers in (observed, expected)]
    return chisquare(*merged).pvalue


T = middle_divergence()
RULES = {
    "speculative": replace(BASE),
    "fuzzy-research": replace(BASE, algorithm="fuzzy", threshold=T),
    "fuzzy-fallback": replace(BASE, algorithm="fuzzy", threshold=T, semantics="fallback"),
    "random": replace(BASE, algorithm="random", threshold=0.4),
}
SETTINGS = {
    "sampled": {},
    "greedy-draft": {"draft": "greedy"},
    "eos": {"eos_ids": (2,), "max_tokens": 5, "gamma": 3},
    "top-p": {"top_p": 0.8},
    "target-first": {"first_block": "target"},
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("rule", RULES)
def test_outputs_follow_the_enumerated_law(rule, setting):
    options = replace(RULES[rule], **SETTINGS[setting])
    assert p_value(tally(options), law(TARGET, DRAFT, PROMPT, options)) > 1e-3


@pytest.mark.parametrize("setting", SETTINGS)
def test_speculative_law_is_the_targets(setting):
    options = replace(BASE, **SETTINGS[setting])
    alone = target_law(TARGET, PROMPT, options)
    drafted = texts(law(TARGET, DRAFT, PROMPT, options))
    assert drafted == pytest.approx(alone, abs=1e-12)


def test_target_alone_follows_its_law():
    options = replace(BASE, algorithm="target")
    counts = texts(tally(options))
    assert p_value(counts, target_law(TARGET, PROMPT, options)) > 1e-3


def test_draft_alone_follows_its_law():
    options = replace(BASE, algorithm="draft")
    counts = texts(tally(options))
    assert p_value(counts, target_law(DRAFT, PROMPT, options)) > 1e-3


@pytest.mark.parametrize("other", ["fuzzy-fallback", "random", "speculative"])
def test_the_chi_square_tells_the_rules_apart(other):
    counts = tally(RULES["fuzzy-research"])
    assert p_value(counts, law(TARGET, DRAFT, PROMPT, RULES[other])) < 1e-6


def test_laws_of_the_two_first_blocks_differ():
    here = texts(law(TARGET, DRAFT, PROMPT, RULES["fuzzy-research"]))
    other = replace(RULES["fuzzy-research"], first_block="target")
    there = texts(law(TARGET, DRAFT, PROMPT, other))
    assert max(abs(here[text] - there[text]) for text in here) > 1e-3
