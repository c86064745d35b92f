"""Pairs and a way to train on them; without sentence-transformers every test here is skipped."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from contrasted import LAYERS, TEXTS, WIDTH, Contrast, save_pairs
from forked import Forks, forking


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("sentence_transformers") is None:
        skip = pytest.mark.skip(reason="needs: pip install 'llmx-lab[retrieval]'")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


@pytest.fixture
def contrast(tmp_path) -> Callable[..., Contrast]:
    save_pairs(tmp_path)

    def make(name: str = "out", **more: Any) -> Contrast:
        return Contrast(tmp_path, tmp_path / name, **more)

    return make


@pytest.fixture(scope="session")
def contrast_forks() -> Iterator[Forks]:
    trainer = "sentence_transformers.sentence_transformer.trainer"
    with forking("contrasted", "torch", trainer, "datasets") as server:
        yield server


@pytest.fixture(scope="session")
def encoder(tmp_path_factory) -> Path:
    """Write a tiny encoder from nothing, with a tokenizer of these words."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    from llmx.train.contrastive.students import student

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
