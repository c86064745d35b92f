"""End tokens and positions of a folder, against transformers."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from tokenizer_folders import build, change

from llmx.core.spec import EngineSpec, ModelSpec
from llmx.engines.pair import LoadedPair, _generation_config
from llmx.engines.size import ZOO
from llmx.engines.tokenizer import end_ids, positions
from llmx.engines.tokenizer.open import _PLAIN_CONFIGS

ENDS = {
    "one": {"eos_token_id": 7},
    "several": {"eos_token_id": [9, 1, 9], "temperature": 0.6, "top_p": 0.9, "do_sample": True},
    "its own": {"eos_token_id": 1},
    "none": {"eos_token_id": None},
    "no word": {"bos_token_id": 0},
    "an empty list": {"eos_token_id": []},
    "from the model": {"_from_model_config": True, "eos_token_id": 4, "use_cache": True},
    "nothing": {},
}
UNUSUAL = {
    "a word": '{"eos_token_id": "2"}',
    "a truth": '{"eos_token_id": true}',
    "a list of lists": '{"eos_token_id": [[2]]}',
    "an unknown setting": '{"eos_token_id": 2, "invented": 1}',
    "a list": "[]",
    "no JSON": "{",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("model"))


def asked(folder: Path, own: int | None) -> tuple[int, ...]:
    """What transformers says, with the tokenizer's own end."""
    found = getattr(_generation_config(ModelSpec(target=str(folder)), {}), "eos_token_id", None)
    ids = found if isinstance(found, list) else [found]
    return tuple(sorted({int(one) for one in [*ids, own] if one is not None}))


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("own", [1, None])
def test_the_end_tokens_are_the_same(folder, name, own):
    (folder / "generation_config.json").write_text(json.dumps(ENDS[name]))
    assert end_ids(folder, SimpleNamespace(eos_token_id=own)) == asked(folder, own)


def test_without_settings_only_the_tokenizer_ends(folder):
    (folder / "generation_config.json").unlink(missing_ok=True)
    change(folder, "config.json", eos_token_id=5)  # transformers does not look there either
    assert end_ids(folder, SimpleNamespace(eos_token_id=1)) == asked(folder, 1) == (1,)


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_settings_are_left_to_transformers(folder, name):
    (folder / "generation_config.json").write_text(UNUSUAL[name])
    assert end_ids(folder, SimpleNamespace(eos_token_id=1)) is None


def test_a_pair_asks_transformers_for_what_is_unusual(folder):
    (folder / "generation_config.json").write_text(UNUSUAL["an unknown setting"])
    pair = LoadedPair(ModelSpec(target=str(folder)), EngineSpec(), {})
    assert pair.eos_ids == (1, 2)


@pytest.mark.parametrize("kind", sorted(_PLAIN_CONFIGS))
def test_positions_are_the_same(folder, kind):
    from transformers import AutoConfig

    change(folder, "config.json", model_type=kind, max_position_embeddings=123)
    assert positions(folder) == 123
    assert AutoConfig.from_pretrained(folder).max_position_embeddings == 123


@pytest.mark.parametrize("path", sorted(ZOO.glob("*/config.json")), ids=lambda p: p.parent.name)
def test_positions_and_ends_of_the_zoo_are_the_same(path):
    from transformers import AutoConfig

    assert positions(path.parent) == AutoConfig.from_pretrained(path.parent).max_position_embeddings
    assert end_ids(path.parent, SimpleNamespace(eos_token_id=2)) == asked(path.parent, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "gpt2"},
        {"model_type": None},
        {"max_position_embeddings": None},
        {"max_position_embeddings": "123"},
        {"auto_map": {"AutoConfig": "x.Y"}},
    ],
)
def test_other_models_are_left_to_transformers(tmp_path, changes):
    assert positions(change(build(tmp_path), "config.json", **changes)) is None


def test_a_folder_without_config_has_no_positions(tmp_path):
    assert positions(tmp_path) is None
    (tmp_path / "config.json").write_text("[]")
    assert positions(tmp_path) is None
