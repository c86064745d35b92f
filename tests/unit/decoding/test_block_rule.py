"""Block verification (Sun et al., arXiv 2403.10444): lossless, and never more rounds than SD."""

from dataclasses import replace

import numpy as np
import pytest
from enumerated_blocks import Blocks, block_ends, block_law
from enumerated_law import law, target_law, texts
from test_decode_law import BASE, DRAFT, PROMPT, TARGET, p_value, tally

from llmx.decoding import DecodeOptions, decode
from llmx.decoding.toy import ToyModel

BLOCK = replace(BASE, algorithm="block", gamma=3, max_tokens=5)
PENALTIES = {"repetition_penalty": 1.4, "presence_penalty": 0.3, "frequency_penalty": 0.2}
SETTINGS = {
    "sampled": {},
    "one": {"gamma": 1},
    "two": {"gamma": 2},
    "greedy": {"draft": "greedy"},
    "eos": {"eos_ids": (2,)},
    "top-p": {"top_p": 0.8},
    "top-k": {"top_k": 2},
    "stops": {"stop_below": 0.45},
    "stops-greedy": {"stop_below": 0.45, "draft": "greedy"},
    "stops-eos": {"stop_below": 0.45, "eos_ids": (1,)},
    "target-first": {"first_block": "target"},
    "penalties": {**PENALTIES, "max_tokens": 4},
    "cold": {"temperature": 0.0},
}


def options_of(name):
    return replace(BLOCK, **SETTINGS[name])


@pytest.mark.parametrize("name", SETTINGS)
def test_the_law_is_the_targets(name):
    options = options_of(name)
    found = texts(block_law(TARGET, DRAFT, PROMPT, options))
    assert found == pytest.approx(target_law(TARGET, PROMPT, options), abs=1e-12)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_loop_follows_the_enumerated_law(name):
    options = options_of(name)
    assert p_value(tally(options), block_law(TARGET, DRAFT, PROMPT, options)) > 1e-3


def rounds(found):
    return sum(chance * count for (_, count), chance in found.items())


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "cold"])
@pytest.mark.parametrize("seed", range(4))
def test_it_never_takes_more_rounds_than_token_by_token(name, seed):
    target = ToyModel(3, seed=10 + seed, scale=1.2)
    draft = ToyModel(3, seed=20 + seed, scale=1.2, near=target, mix=0.2 * seed)
    options = options_of(name)
    one = rounds(block_law(target, draft, PROMPT, options))
    other = rounds(law(target, draft, PROMPT, replace(options, algorithm="speculative")))
    assert one <= other + 1e-12
    if options.gamma > 1 and options.draft == "sampled" and name != "stops":
        assert one < other - 1e-4


def test_a_block_of_one_token_is_the_speculative_test():
    options = replace(BLOCK, gamma=1)
    one = block_law(TARGET, DRAFT, PROMPT, options)
    other = law(TARGET, DRAFT, PROMPT, replace(options, algorithm="speculative"))
    assert one == pytest.approx(other, abs=1e-12)


class Coin(ToyModel):
    """Two tokens, the first with one probability in every context."""

    def __init__(self, first):
        super().__init__(2, 0)
        self.table[..., 0], self.table[..., 1] = float(np.log(first)), float(np.log1p(-first))


def test_the_example_of_the_paper():
    """Its first section: of two tokens 10/9 are accepted one by one, 11/9 as a block."""
    coins = Coin(1 / 3), Coin(2 / 3)
    options = replace(BLOCK, temperature=1.0, gamma=2, max_tokens=8)
    blocks = Blocks(*coins, [0], options)
    kept = sum(
        chance * run * stands
        for chance, block, columns in blocks.drafts((), 2)
        for run, (stands, _) in enumerate(block_ends(block, columns))
    )
    assert kept == pytest.approx(11 / 9, abs=1e-6)


def test_drafts_that_were_refused_are_not_drawn_again():
    """The second round of a text reads none of the numbers of the first."""
    options = replace(BLOCK, gamma=4, max_tokens=9, temperature=1.0)
    far = ToyModel(3, seed=9, scale=2.0)
    found = tally(options, pair=(TARGET, far))
    assert p_value(texts(found), target_law(TARGET, PROMPT, options)) > 1e-3


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_at_temperature_zero_it_is_greedy_speculation(draft):
    options = replace(BLOCK, temperature=0.0, max_tokens=12, draft=draft)
    ids = [f"s{i}" for i in range(20)]
    prompts = [[i % 3, i // 3 % 3] for i in range(20)]

    def outputs(rule):
        return decode(TARGET, DRAFT, prompts, ids, replace(options, algorithm=rule), 0)

    assert outputs("block") == outputs("speculative")
    alone = [one.token_ids for one in outputs("target")]
    assert [one.token_ids for one in outputs("block")] == alone


def test_a_draft_equal_to_the_target_is_always_kept():
    options = replace(BLOCK, max_tokens=12)
    ids = [f"s{i}" for i in range(50)]
    for one in decode(TARGET, TARGET, [PROMPT] * 50, ids, options, 0):
        assert (one.rounds, one.accepted) == (3, 9)


def test_neighbours_change_no_answer():
    options = DecodeOptions("block", temperature=0.8, top_p=1.0, max_tokens=14, gamma=4)
    ids = [f"s{i}" for i in range(16)]
    together = decode(TARGET, DRAFT, [PROMPT] * 16, ids, options, 0)
    assert decode(TARGET, DRAFT, [PROMPT] * 16, ids[::-1], options, 0)[::-1] == together
    assert decode(TARGET, DRAFT, [PROMPT], ids[4:5], options, 0) == together[4:5]
