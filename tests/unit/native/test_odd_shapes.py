"""The compiled forward is Llama's, whatever does not divide by the width of its registers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from float64_llama import Float64Llama
from llama_folders import Tiny, write_llama

from llmx.engines.native.model import NativeLlama

ODD = Tiny(hidden_size=40, num_attention_heads=6, num_key_value_heads=2, head_dim=20)
SHAPES = {
    "even": Tiny(),
    "odd": replace(ODD, intermediate_size=72, vocab_size=37),
    "one-group": replace(ODD, num_attention_heads=3, num_key_value_heads=1, head_dim=24),
    "tied": replace(ODD, tie_word_embeddings=True, vocab_size=50),
    "two-and-more": replace(ODD, head_dim=2, vocab_size=33, intermediate_size=1),
    "wide-heads": replace(ODD, num_attention_heads=2, head_dim=72, vocab_size=16),
    "between": replace(ODD, head_dim=52, hidden_size=33, intermediate_size=31, vocab_size=31),
    "one-token": replace(ODD, vocab_size=1),
    "linear": replace(
        ODD, rope_parameters={"rope_type": "linear", "rope_theta": 500.0, "factor": 3.0}
    ),
}


def near(got, wanted, tolerance=1e-5):
    assert np.isfinite(got).all()
    assert np.abs(got - wanted).max() <= tolerance * max(1.0, np.abs(wanted).max())


def logits_of(model, text):
    rows = torch.tensor([text])
    return model.forward(rows, torch.zeros(1, dtype=torch.int64), model.new_cache(1, len(text)))


def checked(folder, tiny, dtype="F32", **writing):
    model = NativeLlama.load("tiny", write_llama(folder, tiny, dtype=dtype, **writing))
    text = [(7 * at + at * at) % tiny.vocab_size for at in range(70)]
    near(logits_of(model, text)[0].numpy(), Float64Llama(tiny, dtype=dtype)(text))


@pytest.mark.parametrize("name", SHAPES)
def test_logits_are_those_of_float64(name, tmp_path):
    checked(tmp_path, SHAPES[name])


@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
@pytest.mark.parametrize("shards", [1, 3])
def test_weights_of_every_kind_and_cut_into_files(dtype, shards, tmp_path):
    checked(tmp_path, SHAPES["odd"], dtype, shards=shards)


@pytest.mark.parametrize("missing", ["model-00002-of-00003.safetensors", None])
def test_a_model_whose_shards_are_not_all_there_is_left_to_transformers(missing, tmp_path):
    write_llama(tmp_path, ODD, shards=3)
    if missing:
        (tmp_path / missing).unlink()
    assert (NativeLlama.load("tiny", tmp_path) is None) == bool(missing)


def test_files_that_no_index_names_are_not_read(tmp_path):
    write_llama(tmp_path, ODD, shards=3)
    write_llama(tmp_path / "other", ODD, seed=1)
    (tmp_path / "other" / "model.safetensors").rename(tmp_path / "model.safetensors")
    model = NativeLlama.load("tiny", tmp_path)
    near(logits_of(model, [1, 2, 3])[0].numpy(), Float64Llama(ODD)([1, 2, 3]))


def test_the_first_row_of_a_long_text_sees_itself_alone(tmp_path):
    model = NativeLlama.load("tiny", write_llama(tmp_path, ODD))
    long, short = logits_of(model, [5, *range(40)]), logits_of(model, [5])
    assert torch.equal(long[0, 0], short[0, 0])
