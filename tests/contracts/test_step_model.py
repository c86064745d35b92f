"""What every step model must do: the same suite over a table, the lean forward and transformers."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from llmx.core.errors import EngineError
from llmx.decoding import DecodeOptions, StepModel, decode
from llmx.decoding.step_model import CopiesSlots
from llmx.decoding.toy import ToyModel
from llmx.engines.native.model import NativeLlama
from llmx.engines.step import LeanLlama, TransformersModel, build_step_model
from llmx.engines.step.product import Product

V = 48
COMMON = {
    "vocab_size": V,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "max_position_embeddings": 96,
}


def seeded(kind, config, seed=0):
    torch.manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 1:
                # Fresh norms are all one and biases all zero, which would hide a lost factor.
                weight.add_(torch.randn_like(weight) * 0.2)
            else:
                weight.mul_(3)
    return model


def llama(**changes):
    return seeded(LlamaForCausalLM, LlamaConfig(**{**COMMON, "num_key_value_heads": 2, **changes}))


def scaled_rope():
    rope = {
        "rope_type": "llama3",
        "rope_theta": 10000.0,
        "factor": 4.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    }
    return llama(rope_parameters=rope)


def linear_rope():
    return llama(rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 3.0})


def native(model):
    with TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return NativeLlama.load("saved", Path(folder))


REFERENCES = {
    "plain": llama,
    "grouped": lambda: llama(num_key_value_heads=1),
    "tied": lambda: llama(tie_word_embeddings=True),
    "scaled rope": scaled_rope,
    "linear rope": linear_rope,
    "wide heads": lambda: llama(head_dim=64),
}
MODELS = {
    "toy": lambda: ToyModel(V, seed=0, order=1),
    **{
        f"{kind}-{name}": lambda make=make, reference=reference: make(reference())
        for kind, make in (("lean", build_step_model), ("native", native))
        for name, reference in REFERENCES.items()
    },
    "llama": lambda: build_step_model(llama(), lean=False),
    "gpt-neox": lambda: build_step_model(seeded(GPTNeoXForCausalLM, GPTNeoXConfig(**COMMON))),
    "qwen2": lambda: build_step_model(
        seeded(Qwen2ForCausalLM, Qwen2Config(**COMMON, num_key_value_heads=1))
    ),
    "gpt2": lambda: build_step_model(
        seeded(
            GPT2LMHeadModel,
            GPT2Config(vocab_size=V, n_embd=64, n_layer=2, n_head=2, n_positions=96),
        )
    ),
}
LENGTHS = [9, 3, 1, 14]


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param]()


def tokens(rows, width, seed=0):
    return torch.randint(0, V, (rows, width), generator=torch.Generator().manual_seed(seed))


def ragged(model, text, lengths, width=4, capacity=40):
    """Prefill prefixes of unequal length, then one block of `width` after each: its logits."""
    cache = model.new_cache(len(text), capacity)
    model.prefill(text[:, : max(lengths)], torch.arange(len(text)), cache)
    start = torch.tensor(lengths)
    block = text.gather(1, start[:, None] + torch.arange(width))
    return model.forward(block, start, cache)


def test_is_a_step_model(model):
    assert isinstance(model, StepModel)
    assert model.vocab_size == V


def test_ragged_rows_are_single_rows(model):
    text = tokens(4, 20)
    whole = ragged(model, text, LENGTHS)
    assert whole.shape == (4, 4, V)
    for row, length in enumerate(LENGTHS):
        alone = ragged(model, text[row : row + 1], [length])
        assert torch.allclose(whole[row], alone[0], atol=1e-5, rtol=0)


def test_steps_are_one_forward(model):
    text = tokens(2, 12)
    zero = torch.zeros(2, dtype=torch.int64)
    whole = model.forward(text, zero, model.new_cache(2, 12))
    cache = model.new_cache(2, 12)
    for at in range(12):
        step = model.forward(text[:, at : at + 1], zero + at, cache)
        assert torch.allclose(step[:, 0], whole[:, at], atol=1e-5, rtol=0)


def test_overwritten_slots_leave_no_trace(model):
    text = tokens(4, 20)
    clean = ragged(model, text, LENGTHS)
    cache = model.new_cache(4, 40)
    model.prefill(text[:, :14], torch.arange(4), cache)
    start = torch.tensor(LENGTHS)
    model.forward(tokens(4, 9, seed=5), start, cache)
    model.forward(tokens(4, 2, seed=6), start + 3, cache)
    block = text.gather(1, start[:, None] + torch.arange(4))
    assert torch.equal(model.forward(block, start, cache), clean)


def test_permuting_rows_is_exact(model):
    text, order = tokens(4, 20), torch.tensor([2, 0, 3, 1])
    whole = ragged(model, text, LENGTHS)
    moved = ragged(model, text[order], [LENGTHS[i] for i in order])
    assert torch.equal(moved, whole[order])


def test_other_rows_do_not_matter(model):
    text, other = tokens(4, 20), tokens(4, 20, seed=9)
    other[1] = text[1]
    assert torch.equal(ragged(model, text, LENGTHS)[1], ragged(model, other, LENGTHS)[1])


def test_prefill_of_some_rows_leaves_the_others(model):
    text = tokens(4, 20)
    clean = ragged(model, text, LENGTHS)
    cache = model.new_cache(4, 40)
    model.prefill(text[:, :14], torch.arange(4), cache)
    model.prefill(tokens(2, 17, seed=7), torch.tensor([3, 1]), cache)
    start = torch.tensor(LENGTHS)
    block = text.gather(1, start[:, None] + torch.arange(4))
    kept = model.forward(block, start, cache)
    assert torch.equal(kept[[0, 2]], clean[[0, 2]])
    model.prefill(text[[3, 1], :14], torch.tensor([3, 1]), cache)
    again = model.forward(block, start, cache)
    assert torch.allclose(again, clean, atol=1e-5, rtol=0)


def test_a_copied_prompt_is_the_computed_one(model):
    """Bit for bit, also past a copy that was longer, and other rows stay as they are."""
    if not isinstance(model, CopiesSlots):
        pytest.skip("a model without it computes each prompt")
    text, block = tokens(4, 20), tokens(1, 3, seed=9).repeat(4, 1)
    cache = model.new_cache(4, 40)
    model.prefill(text[:, :17], torch.arange(4), cache)
    model.copy_slots(cache, 2, 0, 17)
    before = model.forward(block, torch.full((4,), 17), cache)
    assert torch.equal(before[0], before[2]) and not torch.equal(before[1], before[2])
    model.copy_slots(cache, 1, 3, 5)
    short = torch.tensor([17, 5, 17, 5])
    after = model.forward(block, short, cache)
    assert torch.equal(after[3], after[1]) and torch.equal(after[[0, 2]], before[[0, 2]])


def test_slots_past_the_models_positions_break_nothing(model):
    cache = model.new_cache(2, 110)
    logits = model.forward(tokens(2, 5), torch.tensor([3, 100]), cache)
    assert logits.shape == (2, 5, V)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("name", REFERENCES)
def test_lean_forward_is_transformers(name, packed, monkeypatch):
    if not packed:
        monkeypatch.setattr("llmx.engines.step.product.can_pack", lambda: False)
    model = REFERENCES[name]()
    lean = build_step_model(model)
    assert isinstance(lean, LeanLlama)
    text = tokens(3, 70)
    with torch.inference_mode():
        wanted = model(text).logits
    got = lean.forward(text, torch.zeros(3, dtype=torch.int64), lean.new_cache(3, 70))
    assert torch.allclose(got, wanted, atol=1e-5 * float(wanted.abs().max().clamp(min=1)), rtol=0)


@pytest.mark.parametrize("name", REFERENCES)
def test_native_forward_is_transformers_in_float64(name):
    model = REFERENCES[name]()
    compiled, text = native(model), tokens(3, 70)
    got = compiled.forward(text, torch.zeros(3, dtype=torch.int64), compiled.new_cache(3, 70))
    with torch.inference_mode():
        wanted = model.double()(text).logits
    assert torch.allclose(got.double(), wanted, atol=1e-5 * float(wanted.abs().max()), rtol=0)


@pytest.mark.parametrize("size", [1, 3, 4, 40])
def test_packed_products_are_ordinary_ones(size):
    weight, x = torch.randn(24, 16), torch.randn(size, 16)
    other = torch.randn(size, 24)
    packed, plain = Product(weight, pack=True), Product(weight, pack=False)
    for got, wanted in (
        (packed(x), plain(x)),
        (packed.silu(x), plain.silu(x)),
        (packed.plus(x, other), plain.plus(x, other)),
        (packed.times(x, other), plain.times(x, other)),
    ):
        assert torch.allclose(got, wanted, atol=1e-5)
    assert torch.allclose(plain(x), x @ weight.T, atol=1e-5)


NOT_LEAN = {
    "biases": lambda: llama(attention_bias=True),
    "other activation": lambda: llama(hidden_act="gelu"),
    "half precision": lambda: llama().bfloat16(),
    "another family": lambda: seeded(GPTNeoXForCausalLM, GPTNeoXConfig(**COMMON)),
}


@pytest.mark.parametrize("name", NOT_LEAN)
def test_what_the_lean_forward_leaves_to_transformers(name):
    assert isinstance(build_step_model(NOT_LEAN[name]()), TransformersModel)


def test_a_text_longer_than_the_sliding_window_is_refused():
    config = MistralConfig(**COMMON, num_key_value_heads=2, sliding_window=32)
    model = build_step_model(MistralForCausalLM(config))
    model.new_cache(1, 32)
    with pytest.raises(EngineError, match="sliding window of 32"):
        model.new_cache(1, 33)


def test_a_recurrent_state_is_refused():
    model = llama()
    model.config.layer_types = ["full_attention", "linear_attention", "full_attention"]
    with pytest.raises(EngineError, match="linear_attention"):
        TransformersModel(model)


@pytest.mark.parametrize("draft", ["sampled", "greedy"])
def test_greedy_speculation_emits_the_targets_text(draft):
    """Token for token, except after a place with a margin under 1e-4."""
    target = build_step_model(llama())
    assistant = build_step_model(llama(num_hidden_layers=1))
    prompts = [row[: 3 + at % 5].tolist() for at, row in enumerate(tokens(24, 8))]
    ids = [str(at) for at in range(24)]
    options = DecodeOptions("speculative", temperature=0, max_tokens=40, draft=draft)
    fast = decode(target, assistant, prompts, ids, options, 0)
    plain = decode(
        target, None, prompts, ids, DecodeOptions("target", temperature=0, max_tokens=40), 0
    )
    for one, other in zip(fast, plain, strict=True):
        safe = min((*one.fragile, *other.fragile, 40))
        assert one.token_ids[:safe] == other.token_ids[:safe]
    assert sum(not one.fragile for one in fast) > 12
