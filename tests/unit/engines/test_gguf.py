"""A GGUF file: its header is read without a library, and its weights are what its blocks say."""

import json
import shutil
import struct

import numpy as np
import pytest
from gguf_files import write_file, write_gguf
from safetensors.numpy import load_file

from llmx.core.errors import EngineError
from llmx.core.install import with_extra
from llmx.core.record import Sample
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import ask
from llmx.engines import derived
from llmx.engines.gguf import read_header
from llmx.engines.hf import HfEngine
from llmx.engines.pair import load_pair, ready_folder
from llmx.engines.size import ZOO, local_folder, model_identity, model_size

ZOO_DRAFT = ZOO / "gsm_draft"
TEMPLATE = (ZOO_DRAFT / "chat_template.jinja").read_text()


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The zoo's draft in Q8_0, and the weights that its blocks say."""
    path = tmp_path_factory.mktemp("gguf") / "draft.gguf"
    return path, write_gguf(path, ZOO_DRAFT, template=TEMPLATE, packed=True)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """What is made is kept here."""
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


def test_a_plan_knows_the_size_of_a_file_as_of_its_folder(packed):
    path, _ = packed
    assert model_size(str(path)) == model_size("zoo:gsm_draft")
    assert read_header(path).said() == "Q8_0 in 15 tensors, F32 in 5"
    assert read_header(path).quantised == {"Q8_0": 15}
    grouped = path.with_name("grouped.gguf")
    for heads in (1, [1, 0]):  # the same in all layers, or one number a layer
        write_gguf(grouped, ZOO_DRAFT, llama__attention__head_count_kv=heads)
        assert model_size(str(grouped)).kv_width == 32


def test_a_file_is_found_by_its_path_and_by_its_folder(packed, tmp_path, monkeypatch):
    path = shutil.copy(packed[0], tmp_path / "a b.gguf")
    monkeypatch.chdir(tmp_path)
    for name in ("a b.gguf", "./a b.gguf", str(path), ".", "./", str(tmp_path) + "/"):
        assert local_folder(name).resolve() == path
    shutil.copy(path, "mmproj-f16.gguf")  # reads pictures for a model
    assert local_folder(".").resolve() == path
    shutil.copy(path, "other.gguf")
    with pytest.raises(EngineError, match=r"2 GGUF files: a b.gguf, other.gguf.*name one: .*a b"):
        local_folder(".")


def test_a_file_is_known_by_its_content_alone(packed, tmp_path):
    path = shutil.copy(packed[0], tmp_path / "renamed.gguf")
    first, other = (model_identity(str(one), None) for one in (packed[0], path))
    assert first == other and set(first) == {"content", "dequantised"}
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    assert model_identity(str(path), None) != first


def unknown(raw: bytes) -> bytes:
    return raw[:24] + struct.pack("<Q", 4) + b"name" + b"\x63\0\0\0" * 900


def huge(raw: bytes) -> bytes:
    return raw[:8] + struct.pack("<QQ", 2**60, 2**60) + raw[24:]


WRONG = {
    "no magic": (lambda raw: b"GGML" + raw[4:], "does not begin with GGUF"),
    "empty": (lambda raw: b"", "not a whole GGUF file"),
    "another version": (lambda raw: raw[:4] + struct.pack("<I", 9) + raw[8:], "version 9"),
    "counts beyond the file": (huge, "middle of its header"),
    "cut in its header": (lambda raw: raw[:200], "middle of its header"),
    "an unknown kind": (unknown, "no kind"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_whole_file_is_said_in_one_line(packed, tmp_path, name):
    change, message = WRONG[name]
    path = tmp_path / "x.gguf"
    path.write_bytes(change(packed[0].read_bytes()))
    with pytest.raises(EngineError, match=message) as told:
        read_header(path)
    assert str(path) in told.value.message and "\n" not in str(told.value)


def test_one_part_of_several_is_refused_with_the_way_to_join(tmp_path):
    settings = {"general.architecture": "llama", "split.count": 3}
    write_file(tmp_path / "x.gguf", settings, {"w": ((2, 32), 0, b"\0" * 256)})
    with pytest.raises(EngineError, match=r"one of 3 parts.*llama-gguf-split --merge"):
        read_header(tmp_path / "x.gguf")


def test_a_tensor_larger_than_its_file_is_refused(tmp_path):
    write_file(tmp_path / "x.gguf", {"general.architecture": "llama"}, {"w": ((2**40, 32), 0, b"")})
    with pytest.raises(EngineError, match="larger than the file"):
        read_header(tmp_path / "x.gguf")


def test_without_the_package_the_hint_names_the_interpreter_that_runs(packed, monkeypatch):
    monkeypatch.setattr(derived, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match="GGUF file") as told:
        ready_folder(str(packed[0]))
    assert told.value.hint == with_extra("gguf")


def test_a_file_answers_as_the_folder_of_what_its_blocks_say(packed, cache, tmp_path):
    """Weights, tokens, template and ends are those of a folder with what the blocks say."""
    pytest.importorskip("gguf", reason="the package gguf is not here: pip install 'llmx-lab[gguf]'")
    path, weights = packed
    folder = ready_folder(str(path))
    found = load_file(folder / "model.safetensors")
    assert found.keys() == weights.keys()
    assert all(np.array_equal(found[name], weights[name]) for name in weights)
    config = json.loads((folder / "config.json").read_text())
    assert "quantization_config" not in config
    made, plain = (
        load_pair(ModelSpec(target=str(one)), EngineSpec(), {}) for one in (path, ZOO_DRAFT)
    )
    assert made.tokenizer.get_vocab() == plain.tokenizer.get_vocab()
    assert made.eos_ids == plain.eos_ids and made.context == plain.context
    assert made.tokenizer.chat_template == plain.tokenizer.chat_template
    # Kept: asked again nothing is made, and what was damaged is made anew.
    before = (folder / "config.json").stat().st_mtime_ns
    assert ready_folder(str(path)) == folder and folder.parent == cache
    assert (folder / "config.json").stat().st_mtime_ns == before
    (folder / "config.json").write_text("{}")
    assert json.loads((ready_folder(str(path)) / "config.json").read_text()) == config
    sampler = SamplerSpec(algorithm="target", temperature=0, max_tokens=4)
    sample = Sample(id="1", question="Tom has 3 apples. How many?", answer="3")
    engine = HfEngine(ModelSpec(target=str(path)), EngineSpec())
    (record,) = engine.generate([ask(sample, "", sampler, 0)])
    assert record.tokens > 0 and sample.question in record.prompt


def test_a_full_disk_is_seen_before_anything_is_unpacked(packed, monkeypatch):
    monkeypatch.setattr(derived, "find_spec", lambda name: name)
    usage = shutil._ntuple_diskusage(1, 1, 0)
    monkeypatch.setattr(derived.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(EngineError, match=r"takes 0.0 GB in float32, and .* has 0.0 GB"):
        ready_folder(str(packed[0]))


def test_a_file_that_lacks_a_weight_is_refused(tmp_path):
    pytest.importorskip("gguf", reason="the package gguf is not here: pip install 'llmx-lab[gguf]'")
    path = tmp_path / "x.gguf"
    write_gguf(path, ZOO_DRAFT, template=TEMPLATE, llama__block_count=3)
    with pytest.raises(EngineError, match=r"cannot load|lacks"):
        ready_folder(str(path))
