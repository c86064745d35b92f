"""Limits, edges and invariances of the loop."""

from dataclasses import replace
from math import ceil, inf

import pytest
import torch
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_step import Scripted

from llmx.core.errors import ConfigError, EngineError, LlmxError
from llmx.decoding import DecodeOptions, decode, decode_refill
from llmx.decoding.toy import ToyModel
from llmx.papers.fsd.divergence import divergence

TARGET = ToyModel(7, seed=3, scale=1.5)
DRAFT = ToyModel(7, seed=4, scale=1.5, near=TARGET, mix=0.6)
PROMPTS = [[1, 2, 3], [4], [5, 6], [0, 0, 1, 2, 5], [3, 3]]
IDS = ["a", "b", "c", "d", "e"]
BASE = DecodeOptions("speculative", max_tokens=23, gamma=4)
ALGORITHMS = {
    "target": replace(BASE, algorithm="target"),
    "draft": replace(BASE, algorithm="draft"),
    "speculative": BASE,
    "greedy": replace(BASE, temperature=0),
    "research": replace(BASE, algorithm="fuzzy", threshold=0.05),
    "fallback": replace(BASE, algorithm="fuzzy", threshold=0.05, semantics="fallback"),
    "random": replace(BASE, algorithm="random", threshold=0.5),
}


def run(options, prompts=PROMPTS, ids=IDS, target=TARGET, draft=DRAFT, seed=0, stop=None):
    return decode(target, draft, prompts, ids, options, seed, stop)


def test_fallback_at_minus_infinity_is_speculative_to_the_bit():
    fallback = replace(BASE, algorithm="fuzzy", semantics="fallback", threshold=-inf)
    assert run(fallback) == run(BASE)


def test_research_below_zero_takes_one_target_token_a_round():
    for one in run(replace(ALGORITHMS["research"], threshold=-1.0)):
        assert (one.rounds, one.accepted) == (23, 0)


@pytest.mark.parametrize("semantics", ["research", "fallback"])
@pytest.mark.parametrize("gamma", [1, 4, 30])
def test_research_at_infinity_emits_gamma_and_one_a_round(semantics, gamma):
    options = replace(ALGORITHMS["research"], threshold=inf, gamma=gamma, semantics=semantics)
    for one in run(options):
        assert one.rounds == ceil(23 / (gamma + 1))
        assert one.accepted == one.drafted == 23 - one.rounds


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_a_draft_that_is_the_target(draft):
    for one in run(replace(BASE, draft=draft, top_p=1.0, temperature=1.0), draft=TARGET):
        if draft == "sampled":
            assert one.accepted == one.drafted
        assert len(one.token_ids) == 23
    zero = replace(ALGORITHMS["research"], threshold=0.0)
    assert all(one.accepted == one.drafted for one in run(zero, draft=TARGET))


@pytest.mark.parametrize("setting", [{}, {"draft": "greedy"}, {"gamma": 1}, {"top_p": 0.5}])
def test_greedy_speculative_is_greedy_target(setting):
    options = replace(BASE, temperature=0, **setting)
    alone = run(replace(options, algorithm="target"))
    assert [one.token_ids for one in run(options)] == [one.token_ids for one in alone]


def test_greedy_research_emits_arg_max_on_rejection():
    options = replace(ALGORITHMS["research"], temperature=0, threshold=-1.0)
    alone = run(replace(BASE, algorithm="target", temperature=0))
    assert [one.token_ids for one in run(options)] == [one.token_ids for one in alone]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_order_and_company_of_a_row_change_nothing(name):
    options = replace(ALGORITHMS[name], eos_ids=(6,))
    whole = dict(zip(IDS, run(options), strict=True))
    order = [3, 0, 4]
    some = run(options, [PROMPTS[i] for i in order], [IDS[i] for i in order])
    assert some == [whole[IDS[i]] for i in order]
    assert run(options, PROMPTS[1:2], IDS[1:2]) == [whole["b"]]


@pytest.mark.parametrize("slots", [1, 2, 9])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_refilled_slots_give_the_same_texts(name, slots):
    options = replace(ALGORITHMS[name], eos_ids=(6,))
    got = decode_refill(TARGET, DRAFT, PROMPTS, IDS, options, 0, slots=slots)
    assert got == run(options)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_seed_and_id_decide_the_draws(name):
    options = ALGORITHMS[name]
    twins = run(options, [[1, 2]] * 2, ["x", "x"])
    assert twins[0] == twins[1]
    if options.temperature > 0:
        assert run(options)[0] != run(options, seed=1)[0]


# name: (draft's text, target's text, option changes, expected)
EDGES = {
    "accepted EOS in a block": ([2, 9, 3], [2, 9, 3], {}, ((2, 9), "eos", 1, 2, 2)),
    "accepted EOS ends a block": ([2, 3, 9], [2, 3, 9], {}, ((2, 3, 9), "eos", 1, 3, 3)),
    "EOS at once": ([9], [9], {}, ((9,), "eos", 1, 1, 1)),
    "EOS as bonus": ([2, 3, 4, 9], [2, 3, 4, 9], {}, ((2, 3, 4, 9), "eos", 1, 3, 3)),
    "EOS as replacement": ([2, 3], [2, 9], {}, ((2, 9), "eos", 1, 3, 1)),
    "rejected EOS": ([2, 9, 3], [2, 3, 9], {}, ((2, 3, 9), "eos", 2, 5, 1)),
    "one token": ([2], [2], {"max_tokens": 1}, ((2,), "length", 1, 0, 0)),
    "block fills the cap": ([2] * 9, [2] * 9, {"max_tokens": 4}, ((2,) * 4, "length", 1, 3, 3)),
    "cap after a block": ([2] * 9, [2] * 9, {"max_tokens": 5}, ((2,) * 5, "length", 2, 3, 3)),
    "block is cut": ([2] * 9, [2] * 9, {"max_tokens": 7}, ((2,) * 7, "length", 2, 5, 5)),
    "EOS at the cap": (
        [2, 3, 4, 9],
        [2, 3, 4, 9],
        {"max_tokens": 4},
        ((2, 3, 4, 9), "eos", 1, 3, 3),
    ),
    "rejected under the cap": ([5, 5], [2, 3], {"max_tokens": 2}, ((2, 3), "length", 2, 1, 0)),
    "target first": (
        [2, 3, 4, 9],
        [2, 3, 4, 9],
        {"first_block": "target"},
        ((2, 3, 4, 9), "eos", 2, 3, 3),
    ),
    "two EOS tokens": ([2, 8, 9], [2, 8, 9], {"eos_ids": (8, 9)}, ((2, 8), "eos", 1, 2, 2)),
}


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("name", EDGES)
def test_ends_of_an_output(name, temperature):
    drafts, targets, changes, expected = EDGES[name]
    changes = {"max_tokens": 20, "eos_ids": (9,), **changes}
    options = replace(BASE, gamma=3, temperature=temperature, **changes)
    (one,) = run(options, [[1]], ["x"], Scripted(targets), Scripted(drafts))
    assert (one.token_ids, one.finish, one.rounds, one.drafted, one.accepted) == expected


STOPS = {
    "inside a block": ([2, 3, 4, 5], [2, 3], 1, 2),
    "at the first token": ([3, 4, 5], [3], 1, 1),
    "at the bonus": ([2, 5, 4, 3], [2, 5, 4, 3], 1, 3),
    "in the second block": ([2, 5, 4, 6, 3], [2, 5, 4, 6, 3], 2, 4),
}


@pytest.mark.parametrize("name", STOPS)
def test_stop_cuts_at_the_token_that_completes_it(name):
    text, kept, rounds, accepted = STOPS[name]
    options = replace(BASE, gamma=3, temperature=0, eos_ids=(9,))
    stop = lambda output: output[-1] == 3  # noqa: E731
    (one,) = run(options, [[1]], ["x"], Scripted(text), Scripted(text), stop=stop)
    assert (one.token_ids, one.finish) == (tuple(kept), "stop")
    assert (one.rounds, one.accepted) == (rounds, accepted)


def test_an_eos_goes_before_a_stop():
    options = replace(BASE, temperature=0, eos_ids=(9,))
    model = Scripted([2, 9])
    (one,) = run(options, [[1]], ["x"], model, model, stop=lambda output: output[-1] == 9)
    assert one.finish == "eos"


def test_one_token_vocabulary():
    model = ToyModel(1, seed=0)
    for options in ALGORITHMS.values():
        (one,) = run(options, [[0]], ["x"], model, model)
        assert one.token_ids == (0,) * 23 and one.fragile == ()


def test_nan_is_never_accepted():
    broken = Scripted([2, 3], height=float("nan"))
    options = replace(ALGORITHMS["research"], threshold=inf)
    (one,) = run(options, [[1]], ["x"], Scripted([2, 3]), broken)
    assert one.accepted == 0


def test_padded_vocabularies_share_the_smaller():
    padded = ToyModel(9, seed=5)
    narrow = ToyModel(7, seed=6)
    for options in ALGORITHMS.values():
        outputs = run(options, [[1, 2]] * 40, [str(i) for i in range(40)], padded, narrow)
        assert max(token for one in outputs for token in one.token_ids) < 7


def test_counters_add_up():
    for name in ("speculative", "research", "fallback", "random"):
        for one in run(ALGORITHMS[name]):
            assert one.accepted + one.rounds == len(one.token_ids) == 23
            assert one.accepted <= one.drafted <= 4 * one.rounds
    for one in run(ALGORITHMS["draft"]):
        assert one.rounds == 0 and one.accepted == len(one.token_ids)


def test_fragile_marks_ties_and_nothing_else():
    tie = Scripted([2, 3, 4], height=0.0)
    (one,) = run(replace(BASE, temperature=0, algorithm="target", max_tokens=3), [[1]], ["x"], tie)
    assert one.fragile == (0, 1, 2)
    (one,) = run(replace(BASE, temperature=0), [[1]], ["x"], Scripted([2, 3]), Scripted([2, 3]))
    assert one.fragile == ()


def test_fragile_marks_a_divergence_on_the_threshold():
    pair = Scripted([2] * 9, height=2.0), Scripted([2] * 9, height=1.0)
    where = torch.zeros(1, 1, dtype=torch.int64)
    d = float(divergence("js", *(model.forward(where, where[0], None) for model in pair)))
    options = replace(BASE, algorithm="fuzzy", temperature=0, gamma=3, max_tokens=8)
    near, far = (
        run(replace(options, threshold=d + shift), [[1]], ["x"], *pair)[0] for shift in (1e-6, 1e-2)
    )
    assert near.fragile == (0, 1, 2, 4, 5, 6) and far.fragile == ()


@settings(max_examples=count(40, 500))
@given(
    gamma=st.integers(1, 6),
    most=st.integers(1, 12),
    temperature=st.sampled_from([0.0, 0.5, 1.0]),
    name=st.sampled_from(sorted(ALGORITHMS)),
    greedy=st.booleans(),
    seed=st.integers(0, 10),
)
def test_every_output_ends_properly(gamma, most, temperature, name, greedy, seed):
    options = replace(
        ALGORITHMS[name],
        gamma=gamma,
        max_tokens=most,
        temperature=temperature,
        eos_ids=(0,),
        draft="greedy" if greedy else "sampled",
    )
    for one in run(options, seed=seed):
        body, last = one.token_ids[:-1], one.token_ids[-1]
        assert 0 not in body and len(one.token_ids) <= most
        assert one.finish == ("eos" if last == 0 else "length")
        assert one.finish == "eos" or len(one.token_ids) == most


BAD = {
    "no draft": (lambda: decode(TARGET, None, [[1]], ["x"], BASE, 0), EngineError, "draft"),
    "no target": (lambda: decode(None, DRAFT, [[1]], ["x"], BASE, 0), EngineError, "target"),
    "empty prompt": (lambda: run(BASE, [[1], []], ["x", "y"]), EngineError, "'y'"),
    "ids missing": (lambda: run(BASE, [[1], [2]], ["x"]), EngineError, "2 prompts"),
    "top_p": (lambda: replace(BASE, top_p=0.0), ConfigError, "top_p"),
    "temperature": (lambda: replace(BASE, temperature=-1.0), ConfigError, "temperature"),
    "NaN threshold": (lambda: replace(BASE, threshold=float("nan")), ConfigError, "threshold"),
    "chance": (
        lambda: replace(BASE, algorithm="random", threshold=1.5),
        ConfigError,
        "probability",
    ),
    "gamma": (lambda: replace(BASE, gamma=0), ConfigError, "gamma"),
    "max_tokens": (lambda: replace(BASE, max_tokens=0), ConfigError, "max_tokens"),
    "top_k": (lambda: replace(BASE, top_k=-1), ConfigError, "top_k"),
}


@pytest.mark.parametrize("name", BAD)
def test_mistakes_are_told(name):
    call, kind, word = BAD[name]
    with pytest.raises(LlmxError) as caught:
        call()
    assert isinstance(caught.value, kind) and word in str(caught.value)


def test_nothing_to_decode():
    assert run(BASE, [], []) == []


@pytest.mark.parametrize("name", ["js", "ag", "kl", "kl_reversed", "tv", "draft_token"])
@pytest.mark.parametrize("semantics", ["research", "fallback", "union"])
def test_where_kernels_are_the_loop_decides_the_same(monkeypatch, name, semantics):
    """On CUDA divergences come from the fused kernels; their reference stands in for them here."""
    options = DecodeOptions(
        "fuzzy", semantics=semantics, divergence=name, threshold=0.1, gamma=3, max_tokens=12
    )
    target, draft = ToyModel(6, seed=1), ToyModel(6, seed=2, near=ToyModel(6, seed=1), mix=0.4)
    given = (target, draft, [[0, 1]] * 24, [f"s{n}" for n in range(24)], options, 0)
    plain, asked = decode(*given), []
    monkeypatch.setattr("llmx.kernels.fuses", lambda device: asked.append(device) or True)
    assert [one.token_ids for one in decode(*given)] == [one.token_ids for one in plain]
    assert asked
