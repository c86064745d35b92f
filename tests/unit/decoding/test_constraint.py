"""What an output is held to bounds each draw, and changes nothing else."""

import numpy as np
import pytest
import torch
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import EngineError
from llmx.core.philox import Purpose, keys
from llmx.decoding import DecodeOptions
from llmx.decoding.api import decode_refill, decode_stream
from llmx.decoding.constraint import FORBIDDEN, forbid
from llmx.decoding.draw import draw
from llmx.decoding.rows import uniforms
from llmx.decoding.toy import ToyModel
from llmx.decoding.warp import warp

V, EOS = 7, 1
MODEL = ToyModel(V, seed=3)


class Walk:
    """Allows what a function of the output says, and remembers every question."""

    def __init__(self, rule):
        self.rule, self.asked = rule, []

    def allowed(self, output, size):
        assert output[: len(self.asked[-1])] == self.asked[-1] if self.asked else output == []
        self.asked.append(list(output))
        found = np.zeros(size, dtype=bool)
        found[list(self.rule(output))] = True
        return found


def texts(constraints, prompts, slots=2, **options):
    shape = DecodeOptions(**{"algorithm": "target", "max_tokens": 6, "eos_ids": (EOS,), **options})
    ids = [f"p{at}" for at in range(len(prompts))]
    found = dict(
        decode_stream(MODEL, None, prompts, ids, shape, 11, slots=slots, constraints=constraints)
    )
    return [found[at].token_ids for at in range(len(prompts))]


PROMPTS = [[2, 3], [4], [5, 6, 2], [3], [6]]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_bound_that_allows_all_changes_nothing(temperature):
    free = texts(None, PROMPTS, temperature=temperature)
    assert texts([None] * 5, PROMPTS, temperature=temperature) == free
    all_of = [Walk(lambda output: range(V)) for _ in PROMPTS]
    assert texts(all_of, PROMPTS, temperature=temperature) == free
    mixed = [Walk(lambda output: range(V)) if at % 2 else None for at in range(5)]
    assert texts(mixed, PROMPTS, temperature=temperature) == free


@given(st.lists(st.lists(st.integers(2, V - 1), min_size=1, max_size=4), min_size=1, max_size=5),
       st.integers(1, 3), st.sampled_from([0.0, 0.3, 1.0, 5.0]))  # fmt: skip
@settings(max_examples=count(25, 500), deadline=None)
def test_one_way_to_go_is_gone_by_each_row_whoever_shares_its_batch(ways, slots, temperature):
    def along(way):
        return lambda output: [way[len(output)]] if len(output) < len(way) else [EOS]

    held = [Walk(along(way)) for way in ways]
    found = texts(held, PROMPTS[: len(ways)], slots, temperature=temperature)
    assert found == [(*way, EOS) for way in ways]
    assert [one.asked for one in held] == [[way[:at] for at in range(len(way) + 1)] for way in ways]


@given(st.sets(st.integers(0, V - 1), min_size=1), st.sampled_from([0.0, 0.7, 1.0]),
       st.sampled_from([1.0, 0.8]), st.integers(0, 99))  # fmt: skip
@settings(max_examples=count(40, 500), deadline=None)
def test_a_draw_is_the_model_s_own_over_what_is_left(kept, temperature, top_p, seed):
    options = DecodeOptions(algorithm="target", max_tokens=1, temperature=temperature, top_p=top_p)
    held = [Walk(lambda output: kept)]
    got = dict(
        decode_stream(MODEL, None, [[2, 3]], ["x"], options, seed, slots=1, constraints=held)
    )[0]
    left = sorted(kept)
    alone = MODEL.logits(np.array([2, 3]))[left][None]
    if temperature == 0:
        assert got.token_ids == (left[int(alone.argmax())],)
        return
    key = keys(seed, ["x"])
    u = torch.from_numpy(uniforms(key, 0, 1)[:, 0, Purpose.TARGET][:, None])
    wanted = left[int(draw(warp(alone, temperature, top_p), u))]
    if not got.fragile:
        assert got.token_ids == (wanted,)


def test_a_bound_holds_behind_penalties_too():
    held = [Walk(lambda output: [4])]
    found = texts(held, [[4, 4, 4]], repetition_penalty=9.0, frequency_penalty=50.0, max_tokens=4)
    assert found == [(4, 4, 4, 4)]


@pytest.mark.parametrize("kind", ["tensor", "array"])
def test_scores_that_are_left_stay_to_the_bit(kind):
    scores = np.random.default_rng(0).standard_normal((2, 1, V)).astype(np.float32)
    kept = np.array([[True, False] * 3 + [True], [False] * 6 + [True]])
    given_ = torch.from_numpy(scores.copy()) if kind == "tensor" else scores.copy()
    found = np.asarray(forbid(given_, kept))
    assert np.array_equal(found[kept[:, None]], scores[kept[:, None]])
    assert (found[~kept[:, None]] == np.float32(FORBIDDEN)).all() and found.dtype == np.float32


def test_a_drafted_block_is_held_to_nothing_so_it_is_refused():
    options = DecodeOptions(algorithm="speculative", max_tokens=4, gamma=2)
    with pytest.raises(EngineError, match="algorithm=speculative drafts"):
        decode_stream(MODEL, MODEL, [[2]], ["x"], options, 0, slots=1, constraints=[None])
    assert decode_refill(MODEL, MODEL, [[2]], ["x"], options, 0, slots=1)
