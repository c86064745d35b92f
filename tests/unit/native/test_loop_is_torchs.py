"""The compiled drafts and numbers decide as the torch loop does over the same logits."""

from dataclasses import replace
from functools import cache

import pytest
from counts import some

from llmx.decoding import DecodeOptions, decode
from llmx.decoding.api import is_exact
from llmx.engines.native.model import NativeLlama
from llmx.engines.size import ZOO

BASE = DecodeOptions("speculative", temperature=0.8, top_p=1.0, max_tokens=24, gamma=4)
FUZZY = replace(BASE, algorithm="fuzzy", threshold=0.12)
RULES = {
    "target": replace(BASE, algorithm="target", top_p=0.9),
    "draft": replace(BASE, algorithm="draft"),
    "sd": BASE,
    "sd-top-k": replace(BASE, top_k=20),
    "sd-nucleus": replace(BASE, top_p=0.9, temperature=1.2),
    "sd-greedy": replace(BASE, temperature=0.0),
    "block": replace(BASE, algorithm="block"),
    "block-nucleus": replace(BASE, algorithm="block", top_p=0.9, temperature=1.2),
    "block-greedy": replace(BASE, algorithm="block", temperature=0.0),
    "typical": replace(BASE, algorithm="typical", threshold=0.09),
    "typical-nucleus": replace(BASE, algorithm="typical", threshold=0.4, top_p=0.9),
    "fly": replace(BASE, algorithm="fly", threshold=0.3, window=2),
    "fly-nucleus": replace(BASE, algorithm="fly", threshold=0.2, window=1, top_p=0.9),
    "fly-greedy": replace(BASE, algorithm="fly", threshold=0.2, window=1, temperature=0.0),
    "cascade": replace(BASE, algorithm="cascade", threshold=0.4),
    "cascade-nucleus": replace(BASE, algorithm="cascade", threshold=0.2, top_p=0.9),
    "cascade-greedy": replace(BASE, algorithm="cascade", threshold=0.4, temperature=0.0),
    "cascade-token": replace(BASE, algorithm="cascade", threshold=0.6, deferral="token_v3"),
    "cascade-token-greedy": replace(
        BASE, algorithm="cascade", threshold=0.6, deferral="token_v3", temperature=0.0
    ),
    "research": FUZZY,
    "fallback": replace(FUZZY, semantics="fallback"),
    "union": replace(FUZZY, semantics="union"),
    **{f"by-{name}": replace(FUZZY, divergence=name) for name in ("ag", "kl", "kl_reversed", "tv")},
    "by-token": replace(FUZZY, divergence="draft_token"),
    "greedy-research": replace(FUZZY, temperature=0.0),
    "greedy-fallback": replace(FUZZY, temperature=0.0, semantics="fallback"),
    "random": replace(BASE, algorithm="random", threshold=0.6),
    "ensemble": replace(BASE, algorithm="ensemble", ensemble_weight=0.4),
    "floor": replace(FUZZY, floor=0.2, threshold=1.0),
    "strict": replace(FUZZY, strict_ids=tuple(range(20, 400)), strict_scale=0.2),
    "budget": replace(FUZZY, budget=0.5, threshold=1.0),
    "hold": replace(FUZZY, hold_share=0.6),
    "warped": replace(FUZZY, divergence_on="warped"),
    "penalties": replace(FUZZY, repetition_penalty=1.3),
    "target-first": replace(FUZZY, first_block="target"),
}
MANNERS = {
    "": {},
    "-greedy": {"draft": "greedy"},
    "-soft": {"draft": "greedy_soft"},
    "-stop": {"stop_below": 0.5},
    "-eos": {"eos_ids": (2, 17, 30), "gamma": 7},
}
CASES = {
    rule + manner: replace(options, **MANNERS[manner])
    for rule, options in RULES.items()
    for manner in MANNERS
}
IDS = [f"s{n}" for n in range(6)]
PROMPTS = [[1, *range(300 + n, 310 + 3 * n)] for n in range(6)]


class Stepped:
    """A compiled forward as any step model: the loop then drafts and reads by itself."""

    def __init__(self, model):
        self.vocab_size, self.device = model.vocab_size, model.device
        self.new_cache, self.forward, self.prefill = model.new_cache, model.forward, model.prefill


@cache
def pair():
    names = ("gsm_target", "gsm_draft")
    return tuple(NativeLlama.load(name, ZOO / name) for name in names)


def test_the_wrapped_models_draft_no_blocks():
    assert is_exact(*pair()) and not is_exact(*map(Stepped, pair()))


@pytest.mark.parametrize("name", some(list(CASES), 18))
def test_records_are_equal_but_for_fragile_places(name):
    options = CASES[name]
    compiled = decode(*pair(), PROMPTS, IDS, options, 0)
    stepped = decode(*map(Stepped, pair()), PROMPTS, IDS, options, 0)
    equal = [one == other for one, other in zip(compiled, stepped, strict=True)]
    for one, other in zip(compiled, stepped, strict=True):
        safe = min((*one.fragile, *other.fragile, options.max_tokens))
        assert one.token_ids[:safe] == other.token_ids[:safe]
        if one.token_ids == other.token_ids and not (one.fragile or other.fragile):
            assert one == other
    assert sum(equal) >= 4


def test_records_hold_what_they_are_compared_by():
    """Rejections, whole blocks, ends by an EOS and by the cap: all of them come up."""
    found = [one for n in ("sd", "sd-eos") for one in decode(*pair(), PROMPTS, IDS, CASES[n], 0)]
    assert {one.finish for one in found} == {"eos", "length"}
    assert all(0 < one.accepted < one.drafted for one in found if len(one.token_ids) > 9)
