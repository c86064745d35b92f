"""A training that was killed ends at the weights of one that was not; what ships answers alike."""

import json
import random
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from counts import count
from forked import EndsAt

import llmx
from llmx.core.errors import ConfigError
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, ShapeSpec, StageSpec, TrainerSpec
from llmx.core.stage import StageContext, StageInput
from llmx.store.files import read_json, write_lines
from llmx.store.fingerprint import fingerprint
from llmx.train.language_model import TrainStage

STEPS, SAVED = 12, 5
WITHIN = "e4026df94a4060413478"


class Steps(Silent):
    """Remembers where a training started and how many steps it made."""

    def __init__(self) -> None:
        self.before = self.made = 0

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        self.before = done

    def advance(self, amount: int = 1) -> None:
        self.made += amount


def given(**trainer: Any) -> StageInput:
    fast = {"batch_size": 4, "learning_rate": 3e-3, "warmup_steps": 2, "bf16": False}
    arm = ArmSpec(
        seed=3,
        shape=ShapeSpec(layers=2, hidden=64, intermediate=96, head_dim=32, context=384),
        trainer=TrainerSpec(**{"steps": STEPS, "save_steps": SAVED, **fast, **trainer}),
    )
    stage = StageSpec(name="train", kind="train", needs=("corpus", "tokenizer"))
    return StageInput(stage, {"main": arm})


def train(corpus: Path, out: Path, progress: Any, **trainer: Any) -> None:
    inputs = {"corpus": corpus, "tokenizer": corpus}
    out.mkdir(exist_ok=True)
    TrainStage().run(StageContext(given(**trainer), {}, inputs, out, progress))


def train_until_killed(corpus: str, out: str, step: int, trainer: dict[str, Any]) -> None:
    """Train, and end the process after a step; for processes of their own."""
    train(Path(corpus), Path(out), EndsAt(step), **trainer)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, tokenizer, rows) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_lines(folder / "train.jsonl", rows)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, corpus) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    train(corpus, out, Silent())
    return out


@pytest.mark.slow
@pytest.mark.parametrize("at", [8], ids=["between two checkpoints"])
def test_a_killed_training_ends_at_the_same_weights(corpus, undisturbed, forks, tmp_path, at):
    forks.kill("test_training:train_until_killed", str(corpus), str(tmp_path / "out"), at, {})
    assert (tmp_path / "out/checkpoints/checkpoint-5/trainer_state.json").exists()
    assert not (tmp_path / "out/model").exists()
    steps = Steps()
    train(corpus, tmp_path / "out", steps)
    assert (steps.before, steps.made) == (SAVED, STEPS - SAVED)
    one, other = (out / "model/model.safetensors" for out in (undisturbed, tmp_path / "out"))
    assert one.read_bytes() == other.read_bytes()


LONG = {"steps": 24, "save_steps": 2, "batch_size": 8}  # 64 rows: a pass is 8 steps


@pytest.fixture(scope="module")
def long(tmp_path_factory, corpus) -> Path:
    out = tmp_path_factory.mktemp("long") / "out"
    train(corpus, out, Silent(), **LONG)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(count(1, 6)))
def test_kills_in_three_passes_over_the_rows_change_nothing(corpus, long, forks, tmp_path, seed):
    rng, out = random.Random(seed), tmp_path / "out"
    for passed in range(3):
        step = 8 * passed + rng.randint(1, 8)
        forks.kill("test_training:train_until_killed", str(corpus), str(out), step, LONG)
        assert not (out / "model").exists()
    train(corpus, out, Silent(), **LONG)
    for name in ("model/model.safetensors", "training.json"):
        assert (out / name).read_bytes() == (long / name).read_bytes(), name


@pytest.mark.slow
def test_a_training_that_ended_before_its_model_was_left_takes_no_step_more(
    corpus, undisturbed, tmp_path, monkeypatch
):
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("llmx.train.language_model.write_json", stop)
        train(corpus, tmp_path / "out", Silent())
    assert (tmp_path / f"out/checkpoints/checkpoint-{STEPS}").exists()
    steps = Steps()
    train(corpus, tmp_path / "out", steps)
    assert (steps.before, steps.made) == (STEPS, 0)
    for name in ("model/model.safetensors", "training.json"):
        one, other = (out / name for out in (undisturbed, tmp_path / "out"))
        assert one.read_bytes() == other.read_bytes(), name


@pytest.mark.slow
def test_a_finished_training_leaves_a_model_and_its_curve(undisturbed):
    about = read_json(undisturbed / "training.json")
    assert about["steps"] == STEPS and about["examples"] == 64
    assert about["parameters"] == 384 * 64 + 2 * (4 * 64**2 + 3 * 64 * 96 + 2 * 64) + 64
    assert not (undisturbed / "checkpoints").exists()
    for path in (undisturbed / "model").iterdir():
        assert str(undisturbed.parent).encode() not in path.read_bytes(), path.name


def header(path: Path) -> dict[str, Any]:
    with path.open("rb") as handle:
        (length,) = struct.unpack("<Q", handle.read(8))
        return json.loads(handle.read(length))


@pytest.mark.slow
def test_what_ships_is_half_as_large_and_answers_alike(undisturbed, rows, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from llmx.train.zoo_card import export

    export(undisturbed / "model", tmp_path / "ships")
    weights = header(tmp_path / "ships/model.safetensors")
    assert {held["dtype"] for name, held in weights.items() if name != "__metadata__"} == {"F16"}
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "ships")
    ids = tokenizer([row["question"] for row in rows[:4]], padding=True, return_tensors="pt")
    places = (undisturbed / "model", tmp_path / "ships")
    trained, shipped = (
        AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32) for folder in places
    )
    with torch.inference_mode():
        before = trained(ids["input_ids"]).logits
        for weight in trained.parameters():
            weight.copy_(weight.half())
        after, rounded = (model(ids["input_ids"]).logits for model in (shipped, trained))
    assert torch.equal(after, rounded)  # nothing but the rounding to float16 has changed
    assert float(before.std()) > 0.1  # trained enough for the bound to mean something
    assert 0 < float((before - after).abs().max()) < 3e-3 * float(before.abs().max())


@pytest.mark.slow
def test_what_ships_names_no_place_of_this_machine(undisturbed, tmp_path):
    from llmx.train.zoo_card import export

    export(undisturbed / "model", tmp_path / "ships")
    for path in (tmp_path / "ships").iterdir():
        assert path.stat().st_mode & 0o777 == 0o644
        content = path.read_bytes()
        assert str(tmp_path).encode() not in content and str(undisturbed).encode() not in content
    config = read_json(tmp_path / "ships/tokenizer_config.json")
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"


def identity(**trainer: Any) -> Any:
    return TrainStage().identity(given(**trainer))


@pytest.mark.parametrize("change", [{"batch_size": 5}, {"learning_rate": 1e-3}, {"bf16": True}])
def test_what_changes_the_weights_is_in_the_identity(change):
    assert identity(**change) != identity()


def test_threads_and_checkpoints_are_accidents():
    other = given().arm.trainer.model_copy(update={"threads": 2, "save_steps": 1})
    arm = given().arm.model_copy(update={"trainer": other})
    assert TrainStage().identity(StageInput(given().stage, {"main": arm})) == identity()


def taking(**options: Any) -> StageInput:
    plain = given()
    return replace(plain, stage=plain.stage.model_copy(update={"options": options}))


def test_a_tokenizer_that_is_taken_is_in_the_identity_and_none_says_nothing():
    names = ("zoo:gsm_target", "zoo:gsm_draft")
    found = [fingerprint(TrainStage().identity(taking(tokenizer=name))) for name in names]
    assert len({*found, WITHIN}) == 3
    assert fingerprint(TrainStage().identity(taking(tokenizer=None))) == WITHIN


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokenizer": "zoo:gsm_draft", "base": "zoo:gsm_target"}, "zoo:gsm_target has its own"),
        ({"tokenizer": "nowhere"}, "stages.train.tokenizer is 'nowhere' .a folder, or zoo:NAME"),
    ],
)
def test_a_tokenizer_that_cannot_be_taken_is_refused_before_anything_runs(options, message):
    with pytest.raises(ConfigError, match=message):
        TrainStage().identity(taking(**options))


@pytest.mark.slow
def test_a_model_has_the_tokenizer_that_its_training_takes(tmp_path, rows):
    write_lines(tmp_path / "train.jsonl", rows[:8])
    about = taking(tokenizer="zoo:gsm_draft")
    quick = about.arm.trainer.model_copy(update={"steps": 1, "warmup_steps": 0})
    about = replace(about, arms={"main": about.arm.model_copy(update={"trainer": quick})})
    (tmp_path / "out").mkdir()
    TrainStage().run(StageContext(about, {}, {"c": tmp_path}, tmp_path / "out", Silent()))
    made = read_json(tmp_path / "out/model/tokenizer.json")
    ships = read_json(Path(str(llmx.__file__)).parent / "zoo/gsm_draft/tokenizer.json")
    assert made["model"] == ships["model"] and made["added_tokens"] == ships["added_tokens"]
    assert read_json(tmp_path / "out/model/config.json")["vocab_size"] == 1536


def over_rows(rows: int, **trainer: Any) -> str:
    """The fingerprint of what a recipe asks for whose corpus has `rows` problems to train on."""
    plain = given(**trainer)
    arm = plain.arm.model_copy(update={"data": DataSpec(kind="gsm_symbolic", train=rows)})
    stages = (
        StageSpec(name="corpus", kind="corpus"),
        StageSpec(name="tokenizer", kind="tokenizer"),
    )
    about = replace(plain, arms={"main": arm}, stages={stage.name: stage for stage in stages})
    return fingerprint(TrainStage().identity(about))


def test_a_training_within_one_pass_is_what_it_was_and_a_longer_one_is_another():
    """12 steps of 4 rows; the first name was written down before there was an order of our own."""
    assert over_rows(48) == over_rows(45) == over_rows(400) == fingerprint(identity()) == WITHIN
    assert over_rows(44) not in (WITHIN, over_rows(48, steps=11)) and over_rows(44) == over_rows(4)


@pytest.mark.parametrize("missing", ["shape", "trainer"])
def test_an_arm_without_shape_or_trainer_is_refused(missing):
    arm = given().arm.model_copy(update={missing: None})
    with pytest.raises(ConfigError, match="needs a shape and a trainer"):
        TrainStage().identity(StageInput(given().stage, {"main": arm}))


def test_a_stage_without_corpus_says_what_is_missing(tmp_path):
    context = StageContext(given(), {}, {"corpus": tmp_path}, tmp_path, Silent())
    with pytest.raises(ConfigError, match=r"'train' needs a stage that writes tokenizer.json"):
        TrainStage().run(context)
