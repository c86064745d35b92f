"""Which folder a model's name stands for, and what it is known by."""

import shutil

import pytest

from llmx.core.errors import EngineError
from llmx.engines.size import ZOO, local_folder, model_identity


@pytest.fixture
def model(tmp_path):
    (tmp_path / "model").mkdir()
    shutil.copy(ZOO / "gsm_draft" / "config.json", tmp_path / "model")
    return tmp_path / "model"


def test_a_name_is_of_the_zoo_of_a_stage_of_a_folder_or_of_the_hub(model, monkeypatch):
    stages = {"train": model.parent, "other": model.parent / "other"}
    assert local_folder("zoo:gsm_draft", stages) == ZOO / "gsm_draft"
    assert local_folder("stage:train", stages) == model
    assert local_folder("stage:other", stages) == model.parent / "other" / "model"
    assert local_folder(str(model)) == model
    assert local_folder("gpt2") is None and local_folder("org/name") is None
    monkeypatch.chdir(model.parent)
    assert local_folder("./model") == local_folder("model") is not None
    monkeypatch.setenv("HOME", str(model.parent))
    assert local_folder("~/model") == model


@pytest.mark.parametrize(
    ("name", "stages", "message"),
    [
        ("zoo:gsm_darft", None, "no model 'gsm_darft'.*gsm_draft"),
        ("stage:train", {}, "'stage:train' is no input of this stage.*add train"),
        ("stage:train", None, "'stage:train' is no input of this stage.*add train"),
        ("./nowhere", None, "nowhere holds no model"),
    ],
)
def test_what_is_not_there_is_said_with_the_way_out(name, stages, message):
    with pytest.raises(EngineError, match=message):
        local_folder(name, stages)


def test_a_model_is_its_content_its_stage_or_its_pinned_revision(model):
    assert model_identity(None, None) is None
    assert model_identity("org/name", "abc") == {"hub": "org/name", "revision": "abc"}
    assert model_identity("stage:train", None) == {"stage": "stage:train"}
    elsewhere = shutil.copytree(model, model.parent / "copy")
    assert model_identity(str(model), None) == model_identity(str(elsewhere), None)
