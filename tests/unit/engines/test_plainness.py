"""Which folders are read without transformers; all others are left to it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizer_folders import NAMES, build, change, listed, with_added, with_begin, write_folder

from llmx.core.spec import EngineSpec, ModelSpec
from llmx.engines.pair import load_pair
from llmx.engines.size import ZOO
from llmx.engines.tokenizer import PlainTokenizer, open_tokenizer
from llmx.engines.tokenizer.open import _MODELS

TEXTS = ["", "The cat <left> sat.", "<s>concat </s>", " <|user|>hi <wide> 🙂", "<new> \x00"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path / "model")


def put(name: str, text: str = "{}") -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def told(**settings: Any) -> Callable[[Path], object]:
    return lambda folder: change(folder, **settings)


def config(**settings: Any) -> Callable[[Path], object]:
    return lambda folder: change(folder, "config.json", **settings)


def written(**settings: Any) -> Callable[[Path], object]:
    return lambda folder: change(folder, "tokenizer.json", **settings)


def templates(folder: Path) -> None:
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "default.jinja").write_text("another")


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def padded(folder: Path) -> None:
    backend = with_begin()
    backend.enable_padding(pad_id=3, pad_token="<pad>")
    write_folder(folder, backend, {"bos_token": "<s>"})


TOKEN = {"content": "<s>", "lstrip": False, "normalized": False, "rstrip": False}
UNUSUAL: dict[str, Callable[[Path], object]] = {
    "no tokenizer.json": without("tokenizer.json"),
    "no settings": without("tokenizer_config.json"),
    "no config": without("config.json"),
    "a broken tokenizer.json": put("tokenizer.json", '{"model": 3}'),
    "a torn tokenizer.json": put("tokenizer.json", '{"version": "1.0", "mod'),
    "settings that are a list": put("tokenizer_config.json", "[]"),
    "settings that are no JSON": put("tokenizer_config.json", "{"),
    "settings in another encoding": lambda f: (f / "tokenizer_config.json").write_bytes(b"\xff"),
    "no class": told(tokenizer_class=None),
    "a class of its own": told(tokenizer_class="LlamaTokenizerFast"),
    "a model with a class of its own": config(model_type="qwen2"),
    "a model with another format": config(model_type="mistral"),
    "no model type": config(model_type=None),
    "code of its own": config(auto_map={"AutoConfig": "x.Y"}),
    "code for the tokenizer": told(auto_map={"AutoTokenizer": ["x.Y", None]}),
    "an unknown setting": told(invented=1),
    "a token under a name of its own": told(image_token="<pad>"),
    "extra tokens with names": told(extra_special_tokens={"image_token": "<pad>"}),
    "extra tokens that are none": told(extra_special_tokens=[{"content": "<pad>"}]),
    "special tokens that are split": told(split_special_tokens=True),
    "a clean-up for all": told(
        clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output=True
    ),
    "a clean-up that is a word": told(clean_up_tokenization_spaces="yes"),
    "several templates": told(chat_template=[{"name": "default", "template": "x"}]),
    "a folder of templates": templates,
    "a side that is none": told(padding_side="middle"),
    "names that are a word": told(model_input_names="input_ids"),
    "a length that is a word": told(model_max_length="long"),
    "a special token that is new": told(eos_token="<new>"),
    "an extra token that is new": told(extra_special_tokens=["<new>"]),
    "an extra token that is new, in the old list": told(additional_special_tokens=["<new>"]),
    "a special token of another form": told(bos_token={"content": "<s>"}),
    "added tokens that are new": told(added_tokens_decoder={"999": {**TOKEN, "content": "<n>"}}),
    "added tokens with other flags": told(added_tokens_decoder={"0": {**TOKEN, "lstrip": True}}),
    "added tokens that are numbers": told(added_tokens_decoder={"0": 1}),
    "a token added twice": written(
        added_tokens=[{**TOKEN, "id": 0, "special": flag, "single_word": False} for flag in (1, 0)]
    ),
    "an old list of added tokens": put("added_tokens.json"),
    "an old list of special tokens": put("special_tokens_map.json", '{"eos_token": "<pad>"}'),
    "padding with a token of its own": padded,
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_folder_is_left_to_transformers(folder, name):
    assert open_tokenizer(folder) is not None
    UNUSUAL[name](folder)
    assert open_tokenizer(folder) is None


def with_list(folder: Path) -> None:
    """As version 4 of transformers wrote it, and the folders of Llama 3 have it."""
    backend = with_added()
    write_folder(
        folder,
        backend,
        {**NAMES, "added_tokens_decoder": listed(backend), "clean_up_tokenization_spaces": True},
    )
    put("special_tokens_map.json", '{"eos_token": "<pad>"}')(folder)


USUAL: dict[str, Callable[[Path], object]] = {
    "added tokens listed": with_list,
    "the old name of the class": told(tokenizer_class="PreTrainedTokenizerFast"),
    "a model of sentencepiece": put("tokenizer.model", "no model"),
    "a template for processors": put("chat_template.json", '{"chat_template": "another"}'),
    "settings that change nothing": told(
        backend="tokenizers", is_local=False, local_files_only=False, name_or_path="x",
        add_bos_token=True, add_prefix_space=True, legacy=True, padding_side="left",
        truncation_side="left", model_max_length=3, model_input_names=["input_ids"],
        use_default_system_prompt=True, split_special_tokens=False,
    ),
    "extra tokens under both names": told(additional_special_tokens=["<|user|>", "<pad>"]),
    "special tokens in the long form": told(
        bos_token={"__type": "AddedToken", **TOKEN}, sep_token={"__type": "AddedToken", **TOKEN}
    ),
    "no special tokens": told(**dict.fromkeys([*NAMES, "extra_special_tokens"])),
    "no template": told(chat_template=None),
    "an empty file for a template": put("chat_template.jinja", ""),
    **{f"a model of type {name}": config(model_type=name) for name in sorted(_MODELS)},
}  # fmt: skip


@pytest.mark.parametrize("name", USUAL)
def test_a_usual_folder_is_read_as_transformers_reads_it(folder, name):
    from transformers import AutoTokenizer

    USUAL[name](folder)
    ours, theirs = open_tokenizer(folder), AutoTokenizer.from_pretrained(folder)
    assert ours is not None
    assert type(theirs).__name__ == "TokenizersBackend"
    for text in TEXTS:
        ids = theirs(text)["input_ids"]
        assert ours(text)["input_ids"] == ids
        assert ours.decode(ids, skip_special_tokens=True) == theirs.decode(
            ids, skip_special_tokens=True
        )
    assert (ours.bos_token_id, ours.eos_token_id) == (theirs.bos_token_id, theirs.eos_token_id)
    assert dict(ours.special) == theirs.special_tokens_map
    assert ours.chat_template == theirs.chat_template
    assert ours.get_vocab() == theirs.get_vocab()


def test_a_pair_takes_either_and_compares_them(tmp_path):
    """A draft whose folder only transformers reads fits a target that is read without."""
    draft = Path(shutil.copytree(ZOO / "gsm_draft", tmp_path / "draft"))
    change(draft, model_max_length=384, invented=1)
    pair = load_pair(ModelSpec(target="zoo:gsm_target", draft=str(draft)), EngineSpec(), {})
    assert isinstance(pair.tokenizer, PlainTokenizer)
    alone = load_pair(ModelSpec(target=str(draft)), EngineSpec(), {})
    assert type(alone.tokenizer).__name__ == "TokenizersBackend"
    assert (alone.eos_ids, alone.context) == (pair.eos_ids, pair.context) == ((2,), 384)
