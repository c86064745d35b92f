"""``llmx batches``: who meets whom, what is likely no negative, and a file to train on."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.core.errors import ConfigError, LlmxError
from llmx.core.spec import RunSpec
from llmx.papers.b3.plan_file import read_plan
from llmx.runs import batches
from llmx.runs.batches import open_batches

RECIPE = """\
defaults:
  - override /data: pairs_local
name: mine
description: pairs of my own
stages:
  warm:    {kind: batches, over: arm, size: 16, cut: random, cluster: 1}
  embed:   {kind: embed, over: arm}
  rank:    {kind: rank, over: arm, needs: [embed], depth: 60}
  batches: {kind: batches, over: arm, needs: [embed, rank], size: 16, skip: 2, width: 10}
arms:
  random: [stages.batches.cut=random]
  hard:   [stages.batches.negatives=2]
reference: random
scales:
  smoke: [data.test=1, data.calibration=1, data.train=0]
"""


def pairs():
    rng = np.random.default_rng(0)
    for row in range(80):
        words = [f"t{row % 8}w{word}" for word in rng.choice(9, 6, replace=False)]
        # Every fifth text answers two queries.
        own = row - 40 if row % 5 == 0 and row >= 40 else row
        yield {
            "id": f"row{row}",
            "query": f"what is {' '.join(words[:3])} q{row}",
            "target": f"it is t{own % 8}w1 t{own % 8}w2 a{own}",
            "group": f"g{row}",
        }


def call(*words):
    return CliRunner().invoke(app, list(words))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verb")
    (folder / "recipes").mkdir()
    (folder / "recipes" / "mine.yaml").write_text(RECIPE)
    (folder / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pairs()))
    done = call(
        *("run", f"recipe={folder / 'recipes' / 'mine.yaml'}", "scale=smoke"),
        f"data.options.path={folder / 'mine.jsonl'}",
        *("--workers", "1", "-q", "--runs", str(folder / "runs")),
    )
    assert done.exit_code == 0, done.output
    return folder / "runs"


def asked(runs, *words):
    done = call("batches", *words, "--runs", str(runs))
    assert done.exit_code == 0, done.output
    return done.output


def test_the_mates_of_a_row_are_those_of_its_batch_by_rank(runs):
    (place,) = runs.glob("mine-*/batches/hard")
    plan = read_plan(place)
    ranks = np.load(place.parents[1] / "rank" / "hard" / "ranks.npy")
    stored = open_batches(":hard", runs)
    ids = [row.id for row in stored.pairs]
    batch = plan.epoch(0).batches[1]
    unseen = [one for one in batch if not np.isin(batch, [one, *ranks[one]]).all()]
    row = int(unseen[0])  # one that meets what it does not rank
    told = json.loads(asked(runs, ":hard", "--row", ids[row], "--json"))
    mates = [ids[one] for one in plan.epoch(0).batches[1] if one != row]
    assert {one["meets"] for one in told} == set(mates) and len(told) == 15
    order = [one["rank"] for one in told if one["rank"] is not None]
    assert order == sorted(order) and len(order) < len(told)
    assert all(one["rank"] is not None for one in told[: len(order)])
    for one in told:
        at = ids.index(one["meets"])
        found = np.flatnonzero(ranks[row] == at)
        assert one["rank"] == (int(found[0]) if len(found) else None)
    clusters = plan.groups[0].clusters
    (own,) = [rows for rows in clusters.tolist() if row in rows]
    same = {one["meets"] for one in told if one["same_cluster"]}
    assert same == {ids[one] for one in own if one != row}
    text = asked(runs, ":hard", "--row", ids[row], "--show", "4")
    assert f"{ids[row]} in batch 1:" in text and "11 more: --show 15" in text


def test_the_worst_leaks_are_the_nearest_of_the_first_ranks(runs):
    stored = open_batches(":random", runs)
    batch = {int(row): at for at, rows in enumerate(stored.batches) for row in rows}
    wanted = set()
    for row, near in enumerate(stored.near.tolist()):
        for place in near:
            apart = place < 0 or stored.target_id[row] == stored.target_id[place]
            if not apart and row in batch and batch.get(place) == batch[row]:
                wanted.add((min(row, place), max(row, place)))
    told = json.loads(asked(runs, ":random", "--worst", "leak", "--show", "999", "--json"))
    ids = [row.id for row in stored.pairs]
    found = [sorted((ids.index(one["row"]), ids.index(one["meets"]))) for one in told]
    assert {tuple(pair) for pair in found} == wanted and len(found) == len(wanted) > 3
    ranks = [one["rank"] for one in told]
    assert ranks == sorted(ranks) and all(one["said"] == "leak" for one in told)
    text = asked(runs, ":random", "--worst", "leak", "--show", "2")
    assert text.count("  query   ") == 2 == text.count(" meets row")


def test_equal_targets_are_shown_as_such(runs):
    told = json.loads(asked(runs, ":random", "--worst", "equal", "--show", "99", "--json"))
    assert told and all(one["target"] == one["met_target"] for one in told)
    assert all(one["said"] == "equal target" and one["truth"] == "duplicate" for one in told)


def test_another_stage_is_named_and_has_no_ranks(runs):
    stored = open_batches(":hard", runs, "warm")
    assert stored.ranks is None and stored.near.shape[1] == 0
    told = json.loads(asked(runs, ":hard", "--stage", "warm", "--worst", "leak", "--json"))
    assert told == []
    name = stored.row(int(stored.batches[0, 0])).id
    (first, *_) = json.loads(asked(runs, ":hard", "--stage", "warm", "--row", name, "--json"))
    assert first["rank"] is None


def test_without_a_question_it_says_what_there_is(runs):
    text = asked(runs, ":hard")
    assert "4 batches of 16" in text and "--worst leak" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([""], "has several arms"),
        ([":hrad"], "has no arm 'hrad'; did you mean hard"),
        ([":hard", "--row", "row9999"], "no row of mine-"),
        ([":hard", "--stage", "wrm"], "no stage 'wrm' of kind batches; did you mean warm"),
        (["nothing:hard"], "no run 'nothing'"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(runs, words, said):
    done = call("batches", *words, "--runs", str(runs))
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


def test_a_row_of_no_batch_is_said(runs):
    stored = open_batches(":hard", runs)
    (left, *_) = sorted(set(range(len(stored.pairs))) - set(stored.batches.ravel().tolist()))
    with pytest.raises(ConfigError, match="is in no batch"):
        stored.of_row(stored.row(left).id)


def test_rows_of_other_data_are_refused(runs):
    (path,) = runs.parent.glob("mine.jsonl")
    before = path.read_text()
    path.write_text(before.replace("what is", "what was"))
    try:
        with pytest.raises(LlmxError, match=r"not those|another file"):
            open_batches(":hard", runs)
    finally:
        path.write_text(before)


def test_a_plan_of_other_rows_is_refused(runs):
    spec = json.loads((next(runs.glob("mine-*")) / "spec.json").read_text())
    arm = RunSpec.model_validate(spec).arms["hard"]
    with pytest.raises(LlmxError, match="not those"):
        batches._pairs(arm, "0" * 20)


def held(near, groups, batch):
    """Return a plan of seven rows, of which some share a batch."""
    plan = SimpleNamespace(
        groups=[SimpleNamespace(clusters=np.array(one)) for one in groups],
        epoch=lambda number: SimpleNamespace(batches=np.array(batch)),
    )
    targets = np.arange(7, dtype=np.int64)
    return batches.StoredBatches("r", "a", plan, range(7), np.array(near), targets, None)


def test_clusters_are_numbered_through_all_groups_and_a_leak_is_one_from_both_sides():
    near = [[1], [0], [-1], [-1], [6], [-1], [-1]]
    found = held(near, [[[0, 1], [2, 3]], [[4, 5]]], [[0, 1, 2], [4, 5, 6]])
    assert found.cluster.tolist() == [0, 0, 1, 1, 2, 2, -1]
    worst = found.worst("leak", 9)
    assert [(one.row, one.place, one.cluster) for one in worst] == [(0, 1, True), (4, 6, False)]


def test_an_export_trains_without_llmx(runs, tmp_path):
    """The lines of the page, as they stand there, on a model of two tiny layers."""
    pytest.importorskip("sentence_transformers")
    folder = tmp_path / "mine"
    assert "batches.jsonl" in asked(runs, ":hard", "--export", str(folder))
    stored = open_batches(":hard", runs)
    rows = [json.loads(line) for line in (folder / "batches.jsonl").read_text().splitlines()]
    order = stored.batches.ravel().tolist()
    assert [row["id"] for row in rows] == [stored.row(place).id for place in order]
    assert [row["batch"] for row in rows] == [at // 16 for at in range(len(order))]
    assert [row["cluster"] for row in rows] == stored.cluster[order].tolist()
    negatives = stored.plan.negatives(0)[order]
    assert [row["negative_1"] for row in rows] == [
        stored.row(one).target if one >= 0 else None for one in negatives[:, 0].tolist()
    ]
    (lines,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S)
    assert "llmx" not in lines
    code = TINY + lines.replace('"MODEL"', '"tiny"') + SEEN
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (folder / "trained" / "model" / "modules.json").exists()
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["moved"]
    assert told["queries"] == [row["query"] for row in rows], "the batches, in their order"
    again = call("batches", ":hard", "--export", str(folder), "--runs", str(runs))
    assert again.exit_code == 2 and "holds an export" in again.output


TINY = r"""
import json
from pathlib import Path
from transformers import BertConfig, BertModel, BertTokenizerFast
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer

words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "what", "is", "it",
         *(f"t{t}w{w}" for t in range(8) for w in range(9))]
Path("plain").mkdir()
Path("plain/vocab.txt").write_text("\n".join(words))
BertTokenizerFast("plain/vocab.txt").save_pretrained("plain")
BertModel(BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=2,
    num_attention_heads=2, intermediate_size=16)).save_pretrained("plain")
SentenceTransformer(modules=[Transformer("plain"), Pooling(16)]).save("tiny")
"""
SEEN = """
before = SentenceTransformer("tiny").encode(["what is t1w1"])
moved = bool(abs(before - model.encode(["what is t1w1"])).max() > 1e-6)
trainer = SentenceTransformerTrainer(model=model, args=args, train_dataset=rows, loss=loss)
order = [at for part in trainer.get_train_dataloader().batch_sampler for at in part]
print(json.dumps({"moved": moved, "queries": [rows[at]["query"] for at in order]}))
"""
