"""The stage `contrastive`: it learns, ends at the same bytes after kills, and refuses bad input."""

import json
import re
import shutil
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from contrasted import FAST, ROWS, save_pairs
from counts import count

from llmx.core.errors import ConfigError, DataError, EngineError, LlmxError, RunError
from llmx.core.options import faults
from llmx.core.registry import lookup
from llmx.core.spec import StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.papers.b3.plan_file import write_plan
from llmx.store.files import read_json, read_lines

STEPS = 24  # 64 rows in batches of 8, three times


def weights(out):
    return (out / "model" / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_it_learns_and_says_what_it_did(contrast):
    out = contrast().run()
    about = read_json(out / "training.json")
    told = ("steps", "samples", "texts", "rows", "batch", "negatives", "texts_per_step")
    assert tuple(about[name] for name in told) == (STEPS, 192, 384, 64, 8, 0, 16)
    assert about["plan"] == contrast().plan().digest() and about["seconds"] > 0
    curve = read_lines(out / "curve.jsonl")
    assert [row["step"] for row in curve] == list(range(2, STEPS + 1, 2))
    assert curve[-1]["loss"] < curve[0]["loss"] - 0.2
    assert curve[-1]["in_batch_accuracy"] > curve[0]["in_batch_accuracy"]
    assert [row["samples"] for row in curve[:2]] == [16, 32]
    assert all(a["seconds"] <= b["seconds"] for a, b in pairwise(curve))
    points = read_lines(out / "evaluations.jsonl")
    assert [(row["step"], row["samples"], row["texts"]) for row in points] == [
        *((0, 0, 0), (12, 96, 192), (24, 192, 384)),
    ]
    assert {(row["split"], row["metric"], len(row["ids"])) for row in points} == {
        ("test", "ndcg@10", 6)
    }
    assert np.mean(points[-1]["values"]) > np.mean(points[0]["values"])
    assert not (out / "checkpoints").exists() and (out / "model" / "README.md").exists()


@pytest.mark.slow
def test_the_model_is_one_of_sentence_transformers_and_the_last_point_is_that_of_retrieve(contrast):
    job = contrast()
    context = job.context()
    out = job.run()
    options = {"model": "stage:train", "k": 10, "metrics": ["ndcg@10", "hit@1"]}
    stage = StageSpec(name="retrieve", kind="retrieve", needs=("train",), options=options)
    given = StageInput(stage, dict(context.given.arms))
    found = job.folder / "retrieved"
    found.mkdir()
    lookup("stage", "retrieve")().run(
        StageContext(given, {}, {"train": out}, found, context.progress)
    )
    values = [row["values"]["ndcg@10"] for row in read_lines(found / "scores.jsonl")]
    last = read_lines(out / "evaluations.jsonl")[-1]
    assert values == pytest.approx(last["values"], abs=1e-6)
    assert [row["id"] for row in read_lines(found / "samples.jsonl")] == last["ids"]
    embedded_by(context, out, job.folder / "embedded")
    assert [row["name"] for row in read_json(found / "metrics.json")] == ["ndcg@10", "hit@1"]


def embedded_by(context, trained, folder):
    """Embed the rows by the model of a stage, and compare with the model itself."""
    from llmx.engines.embed.vectors import open_vectors
    from llmx.train.contrastive.students import loaded

    options = {"model": "stage:train", "query_prompt": "find: "}
    stage = StageSpec(name="embed", kind="embed", needs=("train",), options=options)
    given = StageInput(stage, dict(context.given.arms))
    assert "embedder" not in lookup("stage", "embed")().identity(given)
    folder.mkdir()
    inputs = {"train": trained}
    lookup("stage", "embed")().run(StageContext(given, {}, inputs, folder, context.progress))
    rows = lookup("data", "pairs_local")(context.given.arm.data).pairs("train")
    texts = [f"find: {row.query}" for row in rows]
    wanted = loaded(trained / "model").encode(texts, normalize_embeddings=True)
    assert np.abs(open_vectors(folder / "query").array - wanted).max() < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("case", range(count(1, 4)))
def test_killed_at_any_moment_it_ends_at_the_same_weights(contrast, contrast_forks, case):
    """In the first epoch, inside a save, in the second epoch, between a point of evaluation and
    its checkpoint, and while the model is written.
    """
    whole = contrast("whole").run()
    job = contrast()
    moments = [("step", 3 + case), ("save", 2), ("step", 7), ("save", 1), ("export", 1)]
    for moment, at in moments:
        contrast_forks.kill("contrasted:killed", job.told(), moment, at)
    job.run()
    assert weights(job.out) == weights(whole)
    names = ("step", "loss", "in_batch_accuracy", "samples", "texts")
    curves = [
        [{name: row[name] for name in names} for row in read_lines(out / "curve.jsonl")]
        for out in (job.out, whole)
    ]
    assert curves[0] == curves[1]
    points = [
        [(row["step"], row["values"]) for row in read_lines(out / "evaluations.jsonl")]
        for out in (job.out, whole)
    ]
    assert points[0] == points[1] and len(points[0]) == 3


@pytest.mark.slow
def test_another_seed_is_another_model(contrast):
    one, other = contrast("one").run(), contrast("other", seed=2).run()
    assert weights(one) != weights(other)


@pytest.mark.parametrize(
    ("settings", "said", "helps"),
    [
        ({"gradient_accumulation_steps": 2}, "cannot be set", "adds no negatives.*mini_batch"),
        ({"per_device_train_batch_size": 8}, "cannot be set", "stages.batches.size"),
        ({"batch_sampler": "no_duplicates"}, "cannot be set", "the plan says"),
        ({"eval_strategy": "steps"}, "cannot be set", "write evaluations"),
        ({"learning_rat": 1e-3}, "unknown setting 'learning_rat'", "learning_rate"),
        ({"learning_rate": float("nan")}, "must be finite", ""),
        ({"max_steps": 0}, "no number of steps", "1 or more"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_the_plan(contrast, settings, said, helps):
    with pytest.raises(ConfigError, match=said) as caught:
        lookup("stage", "contrastive")().identity(contrast(settings=settings).given())
    assert re.search(helps, caught.value.hint)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"student": "layers:0"}, "there is no student 'layers:0'"),
        ({"student": "layers:2"}, "needs an encoder, and model=words is none"),
        ({"mini_batch": 4}, "mini_batch is for encoders"),
        ({"lora": {"r": 2}}, "a lora adapts a whole encoder"),
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"mask": ["leak"]}, "mask"),
        ({"model": "stage:warm"}, "'stage:warm' is no input of it"),
    ],
)
def test_options_that_cannot_be_are_refused_in_the_plan(contrast, options, said):
    given = contrast(options=options).given()
    stage = lookup("stage", "contrastive")()
    found = faults(given.stage, stage.Options, {"needs": given.stage.needs})
    if found:
        assert any(said in one.message or said in one.key for one in found), found
        return
    with pytest.raises(ConfigError, match=said):
        stage.identity(given)


def test_a_package_that_is_missing_is_named_with_what_to_type(contrast, monkeypatch):
    from llmx.stages import contrastive

    monkeypatch.setattr(contrastive, "installed", lambda package: package != "datasets")
    refusal = lookup("stage", "contrastive")().plan(contrast().given()).refusal
    assert isinstance(refusal, EngineError) and "needs datasets" in refusal.message
    assert "[retrieval]" in refusal.hint


def test_a_need_without_a_plan_is_refused(contrast):
    job = contrast()
    context = job.context()
    given = job.given(needs=())
    with pytest.raises(ConfigError, match="needs a plan of batches"):
        lookup("stage", "contrastive")().run(replace(context, given=given))


def test_a_plan_of_other_rows_is_refused(contrast):
    job = contrast()
    write_plan_of(job, {"data": "0" * 20})
    with pytest.raises(DataError, match="the plan is of other rows"):
        job.run()


def test_a_plan_of_fewer_rows_is_refused(contrast, tmp_path):
    job = contrast()
    job.save_plan()
    save_pairs(tmp_path, ROWS - 16)
    write_plan_of_old(job)
    with pytest.raises(DataError, match="the plan names row 63, and there are"):
        job.run()


@pytest.mark.parametrize("name", ["plan.npz", "plan.json"])
@pytest.mark.parametrize("part", [0.0, 0.6])
def test_a_torn_plan_is_refused(contrast, name, part):
    job = contrast()
    path = job.save_plan() / name
    held = path.read_bytes()
    path.write_bytes(held[: int(len(held) * part)])
    with pytest.raises(LlmxError):
        job.run()


def test_an_empty_text_is_refused_and_the_audit_says_so(contrast, tmp_path):
    job = contrast()
    lines = [json.loads(line) for line in (tmp_path / "mine.jsonl").read_text().splitlines()]
    rows = job.rows()
    lines = [{**one, "target": " "} if one["id"] == rows[3].id else one for one in lines]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    with pytest.raises(DataError):
        job.run()


@pytest.mark.slow
def test_a_training_that_diverges_says_so(contrast):
    job = contrast(settings={**FAST, "learning_rate": 3e38, "logging_steps": 1})
    with pytest.raises(RunError, match="diverged"):
        job.run()


def write_plan_of(job, made_of):
    folder = job.folder / "batches"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_plan(folder, job.plan(), made_of)


def write_plan_of_old(job):
    """Say of the plan of more rows that it is of these."""
    path = job.folder / "batches" / "plan.json"
    about = json.loads(path.read_text())
    about["made_of"]["data"] = job.rows().hash
    path.write_text(json.dumps(about))
