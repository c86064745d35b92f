"""What becomes of one row of a batch changes nothing in the others."""

from functools import lru_cache

import numpy as np
import pytest
from counts import some
from native_folders import V, native_pair, needs_compiler, write_llama
from samplers import EXTRAS, SAMPLERS

from llmx.decoding import DecodeOptions
from llmx.decoding.api import DecodeSession

CAP, GAMMA = 14, 4
DRAWN = np.random.default_rng(0).integers(2, V, (4, 20))
PROMPTS = [row.tolist() for row in DRAWN]


def near_its_cap(rows):
    rows.prompt[0] -= CAP - 3


def at_its_last_token(rows):
    rows.prompt[0] -= CAP - 1


def finished(rows):
    rows.done[0], rows.finish[0] = True, 0


def stopped(rows):
    rows.length[0] -= 3
    rows.done[0], rows.finish[0] = True, 1


STATES = (near_its_cap, at_its_last_token, finished, stopped)
CASES = some([(sampler, extra) for sampler in SAMPLERS for extra in ("plain", "both")], 10)


def outputs(pair, options, state=None):
    """Decode a batch in which the first row is put into a state before the first round."""
    session = DecodeSession(*pair, PROMPTS, [f"s{at}" for at in range(4)], options, 5, 4)
    session.fill()
    if state is not None:
        state(session.rows)
    found = dict(session.run(None))
    assert set(found) == {0, 1, 2, 3}
    return [found[at] for at in (1, 2, 3)]


def options_of(sampler, extra, **changes):
    shape = {"gamma": GAMMA, "max_tokens": CAP, "eos_ids": (1,)}
    return DecodeOptions(**{**SAMPLERS[sampler], **EXTRAS[extra], **shape, **changes})


@needs_compiler
@pytest.mark.parametrize("first_block", ["draft", "target"])
@pytest.mark.parametrize(("sampler", "extra"), CASES)
def test_on_the_compiled_forward_to_the_bit(sampler, extra, first_block):
    options = options_of(sampler, extra, first_block=first_block)
    alone = outputs(native_pair(0), options)
    assert all(outputs(native_pair(0), options, state) == alone for state in STATES)


@pytest.fixture(scope="module")
def lean_pair(tmp_path_factory):
    """The same weights through torch."""
    from transformers import LlamaForCausalLM

    from llmx.engines.step import build_step_model

    @lru_cache
    def loaded(noise):
        folder = write_llama(tmp_path_factory.mktemp("llama"), 0, V, noise)
        return build_step_model(LlamaForCausalLM.from_pretrained(folder).eval())

    return loaded(0.0), loaded(0.3)


@pytest.mark.parametrize(("sampler", "extra"), CASES)
def test_through_torch_but_for_tiny_margins(lean_pair, sampler, extra):
    """A round without room for anybody is narrower: there the last bits may differ."""
    options = options_of(sampler, extra)
    alone = outputs(lean_pair, options)
    firm = [at for at, one in enumerate(alone) if not one.fragile]
    assert firm
    for state in STATES:
        found = outputs(lean_pair, options, state)
        assert [found[at] for at in firm] == [alone[at] for at in firm]


@pytest.mark.parametrize("state", STATES)
def test_through_torch_a_round_keeps_its_width(lean_pair, state, monkeypatch):
    """The last bits of a product move with its shape: every round has the width of γ."""
    seen, forward = set(), type(lean_pair[0]).forward

    def watched(model, tokens, start, cache):
        seen.add((model is lean_pair[0], tuple(tokens.shape)))
        return forward(model, tokens, start, cache)

    monkeypatch.setattr(type(lean_pair[0]), "forward", watched)
    outputs(lean_pair, options_of("sd", "plain"), state)
    assert {shape for target, shape in seen if target} <= {(4, GAMMA + 1), (4, 1)}
    assert {shape for target, shape in seen if not target} <= {(4, 2), (4, 1)}
