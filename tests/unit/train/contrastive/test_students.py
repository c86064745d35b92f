"""What learns: token vectors from nothing or of a model, the first layers of an encoder, or all."""

import numpy as np
import pytest
from contrasted import FAST, LAYERS, TEXTS, WIDTH
from counts import some

from llmx.core.errors import ConfigError
from llmx.engines.embed.embedder import SentenceEmbedder, StaticEmbedder
from llmx.engines.embed.place import embedder_folder
from llmx.train.contrastive.students import check_student, student

LORA = {"r": 2, "dropout": 0.1, "target_modules": ["query", "value"]}


def test_from_nothing_it_knows_the_words_of_the_pairs_and_depends_on_the_seed():
    one, same = (student("static", None, TEXTS, dimension=8, seed=1) for _ in range(2))
    other = student("static", None, TEXTS, dimension=8, seed=2)
    vectors = [model.encode(TEXTS[:5]) for model in (one, same, other)]
    assert (vectors[0] == vectors[1]).all() and (vectors[0] != vectors[2]).any()
    assert not one.encode(["zzz yyy"]).any()
    assert one.encode(["T0W0 Q0"]).tolist() == one.encode(["t0w0 q0"]).tolist()
    words = {word for text in TEXTS for word in text.split()}
    assert one[0].tokenizer.get_vocab_size() == len(words) + 1


@pytest.mark.slow
def test_token_vectors_of_a_model_are_those_that_the_static_embedder_reads(encoder):
    made = student("static", encoder, (), dimension=1, seed=0)
    wanted = StaticEmbedder(encoder).encode(TEXTS)
    found = made.encode(TEXTS)
    assert found.shape == (len(TEXTS), WIDTH)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    assert np.abs(found / lengths - wanted).max() < 1e-6


@pytest.mark.slow
def test_the_first_layers_are_an_encoder_that_is_loaded_as_it_was(encoder, tmp_path):
    whole = student("whole", encoder, (), dimension=1, seed=0)
    for count in (1, LAYERS):
        cut = student(f"layers:{count}", encoder, (), dimension=1, seed=0)
        cut.save_pretrained(str(tmp_path / str(count)), create_model_card=False)
        again = SentenceEmbedder(tmp_path / str(count)).model
        assert again[0].auto_model.config.num_hidden_layers == count
        assert np.abs(again.encode(TEXTS[:4]) - cut.encode(TEXTS[:4])).max() < 1e-6
        same = np.abs(whole.encode(TEXTS[:4]) - cut.encode(TEXTS[:4])).max() < 1e-6
        assert same == (count == LAYERS)
    with pytest.raises(ConfigError, match="the model has 3 layers, and 4 are to be kept"):
        student("layers:4", encoder, (), dimension=1, seed=0)


@pytest.mark.parametrize("kind", ["", "layers", "layers:", "layers:-1", "layers:0", "all"])
def test_a_student_that_cannot_be_is_refused(kind):
    with pytest.raises(ConfigError, match="there is no student"):
        check_student(kind)
    with pytest.raises(ConfigError, match="needs an encoder"):
        student("whole", None, TEXTS, dimension=1, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"student": "layers:2", "mini_batch": 3},
        {"student": "whole", "lora": LORA},
        {"student": "static"},
    ],
    ids=["two layers, cached", "an adapter, merged", "its token vectors"],
)
def test_a_student_of_a_model_learns_and_is_embedded_as_a_stages_model(contrast, encoder, options):
    settings = {**FAST, "num_train_epochs": 2, "learning_rate": 0.01}
    job = contrast(options={**options, "model": str(encoder)}, settings=settings)
    out = job.run()
    found = embedder_folder("stage:train", stages={"train": out})
    vectors = SentenceEmbedder(found).encode(TEXTS[:6])
    assert vectors.shape == (6, WIDTH) and np.isfinite(vectors).all()
    start = student(options["student"], encoder, (), dimension=1, seed=0)
    before = start.encode(TEXTS[:6], normalize_embeddings=True)
    assert np.abs(vectors - before).max() > 1e-3
    if "lora" in options:
        assert {path.name for path in (out / "adapter").iterdir()} == {
            *("adapter_config.json", "adapter_model.safetensors"),
        }
        assert not list((out / "model").rglob("adapter*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    some([{"student": "whole", "lora": LORA}, {"student": "layers:2", "mini_batch": 3}], 1),
    ids=lambda options: options["student"],
)
def test_an_encoder_with_dropout_ends_at_the_same_weights_after_kills(
    contrast, contrast_forks, encoder, options
):
    settings = {**FAST, "num_train_epochs": 2, "learning_rate": 0.01, "save_steps": 3}
    given = {"options": {**options, "model": str(encoder)}, "settings": settings}
    whole = contrast("whole", **given).run()
    job = contrast(**given)
    for at in (4, 7):
        contrast_forks.kill("contrasted:killed", job.told(), "step", at)
    job.run()
    one, other = (
        {path.name: path.read_bytes() for path in (out / "model").rglob("*.safetensors")}
        for out in (job.out, whole)
    )
    assert one == other and one
