"""Every rule follows the enumerated law over compiled models too: their own drafts and numbers."""

from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from counts import some
from enumerated_law import distance, law, softmax, target_law, texts
from llama_folders import Tiny, write_llama
from test_decode_law import BASE, p_value, tally
from test_every_law import ALGORITHMS, DRAFTS, GAMMAS, OPTIONS, shorter

from llmx.decoding.api import is_exact
from llmx.decoding.block_model import reads
from llmx.engines.native.model import NativeLlama

V = 3
PROMPT = [1]  # of one token: a longer one is written row by row
TINY = Tiny(
    hidden_size=16,
    num_attention_heads=1,
    num_key_value_heads=1,
    head_dim=8,
    intermediate_size=16,
    num_hidden_layers=1,
    vocab_size=V,
)


class Enumerated(NativeLlama):
    """A compiled model that also says the logits after a whole context."""

    @cache  # noqa: B019
    def after(self, context):
        text = torch.tensor([context])
        zero = torch.zeros(1, dtype=torch.int64)
        return self.forward(text, zero, self.new_cache(1, len(context)))[0, -1]

    def logits(self, context):
        return self.after(tuple(context.tolist()))


@cache
def model(seed, layers=1):
    with TemporaryDirectory() as folder:
        tiny = replace(TINY, num_hidden_layers=layers)
        return Enumerated.load("tiny", write_llama(Path(folder), tiny, seed, scale=0.8))


def pair():
    return model(5), model(9)


def counted(options):
    return tally(options, pair=pair(), prompt=PROMPT)


def contexts():
    return [np.array((*PROMPT, *more)) for n in range(3) for more in product(range(V), repeat=n)]


def middle(options):
    """A threshold between those of half of the contexts and the others."""
    rows = [[softmax(m.logits(c).double().numpy()) for m in pair()] for c in contexts()]
    found = sorted(distance(p, q, int(q.argmax()), options) for p, q in rows)
    at = len(found) // 2
    return (found[at - 1] + found[at]) / 2


def settled(options):
    """Thresholds of the toy's contexts are not those of ours; those that are round stay."""
    moved = options.algorithm == "fuzzy" and options.threshold < 1
    options = replace(options, threshold=middle(options)) if moved else options
    return options if options.budget == np.inf else replace(options, budget=0.25)


MORE = {
    "eos": replace(BASE, eos_ids=(2,), gamma=3, max_tokens=5),
    "eos-research": replace(ALGORITHMS["research"], eos_ids=(2,), gamma=3, max_tokens=5),
    "top-p": replace(BASE, top_p=0.8),
    "top-p-and-k": replace(ALGORITHMS["fallback"], top_p=0.85, top_k=2),
    "greedy": replace(BASE, temperature=0.0),
    "greedy-research": replace(ALGORITHMS["research"], temperature=0.0),
    "target-first": replace(ALGORITHMS["research"], first_block="target"),
    "floor-and-strict": replace(OPTIONS["floor"], strict_ids=(1,), strict_scale=0.5),
    **{
        f"stop-{name}": replace(one, stop_below=0.5)
        for name, one in {**ALGORITHMS, "eos": replace(BASE, eos_ids=(2,))}.items()
    },
}
CASES = {
    **{
        f"{name}-{draft}-{gamma}": replace(one, draft=draft, gamma=gamma)
        for name, one in ALGORITHMS.items()
        for draft in DRAFTS
        for gamma in GAMMAS
    },
    **{
        f"{name}-{draft}": shorter(replace(one, draft=draft))
        for name, one in {**OPTIONS, **MORE}.items()
        for draft in ("sampled", "greedy")
        if "penalties" not in name
    },
}


def test_the_pair_drafts_and_reads_by_itself():
    """Otherwise the loop of the torch models would be tested here once more."""
    assert is_exact(*pair())
    assert sum(reads(settled(one)) for one in CASES.values()) > 80


@pytest.mark.parametrize("name", some(sorted(CASES), 14))
def test_the_loop_follows_the_enumerated_law(name):
    options = settled(CASES[name])
    wanted = law(*pair(), PROMPT, options)
    assert p_value(counted(options), wanted) > 1e-4


SMALL = 0.02


@pytest.mark.parametrize("other", ["fallback", "random", "sd", "union"])
def test_the_laws_of_the_rules_are_told_apart(other):
    here, there = (settled(ALGORITHMS[name]) for name in ("research", other))
    counts = counted(here)
    assert p_value(counts, law(*pair(), PROMPT, there)) < 1e-6


@pytest.mark.parametrize("extra", [{}, {"top_k": 2}, {"top_p": 0.8}, {"stop_below": 0.5}])
@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_speculation_over_them_is_lossless(draft, extra):
    options = replace(BASE, draft=draft, **extra)
    found, wanted = texts(law(*pair(), PROMPT, options)), target_law(model(5), PROMPT, options)
    assert found == pytest.approx(wanted, abs=1e-12)
    other = target_law(model(9), PROMPT, options)
    assert max(abs(wanted.get(text, 0) - chance) for text, chance in other.items()) > SMALL


@pytest.mark.parametrize("place", [0, 1])
def test_a_model_alone_follows_its_own_law(place):
    options = replace(BASE, algorithm=("target", "draft")[place])
    counts = texts(counted(options))
    assert p_value(counts, target_law(pair()[place], PROMPT, options)) > 1e-3


def test_some_drafts_stop_and_some_do_not():
    sure = [softmax(model(9).logits(c).double().numpy()).max() for c in contexts()]
    assert 3 <= sum(one < 0.5 for one in sure) <= 10
    assert min(abs(one - 0.5) for one in sure) > 1e-3
