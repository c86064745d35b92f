"""The course of a training, whatever it trains: a language model, or an encoder of another package.

`sft` and the toy stage of pairs_stage.py pass the same tests.
"""

import json
from dataclasses import asdict, replace

import pytest
from counts import THOROUGH
from pairs_stage import save_bag
from tiny import FAST, ROWS, Work, save_data, save_tiny_llama, tokenizer

from llmx.core.errors import ConfigError, DataError, RunError, StoreError
from llmx.core.progress import Silent
from llmx.core.registry import lookup
from llmx.store.files import read_json

KINDS = ("sft", "pairs")
STEPS = {**FAST, "max_steps": 10, "save_steps": 2, "learning_rate": 1e-2}
del STEPS["gradient_checkpointing"]
BYTES = ("model/model.safetensors", "training.json", "audit.json", "rows.json")


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    return save_bag(tmp_path_factory.mktemp("bag") / "model", tokenizer())


@pytest.fixture
def course(model, encoder, data, tmp_path):
    def make(kind, settings=STEPS, **more):
        base = {"sft": model, "pairs": encoder}[kind]
        return Work(kind, base, data, tmp_path / "out", dict(settings), **more)

    return make


class Steps(Silent):
    made = before = 0

    def start(self, total, done=0, unit="samples"):
        self.before = done

    def advance(self, amount=1):
        self.made += amount


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS if THOROUGH else ["pairs"])
def test_killed_at_any_moment_it_ends_at_the_same_bytes(course, forks, kind):
    """In a step, inside a save, while the model is written, and in the second pass over the rows.

    For `sft` test_resume.py tries some of these moments in every run of the tests.
    """
    job = course(kind)
    whole = replace(job, out=job.out.parent / "undisturbed").run()
    about = json.dumps(asdict(job), default=str)
    for moment, at in (("step", 3), ("save", 2), ("step", 3), ("export", 1)):
        forks.kill("killed:main", about, moment, at)
    steps = Steps()
    job.run(steps)
    assert steps.made == 0  # all was trained before the model was written
    for name in BYTES:
        assert (job.out / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_says_what_it_did(course, kind):
    job = course(kind)
    steps = Steps()
    out = job.run(steps)
    about = read_json(out / "training.json")
    losses = [point["loss"] for point in about["curve"]]
    assert (steps.before, steps.made, len(losses)) == (0, 10, 10)
    assert losses[-1] < losses[0]
    assert (about["kind"], about["steps"]) == (kind, 10)
    assert about["provenance"]["rows"]["count"] == len(ROWS)
    assert {path.name for path in (out / "model").iterdir()} >= {
        *("config.json", "model.safetensors", "tokenizer.json", "README.md"),
    }
    checks = {one["check"]: one["passed"] for one in read_json(out / "audit.json")["checks"]}
    assert checks["fed as shown"] and checks["overlap with test"]
    assert not (out / "checkpoints").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_is_tested_on_is_refused(course, tmp_path, kind):
    rows = [*ROWS, {"question": "What is 0 plus 90?", "solution": "90"}]
    job = replace(course(kind), data=save_data(tmp_path / "seen", rows))
    with pytest.raises(DataError, match="overlap with test, 1 of 25"):
        job.run()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_trainer_that_feeds_other_tokens_than_shown_is_refused(course, monkeypatch, kind):
    stage = lookup("stage", kind)
    monkeypatch.setattr(stage, "fed", lambda self, trainer, count: [((1, 2), (1, 1))] * count)
    with pytest.raises(RunError, match="feeds other tokens"):
        course(kind).run()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_diverges_says_so(course, kind):
    huge = {**STEPS, "learning_rate": 3e38, "max_grad_norm": 0.0}
    with pytest.raises(RunError, match="diverged"):
        course(kind, huge).run()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_of_another_model_is_refused(course, forks, tmp_path, kind):
    job = course(kind)
    forks.kill("killed:main", json.dumps(asdict(job), default=str), "step", 3)
    other = tmp_path / "other"
    wide = save_tiny_llama(other, hidden=32) if kind == "sft" else None
    found = wide or save_bag(other, tokenizer(), width=8)
    with pytest.raises(StoreError, match="checkpoint of another model"):
        replace(job, model=found).run()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"learning_rat": 1e-3}, "unknown setting 'learning_rat'"),
        ({"output_dir": "/tmp"}, "cannot be set"),
        ({"learning_rate": "fast"}, "must be float"),
        ({"train_sampling_strategy": "group_by_length"}, "cannot be"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_the_plan(course, kind, settings, said):
    with pytest.raises(ConfigError, match=said):
        lookup("stage", kind)().identity(course(kind, settings).given())


def test_each_kind_knows_the_settings_of_its_own_configuration(course):
    """`packing` is TRL's, and transformers' trainer has no such thing."""
    settings = {**STEPS, "packing": False}
    assert lookup("stage", "sft")().identity(course("sft", settings).given())
    with pytest.raises(ConfigError, match="unknown setting 'packing'"):
        lookup("stage", "pairs")().identity(course("pairs", settings).given())


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_change_a_weight_is_in_its_name_and_what_cannot_is_not(course, kind):
    def name(**settings):
        return lookup("stage", kind)().identity(course(kind, {**STEPS, **settings}).given())

    assert name() != name(learning_rate=1e-3)
    assert name() == name(save_steps=5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_plan_needs_what_it_trains_with_and_no_more(course, monkeypatch, kind):
    """An encoder needs no TRL."""
    from llmx.train.post_training import stage

    monkeypatch.setattr(stage, "installed", lambda package: package != "trl")
    refusal = lookup("stage", kind)().plan(course(kind).given()).refusal
    assert (refusal is not None and "needs trl" in refusal.message) == (kind == "sft")
