"""Over block models an answer is a function of its own prompt, whoever shares its batch."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from native_folders import V, native_pair, needs_compiler
from samplers import EXTRAS, SAMPLERS

from llmx.decoding import DecodeOptions, decode
from llmx.decoding.api import decode_all, decode_refill, decode_stream
from llmx.decoding.stateful_rule import ThresholdState

pytestmark = needs_compiler


@dataclass(frozen=True)
class Case:
    """Prompts and how they are decoded."""

    seed: int
    options: DecodeOptions
    prompts: list[list[int]]
    first: list[int]
    word: int | None

    @property
    def ids(self) -> list[str]:
        return [f"s{at}" for at in range(len(self.prompts))]

    @property
    def pair(self):
        return native_pair(self.seed)

    def stop(self):
        """Return a test for a word of one token, which may come early."""
        return None if self.word is None else lambda ids: self.word in ids

    def alone(self):
        """Decode each prompt by itself."""
        one = zip(self.prompts, self.ids, self.first, strict=True)
        return [
            decode(*self.pair, [p], [i], self.options, 5, self.stop(), [f])[0] for p, i, f in one
        ]


@st.composite
def cases(draw):
    sampler = SAMPLERS[draw(st.sampled_from(sorted(SAMPLERS)))]
    extra = EXTRAS[draw(st.sampled_from(sorted(EXTRAS)))]
    drafting = {
        # A window of fly has to end inside its block.
        "gamma": draw(st.integers(1 + sampler.get("window", 0), 12)),
        "max_tokens": draw(st.integers(1, 16)),
        "first_block": draw(st.sampled_from(["draft", "target"])),
        "eos_ids": draw(st.sampled_from([(), (1,), (1, 5, 9)])),
        "logprobs": draw(st.booleans()),
    }
    nucleus = draw(st.sampled_from([{}, {"top_p": 1.0}, {"top_p": 1.0, "top_k": 5}]))
    options = DecodeOptions(**{**sampler, **extra, **drafting, **nucleus})
    prompts = draw(st.lists(st.lists(st.integers(0, V - 1), min_size=1, max_size=9), max_size=7))
    first = [draw(st.integers(0, 4)) for _ in prompts]
    word = draw(st.sampled_from([None, 2, 7]))
    return Case(draw(st.integers(0, 5)), options, prompts, first, word)


@given(case=cases(), slots=st.integers(1, 8), shuffled=st.randoms(use_true_random=False))
@settings(max_examples=count(60, 500))
def test_slots_order_and_neighbours_change_no_answer(case, slots, shuffled):
    order = list(range(len(case.prompts)))
    shuffled.shuffle(order)
    moved = [[values[at] for at in order] for values in (case.prompts, case.ids)]
    first = [case.first[at] for at in order]
    found = decode_refill(
        *case.pair, *moved, case.options, 5, case.stop(), first, slots=slots
    )  # fmt: skip
    alone = case.alone()
    assert found == [alone[at] for at in order]


@pytest.mark.parametrize("sampler", ["budget", "hold", "union", "cascade"])
@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_many_answers_through_three_slots_are_those_of_each_alone(sampler, extra):
    """The same cases everywhere: each slot holds several answers, and they end at many lengths."""
    options = DecodeOptions(
        **SAMPLERS[sampler], **EXTRAS[extra], gamma=4, max_tokens=14, eos_ids=(1, 5, 9)
    )
    prompts = [[2 + at % 11] * (1 + at % 4) + [at] for at in range(16)]
    case = Case(0, options, prompts, [0, 2] * 8, word=None)
    found = decode_refill(*case.pair, prompts, case.ids, options, 5, None, case.first, slots=3)
    assert found == case.alone()
    assert len({len(one.token_ids) for one in found}) > 3


@given(
    case=cases(),
    order=st.lists(st.integers(0, 6), min_size=1, max_size=20),
    slots=st.integers(1, 5),
)
@settings(max_examples=count(60, 500))
def test_sharing_equal_prompts_changes_no_answer(case, order, slots):
    """Whatever row holds a prompt, and whichever row is about to lose it."""
    if not case.prompts:
        return
    places = [at % len(case.prompts) for at in order]
    prompts, first = ([of[at] for at in places] for of in (case.prompts, case.first))
    drawn = Case(case.seed, case.options, prompts, first, case.word)
    found = decode_stream(
        *drawn.pair, prompts, drawn.ids, drawn.options, 5, drawn.stop(), first,
        slots=slots, shared=True,
    )  # fmt: skip
    assert [one for _, one in sorted(found, key=lambda pair: pair[0])] == drawn.alone()


def test_a_prompt_is_not_copied_from_a_row_that_has_just_lost_it():
    a, b, c = [3, 4, 5], [6, 7, 8], [9, 10, 11]
    options, prompts = DecodeOptions("target", max_tokens=6, temperature=1.0), [a, c, b, a]
    case = Case(0, options, prompts, [0] * 4, None)
    found = dict(decode_stream(*case.pair, prompts, case.ids, options, 5, slots=2, shared=True))
    assert [found[at] for at in range(4)] == case.alone()


@given(case=cases(), cuts=st.lists(st.integers(0, 7), max_size=3))
@settings(max_examples=count(25, 500))
def test_however_prompts_are_split_into_batches_the_answers_are_the_same(case, cuts):
    edges = sorted({0, len(case.prompts), *(min(cut, len(case.prompts)) for cut in cuts)})
    found = []
    for begin, end in pairwise(edges):
        part = [values[begin:end] for values in (case.prompts, case.ids)]
        first = case.first[begin:end]
        found += decode(*case.pair, *part, case.options, 5, case.stop(), first)
    assert found == case.alone()


@pytest.mark.parametrize("batch", [1, 2, 5, 50, None])
def test_every_batch_size_gives_the_answers_in_order(batch):
    prompts = [[2 + at, 3] for at in range(9)]
    ids = [f"s{at}" for at in range(9)]
    options = DecodeOptions("speculative", eos_ids=(1, 5, 9), max_tokens=20)
    both = zip(prompts, ids, strict=True)
    alone = [decode(*native_pair(0), [p], [i], options, 5)[0] for p, i in both]
    assert decode_all(*native_pair(0), prompts, ids, options, 5, batch=batch) == alone
    assert len({len(one.token_ids) for one in alone}) > 2


def test_an_answer_that_is_gone_on_with_is_the_answer_at_once():
    options = DecodeOptions("target", max_tokens=12)
    (whole,) = decode(*native_pair(0), [[3, 4]], ["s"], options, 5)
    written = [list(whole.token_ids[:at]) for at in (0, 1, 5, 9)]
    prompts, first = [[3, 4, *begun] for begun in written], [len(begun) for begun in written]
    found = decode_refill(
        *native_pair(0), prompts, ["s"] * 4, options, 5, first=first, slots=2
    )  # fmt: skip
    for begun, one in zip(written, found, strict=True):
        assert (*begun, *one.token_ids)[:12] == whole.token_ids


def test_answers_come_as_they_are_over_and_each_once():
    prompts, ids = [[2 + at, 3] for at in range(9)], [f"s{at}" for at in range(9)]
    options = DecodeOptions("speculative", eos_ids=(1, 5, 9), max_tokens=20)
    found = list(decode_stream(*native_pair(0), prompts, ids, options, 5, slots=3))
    places = [place for place, _ in found]
    assert sorted(places) == list(range(9)) and places != sorted(places)


def test_what_an_answer_has_spent_does_not_know_the_width_of_the_block():
    """Eight numbers or more are summed by numpy in another order than seven."""
    options = DecodeOptions(**SAMPLERS["budget"], gamma=12)
    charge = np.random.default_rng(3).random((40, 12)) * np.logspace(-6, 0, 12)
    spent = []
    for width in (7, 8, 12):
        state = ThresholdState(40, options)
        state.pay(charge[:, :width], np.full(40, 7))
        spent.append(state.spent.tolist())
    assert spent[0] == spent[1] == spent[2]


def test_a_row_that_drafts_nothing_yet_keeps_its_threshold_as_it_is():
    state = ThresholdState(2, DecodeOptions(**SAMPLERS["hold-none"]))
    state.turn(np.array([0, 3]), np.array([0, 4]))
    assert state.threshold[0] == 0.0 and state.threshold[1] > 0


def test_a_bonus_is_the_targets_own_wherever_a_neighbours_block_ends():
    """Mixed arg-maxes are of drafted columns; the bonus of a short block stands in one of those."""
    options = DecodeOptions("ensemble", temperature=0, ensemble_weight=0.3, gamma=4, max_tokens=11)
    prompts = [[at, at + 5] for at in range(8)]
    ids = [f"s{at}" for at in range(8)]
    both = zip(prompts, ids, strict=True)
    alone = [decode(*native_pair(0), [p], [i], options, 5)[0] for p, i in both]
    assert decode(*native_pair(0), prompts, ids, options, 5) == alone
    assert any(one.accepted == one.drafted for one in alone)
