"""The recipe b3_pairs: every row once, the same bytes after a kill, and a band that matters."""

import json
import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.core.errors import DataError, EngineError, RunError
from llmx.core.spec import DataSpec
from llmx.data.pairs.pairs import Pair, PairRows
from llmx.engines.embed.words import WordsEmbedder
from llmx.engines.nearest.exact import top_k
from llmx.papers.b3.dataset_rows import DatasetRows, KnownRows, datasets
from llmx.papers.b3.mined import mined
from llmx.papers.b3.plan_file import read_plan, write_plan
from llmx.papers.b3.settings import MiningSettings
from llmx.papers.b3.stages.batches import BatchesStage
from llmx.papers.b3.stages.batches_report import figures_of
from llmx.stages.pair_table import PairTable, input_with
from llmx.stages.rank import own_found

ARMS = ("random", "b3", "b3_swaps")
GROUPS, SIZE = 12, 10


def texts():
    """Pairs of some topics; queries and targets of a topic share words."""
    rng = np.random.default_rng(0)
    for row in range(GROUPS * SIZE):
        topic = row % GROUPS
        words = [f"t{topic}w{word}" for word in rng.choice(8, 5, replace=False)]
        yield f"what is {' '.join(words[:3])} q{row}", f"it is {' '.join(words[2:])} a{row}"


def own_file(folder):
    path = folder / "mine-pairs.jsonl"
    rows = ({"query": query, "target": target} for query, target in texts())
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def command(folder, *more):
    own = [f"data.options.path={own_file(folder)}", "data.test=1", "data.calibration=1"]
    small = ["stages.batches.size=16", "stages.batches.skip=1", "stages.batches.width=8"]
    words = ["run", "recipe=b3_pairs", "scale=smoke", "data=pairs_local", "data.train=0"]
    done = ["--workers", "1", "-q", "--runs", str(folder / "runs")]
    return [*words, *own, *small, *more, *done]


def made(folder, *more):
    found = CliRunner().invoke(app, command(folder, *more))
    assert found.exit_code == 0, found.output
    (manifest,) = folder.glob("runs/*/manifest.json")
    return manifest.parent


def plans(run):
    names = ("plan.npz", "plan.json", "leaks.npz", "diagnostics.json", "pairs.jsonl")
    return {(arm, n): (run / "batches" / arm / n).read_bytes() for arm in ARMS for n in names}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made(tmp_path_factory.mktemp("whole"))


def test_every_row_is_once_in_an_epoch_but_for_a_told_tail(run):
    for arm in ARMS:
        folder = run / "batches" / arm
        plan = read_plan(folder)
        told = json.loads((folder / "diagnostics.json").read_text())
        for number in (0, 3):
            epoch = plan.epoch(number)
            rows = np.concatenate([epoch.batches.ravel(), epoch.tail])
            assert sorted(rows.tolist()) == list(range(told["rows"]))
        assert told["rows"] == GROUPS * SIZE - 2
        assert (len(epoch.batches), len(epoch.tail)) == (told["batches"], told["tail"])


def test_the_figures_are_those_of_the_diagnostics(run):
    kept = json.loads((run / "report" / "figures.json").read_text())["figures"]
    found = {(one["arm"], one["quantity"]): one["span"]["estimate"] for one in kept}
    for arm in ARMS:
        told = json.loads((run / "batches" / arm / "diagnostics.json").read_text())
        assert len(list(figures_of(arm, told))) == 9
        (held,) = told["datasets"].values()
        assert found[arm, "log ratio of Theorem 1"] == held["theorem"]["ratio"]
        share = held["clusters"]["kept"] / held["clusters"]["edges"]
        assert found[arm, "share of edges inside clusters"] == pytest.approx(share)
        assert found[arm, "own first ranks met in batches"] == held["batches"]["leaked"]
    page = (run / "report" / "batches.md").read_text()
    assert all(f"| `{arm}` | clusters |" in page for arm in ARMS)
    assert "Nothing was trained" in page
    ratio = json.loads((run / "batches/b3/diagnostics.json").read_text())["theorem"]["ratio"]
    assert f"- `b3`: mean log(H/H_B) of Theorem 1: {ratio:.2f}" in page
    assert "- `b3`: edges kept by the cut itself: " in page and "`random`: edges kept" not in page


def test_own_rows_of_a_topic_meet_more_often_than_by_chance(run):
    shares = {}
    for arm in ARMS:
        told = json.loads((run / "batches" / arm / "diagnostics.json").read_text())
        (held,) = told["datasets"].values()
        shares[arm] = held["clusters"]["kept_share"]
    assert min(shares["b3"], shares["b3_swaps"]) > 3 * shares["random"]


def test_another_shard_size_makes_the_same_plan(run, tmp_path):
    assert plans(made(tmp_path, "stages.embed.shard=7")) == plans(run)


@pytest.mark.parametrize("stage", ["embed", "rank", "batches"])
def test_the_plan_is_the_same_bytes_after_a_kill_in_a_stage(run, tmp_path, stage):
    process = multiprocessing.get_context("fork").Process(target=killed, args=(tmp_path, stage))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert [*tmp_path.glob(f"runs/cache/{stage}/*.partial")]
    assert not [*tmp_path.glob(f"runs/cache/{stage}/*/stage.json")]
    assert plans(made(tmp_path)) == plans(run)


def killed(folder, stage):
    """Run until a stage is about to write the last of its files, and end there."""
    import os
    from importlib import import_module

    last = {
        "embed": ("llmx.stages.pair_table", "write_json"),
        "rank": ("llmx.stages.rank", "write_json"),
        "batches": ("llmx.papers.b3.stages.batches", "write_json"),
    }
    module, name = last[stage]
    setattr(import_module(module), name, lambda *_: os._exit(9))
    CliRunner().invoke(app, command(folder))


def ranked(pairs=None):
    """The one dataset of the planted texts, ranked by words."""
    pairs = pairs or list(texts())
    model = WordsEmbedder(pairs)
    query, target = (model.encode(side) for side in zip(*pairs, strict=True))
    ranks = top_k(query, target, 30, scores=False).indices
    return DatasetRows("own", "retrieval", np.arange(len(pairs)), ranks, np.arange(len(pairs)))


HOW = MiningSettings(size=20, cluster=10, skip=1, width=9)


def near(part, how=HOW):
    """Pairs of rows of one topic that share a cluster, a row."""
    plan = mined((part,), how).plan
    topics = plan.groups[0].clusters % GROUPS
    return float((topics[:, :, None] == topics[:, None, :]).sum(1).mean()) - 1


def test_clusters_hold_what_is_near_and_those_of_shuffled_ranks_do_not():
    part = ranked()
    chance = near(part, replace(HOW, kind="random"))
    order = np.random.default_rng(1).permutation(len(part.ranks))
    shuffled = replace(part, ranks=part.ranks[order])
    assert near(part) > 4 * chance
    assert near(shuffled) < 2 * chance


def test_swaps_lower_what_leaks():
    part, how = ranked(), replace(HOW, skip=5, width=5)
    before = mined((part,), how).told["datasets"]
    after = mined((part,), replace(how, passes=10, penalty=2.0)).told["datasets"]
    assert after["own"]["clusters"]["leaked"] < before["own"]["clusters"]["leaked"]
    values = [one["value"] for one in after["own"]["swaps"]]
    assert values == sorted(values) and len(values) > 1


def test_datasets_share_no_batch_and_a_small_one_is_named():
    part = ranked()
    dataset = (np.arange(len(part.ranks)) >= 100).astype(np.int32)
    ranks = np.full((120, 120), -1, np.int32)
    ranks[:100, :100], ranks[100:, :20] = np.arange(100), np.arange(100, 120)
    families = {"one": "retrieval", "two": "short_answer"}
    both = datasets(KnownRows(ranks, part.target_id), dataset, families)
    made = mined(both, replace(HOW, size=40, cluster=40, width=200))
    plan, told = made.plan, made.told["datasets"]
    assert plan.vanishing() == ("two",)
    assert plan.epoch(0).batches.max() < 100
    assert told["two"]["batches"]["clustered"] == 0
    assert both[1].ranks.max() == 19


def test_rows_of_a_second_dataset_are_named_by_their_place_among_all():
    part = ranked()
    moved = replace(part, name="second", rows=part.rows + 120)
    plan = mined((part, moved), HOW).plan
    one, other = plan.groups
    assert (one.clusters + 120 == other.clusters).all()
    rows = plan.epoch(0).batches
    assert sorted(rows.ravel().tolist()) == list(range(240))
    assert ((rows < 120).all(1) | (rows >= 120).all(1)).all()


def test_what_is_embedded_and_ranked_is_what_the_stages_say(run):
    """Against the full matrix, from the vectors of the texts themselves."""
    table = PairTable.read(run / "embed" / "b3")
    sides = [np.load(run / "embed" / "b3" / side / "vectors.npy") for side in ("query", "target")]
    ids = json.loads((run / "embed" / "b3" / "query" / "vectors.json").read_text())["ids"]
    pairs = [list(texts())[int(one.removeprefix("row-")) - 1] for one in ids]
    model = WordsEmbedder(pairs)
    for side, held in zip(zip(*pairs, strict=True), sides, strict=True):
        assert (model.encode(side).astype(np.float16) == held).all()
    scores = sides[0].astype(np.float64) @ sides[1].astype(np.float64).T
    wanted = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.load(run / "rank" / "b3" / "ranks.npy")
    assert (ranks[:, : len(ids)] == wanted).all()
    assert (ranks[:, len(ids) :] == -1).all()
    told = json.loads((run / "rank" / "b3" / "rank.json").read_text())
    own = table.target_id[wanted] == table.target_id[:, None]
    assert told["own_target_first"] == own[:, 0].mean()
    assert told["own_target_in_30"] == own[:, :30].any(1).mean()


def test_how_often_the_own_target_is_found_by_hand():
    ranks = np.full((4, 40), -1, np.int32)
    ranks[0, 0], ranks[1, 7], ranks[2, 35], ranks[3, 0] = 3, 1, 2, 1
    target = np.array([5, 6, 7, 5])  # 0 and 3 have one text; -1 is no row, so not the last one
    assert own_found(ranks, target) == {"own_target_first": 0.25, "own_target_in_30": 0.5}


def test_what_cannot_be_planned_is_said():
    part = ranked()
    with pytest.raises(DataError, match="no dataset fills a batch of 240 rows"):
        mined((part,), replace(HOW, size=240, cluster=60))
    with pytest.raises(EngineError, match="no text holds a word"):
        WordsEmbedder([("!", "…")])
    with pytest.raises(RunError, match=r"no input holds ranks\.npy"):
        input_with({}, "ranks.npy", "rank")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data=gsm_symbolic"], "holds no pairs"),
        (["stages.batches.cluster=7"], "not made of whole clusters of 7"),
        (["stages.embed.model=package:no-such-embedder"], "is not installed"),
    ],
)
def test_a_plan_refuses_before_anything_runs(tmp_path, words, said):
    told = ["run", "recipe=b3_pairs", "scale=smoke", *words, "--runs", str(tmp_path), "--dry-run"]
    done = CliRunner().invoke(app, told)
    assert done.exit_code == 2
    assert said in done.output


def test_rows_that_train_and_are_tested_too_are_refused(monkeypatch):
    """The audit of the splits is made whenever rows are read for a stage, and would say it."""
    from llmx.data.pairs.own_pairs import OwnPairs
    from llmx.stages.embed import pair_rows

    row = Pair("a", "q", "the text", 0, "x", group="g")
    split = ({"test": (row,), "train": (replace(row, id="b", group="h"),)}, 0)
    monkeypatch.setattr(OwnPairs, "_divided", split)
    spec = DataSpec(kind="pairs_local", options={"path": "mine-pairs.jsonl"})
    with pytest.raises(DataError, match=r"text 'q' stands in test and train \(rows a, b\)"):
        pair_rows(spec, "train")


def test_a_plan_that_was_changed_is_refused(tmp_path):
    plan = mined((ranked(),), HOW).plan
    write_plan(tmp_path, plan, {})
    assert read_plan(tmp_path).digest() == plan.digest()
    about = json.loads((tmp_path / "plan.json").read_text())
    (tmp_path / "plan.json").write_text(json.dumps({**about, "seed": 1}))
    with pytest.raises(RunError, match="another plan than its hash"):
        read_plan(tmp_path)


def test_words_know_their_own_target_and_no_order_of_shards():
    pairs = list(texts())
    model = WordsEmbedder(pairs)
    queries = [query for query, _ in pairs]
    whole = model.encode(queries)
    parts = np.concatenate([model.encode(queries[at : at + 7]) for at in range(0, 120, 7)])
    assert (whole == parts).all()
    assert np.allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-6)
    target = model.encode([target for _, target in pairs])
    assert ((whole @ target.T).argmax(1) == np.arange(120)).mean() > 0.9
    assert not model.encode(["unheard"]).any()
    assert WordsEmbedder(pairs[1:]).identity() != model.identity()


def test_a_table_of_rows_comes_back_as_it_was_written(tmp_path):
    rows = PairRows(
        tuple(
            Pair(str(n), f"q{n}", f"a{n % 2}", n % 2, "xy"[n > 2], "short_answer") for n in range(5)
        )
    )
    PairTable.of(rows).write(tmp_path)
    found = PairTable.read(tmp_path)
    assert found.target_id.tolist() == [0, 1, 0, 1, 0]
    assert found.dataset.tolist() == [0, 0, 0, 1, 1]
    assert (found.datasets, found.hash) == ({"x": "short_answer", "y": "short_answer"}, rows.hash)


def test_random_batches_need_no_ranks_and_are_of_the_rows_that_train(run, tmp_path):
    """The same rows as with an embedding: the plan names the same hash of them."""
    gone = ["stages.rank=null", "stages.embed=null", "stages.batches.needs=[]"]
    cuts = {"b3": "random_task", "b3_swaps": "random"}
    drawn = [f"arms.{arm}.stages.batches.cut={cut}" for arm, cut in cuts.items()]
    drawn.append("arms.b3_swaps.stages.batches.swaps=0")
    bare = made(tmp_path, *gone, *drawn, "stages.batches.cluster=1")
    plan = BatchesStage.plan_of(bare / "batches" / "random")
    rows = np.concatenate([plan.epoch(0).batches.ravel(), plan.epoch(0).tail])
    assert sorted(rows.tolist()) == list(range(GROUPS * SIZE - 2))
    assert (plan.epoch(0).batches != plan.epoch(1).batches).any()
    of = [json.loads((one / "batches/random/plan.json").read_text()) for one in (bare, run)]
    assert of[0]["made_of"]["data"] == of[1]["made_of"]["data"]
    assert of[0]["made_of"]["teacher"] == {}


def test_a_cut_of_a_graph_says_which_stage_it_lacks(tmp_path):
    gone = ["stages.rank=null", "stages.batches.needs=[embed]"]
    done = CliRunner().invoke(app, [*command(tmp_path, *gone), "--dry-run"])
    assert done.exit_code == 2
    assert "has cut=best, and needs no stage of kind rank" in done.output
