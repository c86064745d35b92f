"""Every semantics × draft regime × γ, and every option, follows the enumerated law.

Exact first: where nothing is random but the accept test's uniform, the loop's own outputs over a
grid of seeds could only sample the law, so the laws are compared by chi-square over many ids; what
can be said exactly (which laws are equal, which are not) is said by enumeration alone.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from enumerated_law import RULES, distance, law, softmax, target_law, texts
from test_decode_law import BASE, DRAFT, PROMPT, TARGET, p_value, tally

from llmx.decoding import DecodeOptions, decode

GAMMAS = (1, 2, 3)
DRAFTS = ("sampled", "greedy", "greedy_soft")


def middle(options):
    """A threshold that about half of the contexts and drafted tokens are under."""
    near = [
        distance(p, q, int(q.argmax()), options)
        for k, s in product(range(3), range(9))
        for p, q in [[softmax(m.table[k, s].double().numpy()) for m in (TARGET, DRAFT)]]
    ]
    # Between two of them: at one, rounding would decide.
    return float(np.median(near[:-1]))


def fuzzy(**settings):
    options = replace(BASE, algorithm="fuzzy", **settings)
    return replace(options, threshold=middle(options))


ALGORITHMS = {
    "sd": BASE,
    "research": fuzzy(),
    "fallback": fuzzy(semantics="fallback"),
    "union": fuzzy(semantics="union"),
    "random": replace(BASE, algorithm="random", threshold=0.4),
    "ensemble": replace(BASE, algorithm="ensemble", ensemble_weight=0.4),
}
OPTIONS = {
    **{f"divergence-{name}": fuzzy(divergence=name) for name in (*RULES, "draft_token")},
    "top-1-and-rest": fuzzy(divergence_top_k=1, divergence="kl"),
    "draft-token-and-rest": fuzzy(divergence_top_k=1, divergence="draft_token", draft="sampled"),
    "warped": replace(fuzzy(divergence_on="warped"), threshold=0.08),
    "warped-nucleus": replace(fuzzy(divergence_on="warped"), threshold=0.1, top_p=0.8),
    "warped-fallback": replace(fuzzy(divergence_on="warped", semantics="fallback"), threshold=0.05),
    "floor": fuzzy(floor=0.3),
    "floor-fallback": fuzzy(floor=0.3, semantics="fallback"),
    "strict": replace(fuzzy(), strict_ids=(1,), threshold=10.0),
    "strict-half": replace(fuzzy(), strict_ids=(1, 2), strict_scale=0.5),
    "budget": replace(fuzzy(), threshold=10.0, budget=0.15),
    "budget-fallback": replace(fuzzy(semantics="fallback"), threshold=10.0, budget=0.15),
    "budget-union": replace(fuzzy(semantics="union"), threshold=10.0, budget=0.1),
    "hold": replace(fuzzy(), hold_share=0.5, hold_gain=2.0),
    "penalties": replace(
        fuzzy(), repetition_penalty=1.4, presence_penalty=0.3, frequency_penalty=0.2
    ),
    "sd-penalties": replace(
        BASE, repetition_penalty=1.4, presence_penalty=0.3, frequency_penalty=0.2
    ),
    "top-k": replace(fuzzy(), top_k=2),
    "target-first-union": replace(fuzzy(semantics="union"), first_block="target"),
    "greedy-union": replace(fuzzy(semantics="union"), temperature=0.0),
    "greedy-fallback": replace(fuzzy(semantics="fallback"), temperature=0.0),
}


def shorter(options):
    """Penalties and warping make the tree wide; a threshold needs rounds to move."""
    return replace(options, max_tokens=3 if options.hold_share is None else 6)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_rule_with_every_draft_and_block(name, draft, gamma):
    options = replace(ALGORITHMS[name], draft=draft, gamma=gamma)
    assert p_value(tally(options), law(TARGET, DRAFT, PROMPT, options)) > 1e-4


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
@pytest.mark.parametrize("name", OPTIONS)
def test_every_option(name, draft):
    options = shorter(replace(OPTIONS[name], draft=draft))
    assert p_value(tally(options), law(TARGET, DRAFT, PROMPT, options)) > 1e-4


# The divergences rank the few contexts of a toy alike; test_divergence tells them apart.
TELLING = [
    *("draft-token-and-rest", "warped-nucleus", "floor", "floor-fallback", "strict", "strict-half"),
    *("budget", "budget-fallback", "budget-union", "hold", "penalties", "target-first-union"),
]


@pytest.mark.parametrize("name", TELLING)
def test_an_option_changes_the_law(name):
    """Otherwise the test above could not fail for it."""
    options = shorter(OPTIONS[name])
    plain = replace(
        shorter(DecodeOptions("fuzzy")),
        temperature=options.temperature,
        top_p=1.0,
        gamma=2,
        max_tokens=options.max_tokens,
        semantics=options.semantics,
        threshold=middle(BASE),
    )
    here, there = (texts(law(TARGET, DRAFT, PROMPT, o)) for o in (options, plain))
    keys = here.keys() | there.keys()
    assert max(abs(here.get(k, 0) - there.get(k, 0)) for k in keys) > 1e-4


LOSSLESS = {"sampled": {}, "greedy": {"draft": "greedy"}}
PENALTIES = {"repetition_penalty": 1.4, "presence_penalty": 0.3, "frequency_penalty": 0.2}


@pytest.mark.parametrize("extra", [{}, PENALTIES, {"top_k": 2}, {"first_block": "target"}])
@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("draft", LOSSLESS)
def test_speculation_is_lossless(draft, gamma, extra):
    options = shorter(replace(BASE, gamma=gamma, **LOSSLESS[draft], **extra))
    wanted = target_law(TARGET, PROMPT, options)
    assert texts(law(TARGET, DRAFT, PROMPT, options)) == pytest.approx(wanted, abs=1e-12)


def test_a_soft_q_for_a_greedy_draft_is_not_lossless():
    options = shorter(replace(BASE, draft="greedy_soft"))
    wanted = target_law(TARGET, PROMPT, options)
    found = texts(law(TARGET, DRAFT, PROMPT, options))
    assert max(abs(found.get(text, 0) - wanted[text]) for text in wanted) > 0.01


@pytest.mark.parametrize("weight", [0.25, 0.7])
def test_ensemble_follows_the_mixture_where_it_drafts(weight):
    options = replace(BASE, algorithm="ensemble", ensemble_weight=weight, max_tokens=2, gamma=1)
    found = texts(law(TARGET, DRAFT, PROMPT, options))
    first = [sum(chance for text, chance in found.items() if text[0] == t) for t in range(3)]
    context = np.array(PROMPT)
    p, q = (softmax(m.logits(context).double().numpy() / 0.8) for m in (TARGET, DRAFT))
    assert first == pytest.approx(list(weight * p + (1 - weight) * q), abs=1e-6)


def outputs(options, seed=3, size=200):
    return decode(TARGET, DRAFT, [PROMPT] * size, [f"s{i}" for i in range(size)], options, seed)


LONG = {"max_tokens": 12, "gamma": 3}


@pytest.mark.parametrize("draft", DRAFTS)
def test_fallback_without_a_threshold_is_speculation_bit_by_bit(draft):
    options = replace(BASE, draft=draft, **LONG)
    fallback = replace(options, algorithm="fuzzy", semantics="fallback", threshold=-np.inf)
    assert outputs(fallback) == outputs(options)


@pytest.mark.parametrize("draft", DRAFTS)
def test_ensemble_of_the_target_alone_is_speculation_bit_by_bit(draft):
    options = replace(BASE, draft=draft, **LONG)
    assert outputs(replace(options, algorithm="ensemble")) == outputs(options)


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("semantics", ["research", "fallback", "union"])
def test_an_infinite_threshold_keeps_every_draft(semantics, draft):
    options = fuzzy(semantics=semantics, draft=draft, **LONG)
    for one in outputs(replace(options, threshold=np.inf)):
        assert (one.rounds, one.accepted) == (3, 9)


def test_a_negative_threshold_emits_one_target_token_a_round():
    found = outputs(replace(fuzzy(**LONG), threshold=-1.0))
    assert all(one.rounds == 12 and one.accepted == 0 for one in found)


def test_greedy_union_with_a_negative_threshold_is_the_greedy_target():
    options = replace(BASE, temperature=0.0, **LONG)
    union = replace(options, algorithm="fuzzy", semantics="union", threshold=-1.0)
    alone = outputs(replace(options, algorithm="target"))
    assert [o.token_ids for o in outputs(union)] == [o.token_ids for o in alone]


@pytest.mark.parametrize("name", ["js", "ag", "kl", "kl_reversed", "tv", "draft_token"])
def test_a_draft_equal_to_the_target_is_always_kept(name):
    options = replace(BASE, algorithm="fuzzy", divergence=name, threshold=1e-6, **LONG)
    size = 20
    ids = [f"s{i}" for i in range(size)]
    for one in decode(TARGET, TARGET, [PROMPT] * size, ids, options, 0):
        assert (one.rounds, one.accepted) == (3, 9)


STATEFUL = ("budget", "hold", "penalties", "strict-half", "warped", "top-1-and-rest", "floor")


@pytest.mark.parametrize("name", STATEFUL)
def test_an_answer_does_not_depend_on_its_neighbours(name):
    options = replace(OPTIONS[name], **LONG)
    ids = [f"s{i}" for i in range(16)]
    together = decode(TARGET, DRAFT, [PROMPT] * 16, ids, options, 0)
    backwards = decode(TARGET, DRAFT, [PROMPT] * 16, ids[::-1], options, 0)
    assert backwards[::-1] == together
    assert decode(TARGET, DRAFT, [PROMPT], ids[4:5], options, 0) == together[4:5]
