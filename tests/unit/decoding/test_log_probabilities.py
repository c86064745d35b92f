"""Log-probabilities of what was decoded: the model's own, of every token, whatever the rule."""

from dataclasses import replace

import numpy as np
import pytest
from counts import some
from hypothesis import given
from hypothesis import strategies as st
from native_folders import V, native_pair, needs_compiler, write_llama
from samplers import EXTRAS, SAMPLERS

from llmx.core.record import Sample
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import ask
from llmx.decoding import DecodeOptions, decode
from llmx.decoding.logprobs import log_probabilities
from llmx.engines.hf import HfEngine

BASE = DecodeOptions(
    "target", temperature=0.7, top_p=0.9, max_tokens=12, gamma=4, eos_ids=(1,), logprobs=True
)
PROMPTS = [[3, 4, 5], [9], [2, 8, 8, 1, 20], [7, 7]]
IDS = ["a", "b", "c", "d"]
CASES = some([(sampler, extra) for sampler in SAMPLERS for extra in EXTRAS], 24)


def softmax_in_full(logits):
    wide = logits.astype(np.float64)
    return wide - np.log(np.exp(wide).sum(-1, keepdims=True))


def own(model, prompt, ids, vocab):
    """What a model gives the tokens behind a prompt, from one forward over everything."""
    whole = np.array([[*prompt, *ids]])
    cache = model.new_cache(1, whole.shape[1] + 1)
    logits = model.feed(whole, np.zeros(1, np.int64), cache)[0, :, :vocab]
    places = np.arange(len(prompt) - 1, whole.shape[1] - 1)
    return softmax_in_full(logits[places])[np.arange(len(ids)), list(ids)]


def decoded(options, seed=0, pair=None, **more):
    return decode(*(pair or native_pair(seed)), PROMPTS, IDS, options, 5, **more)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 60))
def test_arrays_and_tensors_have_the_logarithm_of_the_softmax(seed, scale):
    import torch

    rng = np.random.default_rng(seed)
    logits = (scale * rng.standard_normal((3, 4, 11))).astype(np.float32)
    tokens = rng.integers(0, 11, (3, 4))
    true = np.take_along_axis(softmax_in_full(logits), tokens[..., None], -1)[..., 0]
    for given_as in (logits, torch.from_numpy(logits)):
        found = log_probabilities(given_as, tokens)
        assert found.dtype == np.float64 and (found <= 0).all()
        np.testing.assert_allclose(found, true, rtol=1e-6, atol=1e-6)


def test_columns_of_which_nothing_came_may_hold_anything():
    logits = np.zeros((1, 2, 4), np.float32)
    found = log_probabilities(logits, np.array([[2, 2**40]]))
    assert found[0, 0] == pytest.approx(-np.log(4))
    assert log_probabilities(logits, np.array([[-7, 2]]))[0, 1] == pytest.approx(-np.log(4))


@needs_compiler
@pytest.mark.parametrize(("sampler", "extra"), CASES)
def test_they_are_the_targets_before_temperature_nucleus_and_penalties(sampler, extra):
    options = replace(BASE, **{**SAMPLERS[sampler], **EXTRAS[extra]})
    for seed in (0, 1):
        pair = native_pair(seed)
        answers = pair[0] if options.uses_target else pair[1]
        vocab = min(model.vocab_size for model in pair)
        for prompt, one in zip(PROMPTS, decoded(options, seed), strict=True):
            true = own(answers, prompt, one.token_ids, vocab)
            np.testing.assert_allclose(one.logprobs, true, rtol=0, atol=1e-5)


@needs_compiler
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_who_does_not_ask_gets_the_same_answer_and_nothing_else(sampler):
    options = replace(BASE, **SAMPLERS[sampler])
    asked, plain = decoded(options), decoded(replace(options, logprobs=False))
    assert [one.logprobs for one in plain] == [()] * len(PROMPTS)
    assert [replace(one, logprobs=()) for one in asked] == plain


@needs_compiler
@pytest.mark.parametrize("sampler", ["sampled", "sd", "block"])
def test_an_answer_that_is_stopped_has_no_more_than_its_tokens(sampler):
    options = replace(BASE, **SAMPLERS[sampler])
    for one in decoded(options, stop=lambda ids: len(ids) >= 3):
        assert len(one.logprobs) == len(one.token_ids) <= 3


@needs_compiler
def test_the_loop_over_torch_keeps_the_same(tmp_path):
    from transformers import LlamaForCausalLM

    from llmx.engines.step import build_step_model

    model = LlamaForCausalLM.from_pretrained(write_llama(tmp_path, 0)).eval()
    options = replace(BASE, temperature=1.0, top_p=1.0)
    found = decoded(options, pair=(build_step_model(model, lean=True), None))
    kept = decoded(options, pair=(native_pair(0)[0], None))
    assert [one.token_ids for one in found] == [one.token_ids for one in kept]
    for one, other in zip(found, kept, strict=True):
        np.testing.assert_allclose(one.logprobs, other.logprobs, rtol=0, atol=1e-5)


@needs_compiler
def test_records_hold_what_transformers_says():
    import torch
    from transformers import LlamaForCausalLM

    from llmx.engines.size import ZOO

    engine = HfEngine(ModelSpec(target="zoo:gsm_draft"), EngineSpec(logprobs=True))
    sampler = SamplerSpec(algorithm="target", temperature=0.8, top_p=0.9, max_tokens=60)
    sample = Sample(id="a", question="A pie has 36 servings. How many are there?", answer="36")
    (record,) = engine.generate([ask(sample, "", sampler, 0)])
    model = LlamaForCausalLM.from_pretrained(ZOO / "gsm_draft", dtype=torch.float32).eval()
    ids = torch.tensor([[*record.prompt_ids, *record.completion_ids]])
    begin = len(record.prompt_ids)
    with torch.inference_mode():
        scores = model(ids).logits[0, begin - 1 : -1].double().log_softmax(-1)
    true = scores.gather(-1, ids[0, begin:, None])[:, 0].numpy()
    np.testing.assert_allclose(record.logprobs, true, rtol=0, atol=1e-5)


def test_the_identity_names_them_where_they_are_kept_alone():
    """Old answers keep their name, and those without log-probabilities are not taken for others."""
    model = ModelSpec(target="zoo:gsm_draft")
    plain, kept = (HfEngine.identity(model, EngineSpec(logprobs=one)) for one in (False, True))
    assert "logprobs" not in plain and kept == {**plain, "logprobs": True}


def test_the_vocabulary_of_the_tests_is_padded_in_one_model():
    assert {native_pair(seed)[1].vocab_size for seed in (0, 1)} == {V, V + 1}
