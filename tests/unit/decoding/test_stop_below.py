"""A draft that is not sure of its next token stops, and decides so before the token is drawn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from counts import count
from enumerated_law import law, softmax, target_law, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from test_decode_law import BASE, DRAFT, PROMPT, TARGET, p_value, tally
from test_every_law import ALGORITHMS, OPTIONS, PENALTIES, fuzzy, outputs, shorter

from llmx.core.errors import ConfigError
from llmx.core.philox import Purpose, keys, uniforms
from llmx.decoding import DecodeOptions, decode, decode_refill, rounds
from llmx.decoding.brake import Brake
from llmx.decoding.toy import ToyModel
from llmx.decoding.verify import verify
from llmx.papers.fsd import observe
from llmx.papers.fsd.calibrate import achieved_share, calibrate, predict
from llmx.papers.fsd.divergence_log import Measure
from llmx.papers.fsd.observe import Text
from llmx.papers.fsd.replay import replay

BOUND = 0.57  # about half of the toy's contexts are under it, none within 0.006
LONG = {"max_tokens": 12, "gamma": 3}
STOPPED = {
    **{name: replace(one, stop_below=BOUND) for name, one in ALGORITHMS.items()},
    "hold": replace(OPTIONS["hold"], stop_below=BOUND),
    "budget": replace(OPTIONS["budget"], stop_below=BOUND),
    # Strong ones, and a bound that they move the toy's contexts over.
    "penalties": replace(OPTIONS["sd-penalties"], presence_penalty=1.5, stop_below=0.5),
    "top-p": replace(BASE, top_p=0.8, stop_below=BOUND),
    "target-first": replace(OPTIONS["target-first-union"], stop_below=BOUND),
    "greedy-union": replace(OPTIONS["greedy-union"], stop_below=BOUND),
    "eos": replace(BASE, eos_ids=(2,), gamma=3, max_tokens=5, stop_below=BOUND),
}


@pytest.mark.parametrize("gamma", [1, 3])
@pytest.mark.parametrize("draft", ["sampled", "greedy"])
@pytest.mark.parametrize("name", STOPPED)
def test_the_loop_follows_the_enumerated_law(name, draft, gamma):
    options = replace(STOPPED[name], draft=draft, gamma=gamma)
    options = shorter(options) if name in ("hold", "penalties") else options
    assert p_value(tally(options), law(TARGET, DRAFT, PROMPT, options)) > 1e-4


@pytest.mark.parametrize("extra", [{}, PENALTIES, {"top_k": 2}, {"first_block": "target"}])
@pytest.mark.parametrize("draft", ["sampled", "greedy"])
@pytest.mark.parametrize("bound", [0.4, BOUND, 0.75, 1.0])
def test_speculation_stays_lossless(bound, draft, extra):
    options = shorter(replace(BASE, gamma=3, draft=draft, stop_below=bound, **extra))
    wanted = target_law(TARGET, PROMPT, options)
    assert texts(law(TARGET, DRAFT, PROMPT, options)) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("semantics", ["research", "fallback", "union"])
def test_the_law_of_the_fuzzy_rule_depends_on_it(semantics):
    options = fuzzy(semantics=semantics)
    here, there = (
        texts(law(TARGET, DRAFT, PROMPT, replace(options, stop_below=bound)))
        for bound in (0.0, BOUND)
    )
    assert max(abs(here[text] - there.get(text, 0)) for text in here) > 1e-3


def certainty(context, options=BASE):
    return softmax(DRAFT.logits(np.array(context)).double().numpy()).max()


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_whether_to_stop_does_not_depend_on_what_is_drawn(draft):
    """All samples of a prompt stop at the first position, or none does."""
    for prompt in ([a, b] for a in range(3) for b in range(3)):
        options = replace(BASE, gamma=1, max_tokens=2, draft=draft, stop_below=BOUND)
        ids = [f"s{n}" for n in range(60)]
        found = {one.drafted for one in decode(TARGET, DRAFT, [prompt] * 60, ids, options, 0)}
        assert found == {int(certainty(prompt) >= BOUND)}


def test_at_the_bound_itself_it_goes_on():
    flat = ToyModel(4, seed=0, scale=0.0)
    for bound, drafted in ((0.25, 3), (0.2501, 0)):
        options = replace(BASE, gamma=3, max_tokens=4, stop_below=bound)
        (one,) = decode(flat, flat, [[0]], ["x"], options, 0)
        assert one.drafted == drafted


@pytest.mark.parametrize("name", STOPPED)
def test_a_bound_that_is_never_reached_changes_no_bit(name):
    options = replace(STOPPED[name], **LONG)
    assert outputs(replace(options, stop_below=1e-9)) == outputs(replace(options, stop_below=0.0))


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_draft_that_always_stops_leaves_the_target_alone(temperature):
    options = replace(BASE, stop_below=1.0, temperature=temperature, **LONG)
    alone = [one.token_ids for one in outputs(replace(options, algorithm="target"))]
    found = outputs(options)
    assert [one.token_ids for one in found] == alone
    assert {(one.rounds, one.drafted, one.accepted) for one in found} == {(12, 0, 0)}


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_greedy_speculation_is_the_greedy_target(draft):
    options = replace(BASE, temperature=0.0, stop_below=BOUND, draft=draft, **LONG)
    alone = outputs(replace(options, algorithm="target"))
    assert [one.token_ids for one in outputs(options)] == [one.token_ids for one in alone]


WIDE_TARGET = ToyModel(7, seed=3, scale=1.5)
WIDE_DRAFT = ToyModel(7, seed=4, scale=1.5, near=WIDE_TARGET, mix=0.6)
PROMPTS = [[n % 7, n * 3 % 7] for n in range(12)]
IDS = [f"s{n}" for n in range(12)]


@settings(max_examples=count(25, 500))
@given(
    st.sampled_from(sorted(STOPPED)),
    st.sampled_from([0.2, 0.4, 0.6]),
    st.integers(1, 6),
    st.integers(0, 99),
    st.permutations(range(12)),
)
def test_an_answer_does_not_depend_on_its_neighbours(name, bound, gamma, seed, order):
    """Where they stop ends the drafting of all: a row that has stopped must not notice."""
    options = replace(STOPPED[name], max_tokens=11, gamma=gamma, stop_below=bound)
    models = WIDE_TARGET, WIDE_DRAFT
    together = decode(*models, PROMPTS, IDS, options, seed)
    prompts, ids = [PROMPTS[at] for at in order], [IDS[at] for at in order]
    assert decode(*models, prompts, ids, options, seed) == [together[at] for at in order]
    assert decode_refill(*models, PROMPTS, IDS, options, seed, slots=5) == together
    at = order[0]
    assert decode(*models, PROMPTS[at : at + 1], IDS[at : at + 1], options, seed) == [together[at]]


class Counting(ToyModel):
    """Counts its forwards of one token: the steps of a draft after its first."""

    steps = 0

    def forward(self, tokens, start, cache):
        self.steps += tokens.shape[1] == 1
        return super().forward(tokens, start, cache)


@pytest.mark.parametrize(("bound", "steps"), [(1e-9, 3 * 3), (1.0, 0)])
def test_drafting_ends_when_every_row_has_stopped(bound, steps):
    draft = Counting(3, seed=2)
    options = replace(BASE, algorithm="fuzzy", threshold=np.inf, gamma=4, stop_below=bound)
    decode(TARGET, draft, [PROMPT] * 3, IDS[:3], replace(options, max_tokens=15), 0)
    assert draft.steps == steps


def test_the_target_sees_whole_blocks(monkeypatch):
    """Its shapes are those of a run without stops, whatever the drafts do."""
    seen = []

    def spy(lane, rows, proposal, options, valid):
        seen.append((proposal.tokens.shape[1], proposal.logits.shape[1]))
        return verify(lane, rows, proposal, options, valid)

    monkeypatch.setattr(rounds, "verify", spy)
    outputs(replace(BASE, gamma=4, max_tokens=30, stop_below=0.8), size=3)
    assert set(seen) == {(4, 4)}  # also near the cap, where no row has room for as many


def listed(draft, bound, target=None, **changes):
    """Positions that are fragile in every one of many texts: chance lists others here and there."""
    options = DecodeOptions("fuzzy", threshold=9.0, gamma=3, max_tokens=8, top_p=1.0)
    options = replace(options, stop_below=bound, **changes)
    ids = [f"s{n}" for n in range(20)]
    found = decode(target or draft, draft, [[0]] * 20, ids, options, 0)
    return sorted(set.intersection(*(set(one.fragile) for one in found)))


FLAT, SHARP = ToyModel(4, seed=0, scale=0.0), ToyModel(4, seed=1, scale=9.0)


def test_a_bound_within_rounding_is_listed_as_fragile():
    assert listed(FLAT, 0.26) == []
    assert listed(FLAT, 0.25 + 1e-5) == [0, 1, 2, 3, 4, 5, 6]  # nothing is drafted for the last
    assert listed(FLAT, 0.25 - 1e-5) == [0, 1, 2, 4, 5, 6]  # nor for the token after a block


def test_a_greedy_text_of_speculation_is_the_targets_wherever_the_draft_stops():
    near = {"bound": 0.25, "target": SHARP, "temperature": 0.0}
    assert listed(FLAT, algorithm="speculative", **near) == []
    assert listed(FLAT, **near) != []


def test_what_is_drafted_for_a_neighbour_makes_no_position_fragile():
    """At the cap a row drafts no more; a longer block beside it is nothing to it."""
    for place, name in enumerate(IDS):
        chance = float(uniforms(keys(0, [name]), 10, 1)[0, 0, Purpose.ACCEPT])
        options = replace(BASE, algorithm="random", threshold=chance, max_tokens=11, gamma=4)
        together = decode(WIDE_TARGET, WIDE_DRAFT, PROMPTS, IDS, options, 0)
        assert 10 not in together[place].fragile


def test_where_a_neighbour_may_still_stop_makes_no_position_fragile():
    options = replace(BASE, algorithm="random", threshold=0.5, max_tokens=11, gamma=4, top_p=1.0)
    options = replace(options, stop_below=0.25 - 1e-5)  # every position that may be drafted
    prompts = [[0]] * 12
    for name, one in zip(IDS, decode(FLAT, FLAT, prompts, IDS, options, 0), strict=True):
        assert 10 not in one.fragile and set(one.fragile) >= {0}
        assert decode(FLAT, FLAT, [[0]], [name], options, 0) == [one]


FUZZY = DecodeOptions("fuzzy", max_tokens=40, gamma=4, eos_ids=(11,), stop_below=0.3)
PAIR = (
    ToyModel(12, seed=0, scale=1.5),
    ToyModel(12, seed=1, scale=1.5, near=ToyModel(12, seed=0, scale=1.5), mix=0.7),
)
MANY = [[i % 12, i * 5 % 12, 3] for i in range(40)]
NAMES = [f"c{i}" for i in range(40)]


def test_replayed_blocks_stop_where_decoded_ones_do():
    log = replay(*PAIR, MANY, NAMES, FUZZY, 0, stride=1)
    outputs = decode(*PAIR, MANY, NAMES, replace(FUZZY, algorithm="speculative"), 0)
    assert 0 in log.valid and log.valid.max() == 4
    assert predict(log, -np.inf, "fallback") == pytest.approx(achieved_share(outputs), abs=0.05)
    whole = replay(*PAIR, MANY, NAMES, replace(FUZZY, stop_below=0.0), 0, stride=1)
    assert predict(whole, -np.inf, "fallback") > achieved_share(outputs) + 0.05


def test_a_log_holds_whole_blocks_and_counts_up_to_the_stop():
    outputs = decode(*PAIR, MANY, NAMES, replace(FUZZY, algorithm="speculative"), 0)
    written = [
        Text(n, p, o.token_ids, o.accepted) for n, p, o in zip(NAMES, MANY, outputs, strict=True)
    ]
    logs = [
        observe.observe(*PAIR, written, replace(FUZZY, stop_below=b), 0, [Measure("js")], 3)
        for b in (0.0, 0.3)
    ]
    np.testing.assert_array_equal(logs[0].divergence, logs[1].divergence)
    np.testing.assert_array_equal(logs[0].token, logs[1].token)
    assert (logs[1].valid <= logs[0].valid).all() and (logs[1].valid < logs[0].valid).any()


@pytest.mark.parametrize("algorithm", ["fuzzy", "random"])
def test_a_share_is_calibrated_with_the_stops(algorithm):
    options = replace(FUZZY, algorithm=algorithm)
    got = calibrate(*PAIR, MANY, NAMES, options, 0, 0.4)
    assert got.achieved == pytest.approx(0.4, abs=0.0101)


def test_a_brake_looks_at_temperature_one_with_nothing_cut_off():
    brake = Brake(0.5)
    brake.look(torch.tensor([[0.0, 0.1], [0.0, -0.1], [0.0, 0.0]]))
    brake.look(torch.tensor([[3.0, 0.1], [0.0, -0.1], [-40.0, 40.0]]))
    assert brake.seen[0] == pytest.approx([0.525, 0.525, 0.5], abs=1e-3)
    assert brake.stops(3).reach.tolist() == [3, 3, 3]


def test_without_a_bound_nothing_is_looked_at():
    brake = Brake(0.0)
    brake.look(torch.zeros(1, 3))
    assert brake.seen == [] and brake.stops(3) is None and not brake.holds(np.array([1]))


@pytest.mark.parametrize("bound", [-0.1, 1.1, float("nan")])
def test_a_bound_is_a_probability(bound):
    with pytest.raises(ConfigError, match="stop_below is a number in"):
        replace(BASE, stop_below=bound)
