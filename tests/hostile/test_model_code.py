"""A model runs no code: none that its settings name, none out of a pickle, whoever loads it."""

import ast
import io
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import llmx
from llmx.core.errors import EngineError
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.engines import pretrained
from llmx.engines.pair import load_pair
from llmx.engines.pretrained import explained, in_one_line
from llmx.engines.size import ZOO, content_hash

ROOT = Path(str(llmx.__file__)).parent
CODE = """\
open({boom!r}, "w").write("ran")
from transformers import PreTrainedTokenizerFast, LlamaConfig, LlamaForCausalLM

class T(PreTrainedTokenizerFast):
    pass

class C(LlamaConfig):
    model_type = "evil"

class M(LlamaForCausalLM):
    config_class = C
"""


@pytest.fixture(autouse=True)
def says_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who types `y` at every question, or a pipe that does."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n" * 50))
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMX_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "300")


def change(path: Path, **settings: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a small model, with a file of code beside it."""
    made = tmp_path / "model"
    shutil.copytree(ZOO / "gsm_draft", made)
    for path in made.iterdir():
        path.chmod(0o644)
    (made / "evil.py").write_text(CODE.format(boom=str(tmp_path / "BOOM")))
    return made


def evil_tokenizer(folder: Path) -> None:
    named = {"AutoTokenizer": ["evil.T", "evil.T"]}
    change(folder / "tokenizer_config.json", auto_map=named, tokenizer_class="T")


def evil_config(folder: Path) -> None:
    named = {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}
    change(folder / "config.json", model_type="evil", auto_map=named, architectures=["M"])


def evil_model(folder: Path) -> None:
    named = {"AutoModelForCausalLM": "evil.M", "AutoConfig": "evil.C"}
    change(folder / "config.json", auto_map=named)


def evil_generation(folder: Path) -> None:
    place = folder / "custom_generate"
    place.mkdir()
    shutil.copy(folder / "evil.py", place / "generate.py")
    change(folder / "generation_config.json", auto_map={"GenerationConfig": "evil.C"}, new=1)


EVILS: dict[str, Callable[[Path], None]] = {
    "tokenizer": evil_tokenizer,
    "config": evil_config,
    "model": evil_model,
    "generation": evil_generation,
}


def _base(folder: Path) -> Any:
    from llmx.train.post_training.base import Base

    return Base(str(folder), folder, None)


def _trained_positions(folder: Path) -> Any:
    from llmx.train.post_training.base import known_positions

    return known_positions(_base(folder))


def _trained_tokenizer(folder: Path) -> Any:
    from llmx.train.post_training.base import load_tokenizer

    return load_tokenizer(_base(folder))


def _pair(folder: Path) -> Any:
    return load_pair(ModelSpec(target=str(folder)), EngineSpec(kernel="torch"), {})


CALLS: dict[str, Callable[[Path], Any]] = {
    "tokenizer": lambda folder: pretrained.tokenizer(str(folder)),
    "config": lambda folder: pretrained.config(str(folder)),
    "generation": lambda folder: pretrained.generation_config(str(folder)),
    "model": lambda folder: pretrained.causal_model(str(folder)),
    "engine's tokenizer": lambda folder: _pair(folder).tokenizer,
    "engine's context": lambda folder: _pair(folder).context,
    "engine's ends": lambda folder: _pair(folder).eos_ids,
    "engine's model": lambda folder: _pair(folder).target,
    "training's tokenizer": _trained_tokenizer,
    "training's context": _trained_positions,
}
STOPPED = {
    *(("tokenizer", call) for call in ("tokenizer", "engine's tokenizer", "engine's ends")),
    ("tokenizer", "training's tokenizer"),
    *(("config", call) for call in CALLS if call not in ("generation", "engine's ends")),
    ("config", "engine's ends"),
}


@pytest.mark.parametrize("evil", EVILS)
@pytest.mark.parametrize("call", CALLS)
def test_no_call_runs_a_models_code(folder, tmp_path, evil, call):
    EVILS[evil](folder)
    stopped = None
    try:
        with explained(str(folder)):
            CALLS[call](folder)
    except EngineError as error:
        stopped = error
    assert not (tmp_path / "BOOM").exists()
    if stopped is not None:
        assert "code of its own" in stopped.message and "\n" not in stopped.message
        assert "--trust-remote-code" in stopped.hint
    elif (evil, call) in STOPPED and evil == "tokenizer":
        pytest.fail("what names code of its own was loaded in another way")


def run(*words: str) -> Result:
    from llmx.cli.app import app

    return CliRunner().invoke(app, list(words), prog_name="llmx", input="y\n" * 20)


def asked(folder: Path, *words: str) -> Result:
    return run("run", "recipe=gsm_answers", f"model.target={folder}", "model.draft=null",
               "arms=[greedy]", "scale=smoke", "--limit", "2", "--workers", "1", "--runs", "runs",
               "engine.kernel=torch", "--quiet", *words)  # fmt: skip


def test_the_command_is_stopped_in_one_line_and_the_flag_is_the_only_way(
    folder, tmp_path, monkeypatch
):
    evil_tokenizer(folder)
    monkeypatch.setattr(
        "transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules")
    )
    done = asked(folder)
    assert done.exit_code == 2 and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "brings code of its own (auto_map in its settings), which is not run" in done.stderr
    assert not (tmp_path / "BOOM").exists()
    done = asked(folder, "--trust-remote-code")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "BOOM").read_text() == "ran"
    (manifest,) = (tmp_path / "runs").glob("*/manifest.json")
    told = json.loads(manifest.read_text())
    assert told["trust_remote_code"] is True
    decode = next(stage for stage in told["stages"] if stage["kind"] == "decode")
    assert decode["identity"]["engine"]["trust_remote_code"] is True


def test_code_beside_a_model_is_part_of_what_it_is(folder):
    before = content_hash(folder)
    (folder / "evil.py").write_text("pass\n")
    assert content_hash(folder) != before


class Pickled:
    """A pickle that leaves a file behind where it is read."""

    def __init__(self, boom: Path) -> None:
        self.boom = boom

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.boom}",)


PICKLES = ["pytorch_model.bin", "model.pt", "weights.pth", "model.ckpt", "model.pkl",
           "tf_model.h5", "flax_model.msgpack", "pytorch_model-00001-of-00002.bin"]  # fmt: skip


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("call", ["model", "engine's model"])
def test_pickled_weights_are_refused_by_name(folder, tmp_path, name, call):
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Pickled(tmp_path / "BOOM")))
    with pytest.raises(EngineError) as found, explained(str(folder)):
        CALLS[call](folder)
    assert f"{name} holds pickled weights" in found.value.message
    assert "safetensors" in found.value.hint and "\n" not in str(found.value)
    assert not (tmp_path / "BOOM").exists()


def test_safetensors_beside_a_pickle_are_what_is_read(folder, tmp_path):
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Pickled(tmp_path / "BOOM")))
    pretrained.causal_model(str(folder))
    assert not (tmp_path / "BOOM").exists()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "../x.safetensors", "/x.safetensors", 3])
def test_an_index_names_safetensors_of_its_own_folder(folder, tmp_path, name):
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Pickled(tmp_path / "BOOM")))
    index = {"metadata": {}, "weight_map": {"lm_head.weight": name}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(EngineError, match=r"index\.json names"):
        pretrained.causal_model(str(folder))
    assert not (tmp_path / "BOOM").exists()


@pytest.mark.parametrize("where", [{"attn_implementation": "evil/kernel"},
                                   {"_attn_implementation": "evil/kernel@main"},
                                   {"text_config": {"attn_implementation": "evil/kernel"}},
                                   {"experts_implementation": "evil/kernel"}])  # fmt: skip
def test_a_kernel_of_the_hub_is_code(folder, where):
    change(folder / "config.json", **where)
    with pytest.raises(EngineError, match="names a kernel of the hub"):
        pretrained.causal_model(str(folder))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("contains code.\nPlease pass the argument `trust_remote_code=True`", "code of its own"),
        ("no file named model.safetensors or do not set `use_safetensors=True`.", "no *.safeten"),
    ],
)
def test_what_libraries_say_to_switch_on_is_not_passed_on(said, told):
    error = in_one_line("org/model", OSError(said))
    assert told in error.message
    assert "=True" not in str(error)


LOADING = {"from_pretrained", "from_config", "load_dataset", "load_dataset_builder", "pipeline"}
UNPICKLING = {"torch.load", "pickle.load", "pickle.loads", "joblib.load", "pd.read_pickle"}
HERE = "engines/pretrained.py"


def loading_calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def test_every_call_that_loads_says_no_to_code():
    seen = set()
    for path in sorted(ROOT.rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for node in loading_calls(path):
            assert called(node) not in UNPICKLING, f"{name}:{node.lineno}"
            if called(node).rpartition(".")[2] not in LOADING:
                continue
            seen.add(name)
            said = {word.arg: ast.unparse(word.value) for word in node.keywords}
            fits = said.get("trust_remote_code") == "False" or (
                name == HERE and said.get("trust_remote_code") == "trust_remote_code"
            )
            assert fits, f"{name}:{node.lineno} loads without trust_remote_code=False"
    # sentence-transformers loads its modules through a method of theirs.
    own = {HERE, "data/hub.py", "engines/embed/vision_module.py"}
    assert seen == own, "models are loaded in one place"


def test_vllm_is_told_so_too():
    from llmx.core.spec import SamplerSpec
    from llmx.engines.vllm.settings import engine_arguments

    model, sampler = ModelSpec(target="zoo:gsm_target"), SamplerSpec(algorithm="target")
    found = engine_arguments(model, EngineSpec(kind="vllm"), sampler, {})
    assert found["trust_remote_code"] is False and found["load_format"] == "safetensors"
    trusted = EngineSpec(kind="vllm", trust_remote_code=True)
    assert engine_arguments(model, trusted, sampler, {})["trust_remote_code"] is True
    typed = EngineSpec(kind="vllm", options={"trust_remote_code": True})
    with pytest.raises(Exception, match="trust_remote_code follows from the recipe"):
        engine_arguments(model, typed, sampler, {})
