"""What a run must not confuse: models, devices, data, and who made a result."""

import shutil
import threading
from pathlib import Path

import pytest

from llmx.core.errors import ConfigError, LlmxError
from llmx.core.secrets import without_secrets
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.data import evaluation_identity
from llmx.data.corpus import CorpusStage
from llmx.engines.size import ZOO, model_identity
from llmx.graph.environment import made_with
from llmx.graph.folder import _link
from llmx.papers.fsd.stages.calibrate import CalibrateStage
from llmx.papers.fsd.stages.divergence_log import DivergenceLogStage
from llmx.stages.decode import DecodeStage
from llmx.stages.ensemble import EnsembleDecodeStage
from llmx.stages.latency import LatencyStage
from llmx.stages.speed import SpeedStage

DATA = DataSpec(kind="gsm_symbolic", templates=(43,), test=6, calibration=3)


def given(stage, arms, **options) -> StageInput:
    return StageInput(StageSpec(name="s", kind=stage.kind, options=options), arms)


def arm(**changes) -> ArmSpec:
    base = {"model": ModelSpec(target="zoo:gsm_target"), "data": DATA}
    return ArmSpec(**{**base, "sampler": SamplerSpec(algorithm="target"), **changes})


@pytest.mark.parametrize(
    "file", ["generation_config.json", "tokenizer_config.json", "chat_template.jinja"]
)
def test_every_file_that_decides_an_output_is_in_the_identity(tmp_path, file):
    folder = Path(shutil.copytree(ZOO / "gsm_draft", tmp_path / "model"))
    before = model_identity(str(folder), None)
    (folder / file).write_text((folder / file).read_text() + " ")
    assert model_identity(str(folder), None) != before


def test_the_card_is_no_part_of_what_a_model_is(tmp_path):
    folder = Path(shutil.copytree(ZOO / "gsm_draft", tmp_path / "model"))
    before = model_identity(str(folder), None)
    for card in ("README.md", "about.json"):
        (folder / card).write_text("another story")
    assert model_identity(str(folder), None) == before


ANSWERING = [
    DecodeStage(),
    CalibrateStage(),
    DivergenceLogStage(),
    SpeedStage(),
    EnsembleDecodeStage(),
    LatencyStage(),
]
PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
FUZZY = SamplerSpec(algorithm="fuzzy", draft_share=0.5)
READ = {
    "seed": {"seed": 1},
    "target": {"model": PAIR.model_copy(update={"target": "zoo:gsm_draft"})},
    "dtype": {"engine": EngineSpec(dtype="bfloat16")},
    **{
        f"data.{name}": {"data": DATA.model_copy(update={name: value})}
        for name, value in {"seed": 1, "instruction": "Think.", "templates": (10,)}.items()
    },
    **{
        f"sampler.{name}": {"sampler": FUZZY.model_copy(update={name: value})}
        for name, value in {
            "temperature": 0.1,
            "top_p": 0.5,
            "top_k": 3,
            "max_tokens": 9,
            "stop": ("x",),
            "repetition_penalty": 1.2,
            "gamma": 2,
            "draft": "greedy",
        }.items()
    },
}


@pytest.mark.parametrize("change", READ.values(), ids=READ)
@pytest.mark.parametrize("stage", ANSWERING, ids=lambda stage: stage.kind)
def test_what_an_answer_depends_on_is_in_its_identity(stage, change):
    """Else one output would stand for both: three seeds would be one sample, three times."""
    one, other = arm(model=PAIR, sampler=FUZZY), arm(**{"model": PAIR, "sampler": FUZZY, **change})
    assert stage.identity(given(stage, {"a": one})) == stage.identity(given(stage, {"a": one}))
    assert stage.identity(given(stage, {"a": one})) != stage.identity(given(stage, {"a": other}))


def test_a_timing_names_its_device_and_its_threads():
    stage = SpeedStage()
    found = [
        stage.identity(given(stage, {"a": arm(engine=EngineSpec(**engine))}))
        for engine in ({}, {"device": "cpu"}, {"threads": 2})
    ]
    assert all(one != other for n, one in enumerate(found) for other in found[:n])


def test_a_test_split_does_not_depend_on_what_is_drawn_after_it():
    def identity(split, **changes):
        return evaluation_identity(DATA.model_copy(update=changes), split)

    for later in ({"calibration": 9}, {"heldout_templates": (33,)}, {"train": 5}, {"heldout": 5}):
        assert identity("test", **later) == identity("test")
    assert identity("calibration", calibration=9) != identity("calibration")


OPTIONS = {"a word": "many", "zero": 0, "negative": -1, "a fraction": 1.5, "a truth": True}


@pytest.mark.parametrize("value", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("stage", [DecodeStage(), SpeedStage()], ids=lambda stage: stage.kind)
def test_a_number_of_problems_is_a_whole_number(stage, value):
    with pytest.raises(ConfigError, match=r"stages\.s\.problems is .*whole number"):
        stage.identity(given(stage, {"a": arm()}, problems=value))


def test_an_unknown_split_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean test"):
        DecodeStage().identity(given(DecodeStage(), {"a": arm()}, split="tset"))


def test_a_corpus_of_two_datasets_is_refused():
    other = DATA.model_copy(update={"seed": 1})
    with pytest.raises(LlmxError, match="one dataset and the arms have 2"):
        CorpusStage().identity(given(CorpusStage(), {"a": arm(), "b": arm(data=other)}))


@pytest.mark.parametrize("device", ["tpu", "cuda:", "gpu", ""])
def test_an_unknown_device_is_refused(device):
    with pytest.raises(ValueError, match="device"):
        EngineSpec(device=device)


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("sampler.max_tokens=5", "sampler.max_tokens=5"),
        ("engine.api_key=abc", "engine.api_key=…"),
        ("hub_token=abc", "hub_token=…"),
        ("password=abc", "password=…"),
        ("model.tokenizer=x", "model.tokenizer=x"),
    ],
)
def test_secrets_are_blanked_and_settings_are_not(word, written):
    assert without_secrets([word]) == [written]


def test_a_result_says_what_made_it():
    assert {"written", "code", "python", "packages", "machine"} == set(made_with())


def test_two_processes_may_bring_the_same_file(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("whole")
    _link(source, target)
    seen: list[str] = []

    def look() -> None:
        seen.extend(target.read_text() for _ in range(2000))  # raises if it is ever missing

    reader = threading.Thread(target=look)
    reader.start()
    while reader.is_alive():
        _link(source, target)
    assert len(seen) == 2000 and set(seen) == {"whole"}
    assert not list(tmp_path.glob(".*"))


def test_a_device_that_is_not_there_is_refused_in_one_line():
    torch = pytest.importorskip("torch")
    from llmx.engines.pair import _device

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(LlmxError, match=r"engine\.device=auto"):
        _device("cuda:0")
    assert _device("auto") == "cpu"


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    from llmx.engines.pair import load_pair

    folder = Path(shutil.copytree(ZOO / "gsm_draft", tmp_path / "model"))
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    pair = load_pair(ModelSpec(target=str(folder)), EngineSpec(), {})
    with pytest.raises(LlmxError, match=r"no numbers, in model\.norm\.weight"):
        _ = pair.target
