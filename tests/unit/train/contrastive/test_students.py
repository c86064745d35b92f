"""What learns: token vectors from nothing or of a model, the first layers of an encoder, or all."""

import numpy as np
import pytest
from contrasted import FAST

from llmx.core.errors import ConfigError
from llmx.engines.embed.embedder import SentenceEmbedder, StaticEmbedder
from llmx.engines.embed.place import embedder_folder
from llmx.train.contrastive.students import check_student, student

TEXTS = [f"t{topic}w{word} q{row}" for row, (topic, word) in enumerate(np.ndindex(12, 8))]
WIDTH, LAYERS = 16, 3


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    """Write a tiny encoder from nothing, with a tokenizer of these words."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    base = student("static", None, ["[PAD] [CLS]", *TEXTS], dimension=4, seed=0)[0].tokenizer
    base.add_special_tokens(["[PAD]", "[CLS]"])
    ids = {name: base.token_to_id(name) for name in ("[PAD]", "[CLS]", "[UNK]")}
    base.post_processor = TemplateProcessing("[CLS] $A", None, [("[CLS]", ids["[CLS]"])])
    words = PreTrainedTokenizerFast(
        tokenizer_object=base, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]"
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=32, pad_token_id=ids["[PAD]"],
    )  # fmt: skip
    BertModel(config).save_pretrained(folder / "plain")
    words.save_pretrained(folder / "plain")
    module = Transformer(str(folder / "plain"), max_seq_length=32)
    model = SentenceTransformer(modules=[module, Pooling(WIDTH)], device="cpu")
    model.save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


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
        {"student": "whole", "lora": {"r": 2, "target_modules": ["query", "value"]}},
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
