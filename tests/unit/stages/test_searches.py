"""Searches of pairs: measures by name, a split's queries among all targets, and what is written."""

import json

import numpy as np
import pytest

from llmx.core.errors import ConfigError, DataError
from llmx.core.options import faults
from llmx.core.record import Record, Sample, Score
from llmx.core.spec import ArmSpec, DataSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.data.pairs.pairs import Retrieval
from llmx.scoring.ranked import depth_of, measure, metric
from llmx.stages.retrieve import RetrieveOptions, RetrieveStage, _scored, _summary
from llmx.stages.searches import Search, point, ranked, searches

CORPUS = ("zero", "one", "two", "three", "four")


def search(judged, queries=("a", "b", "c")):
    ids = tuple(f"q{at}" for at in range(len(queries)))
    asked = Retrieval("d", ids, tuple(queries), CORPUS, np.arange(5), tuple(judged))
    return Search(asked, tuple(f"g{at}" for at in range(len(queries))))


def encode(vectors):
    return lambda texts: np.array([vectors[text] for text in texts], np.float32)


def turned(angle):
    return [np.cos(angle), np.sin(angle)]


TARGETS = {text: turned(at * 0.3) for at, text in enumerate(CORPUS)}
QUERIES = {"a": turned(0.0), "b": turned(0.7), "c": turned(1.2)}
JUDGED = ({0: 2}, {1: 2, 2: 1}, {0: 2})


def test_the_nearest_targets_come_first_and_equal_ones_by_place():
    found = ranked(search(JUDGED), encode(QUERIES), encode(TARGETS), 3)
    assert found.tolist() == [[0, 1, 2], [2, 3, 1], [4, 3, 2]]
    whole = ranked(search(JUDGED), encode(QUERIES), encode(TARGETS), 99)
    assert whole.shape == (3, 5)


def test_measures_by_hand():
    found = np.array([[0, 1, 2], [2, 3, 1], [4, 3, 2]])
    b = (1 / 1 + 2 / 2) / (2 + 1 / np.log2(3))
    assert measure("ndcg@10")(found, JUDGED).tolist() == pytest.approx([1, b, 0])
    assert measure("ndcg@1")(found, JUDGED).tolist() == pytest.approx([1, 0.5, 0])
    # A related target, of grade 1, is no right one.
    assert measure("hit@1")(found, JUDGED).tolist() == [1, 0, 0]
    assert measure("recall@3")(found, JUDGED).tolist() == [1, 1, 0]
    assert measure("mrr")(found, JUDGED).tolist() == pytest.approx([1, 1 / 3, 0])
    assert measure("mrr@2")(found, JUDGED).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    "name", ["", "ndcg", "ndcg@0", "ndcg@x", "recall", "map@10", "mrr@", "hit@-1"]
)
def test_a_measure_that_is_none_is_refused(name):
    with pytest.raises(DataError, match="there is no measure"):
        measure(name)


def test_what_a_measure_is_for_reports():
    assert (metric("hit@5").boolean, metric("ndcg@10").boolean) == (True, False)
    assert all(metric(name).reach == 1.0 for name in ("ndcg@10", "recall@100", "hit@1", "mrr"))
    assert (depth_of(["mrr"]), depth_of(["ndcg@10", "recall@100", "mrr"])) == (1, 100)


def test_a_point_has_every_query_with_its_group():
    told = point([search(JUDGED), search(JUDGED[:1], "a")], encode(QUERIES), encode(TARGETS))
    assert told["metric"] == "ndcg@10"
    assert told["ids"] == ["q0", "q1", "q2", "q0"] and told["clusters"] == ["g0", "g1", "g2", "g0"]
    assert told["values"][0] == told["values"][3] == 1.0 and 0 < told["values"][1] < 1


def test_a_vector_that_is_no_number_is_refused():
    broken = encode({**QUERIES, "b": [np.nan, 0.0]})
    with pytest.raises(DataError, match="vector of query 1 is not finite"):
        ranked(search(JUDGED), broken, encode(TARGETS), 2)


def test_the_queries_of_a_split_are_searched_among_all_targets(tmp_path):
    rows = ({"query": f"q {at}", "target": f"t {at}", "group": f"g{at % 9}"} for at in range(30))
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    own = DataSpec(kind="pairs_local", test=5, calibration=2, options={"path": str(path)})
    (one,) = searches(own, "test")
    assert len(one.asked.ids) == len(one.clusters) == 5 and len(one.asked.corpus) == 30
    assert all(max(grades.values()) == 2 for grades in one.asked.judged)
    wanted = [f"g{int(query.split()[1]) % 9}" for query in one.asked.queries]
    assert list(one.clusters) == wanted
    (few,) = searches(own, "test", 2)
    assert few.asked.ids == one.asked.ids[:2] and few.clusters == one.clusters[:2]
    assert few.asked.corpus == one.asked.corpus


def test_a_record_a_score_and_a_problem_a_query():
    found = ranked(search(JUDGED), encode(QUERIES), encode(TARGETS), 3)
    held = list(_scored(search(JUDGED), found, ("ndcg@10", "mrr")))
    assert [tuple(type(one) for one in row) for row in held] == [(Record, Score, Sample)] * 3
    records, scores = [row[0] for row in held], [row[1] for row in held]
    assert [one.text for one in records] == ["zero", "two", "four"]
    assert [(one.id, one.cluster, one.correct) for one in scores] == [
        *(("q0", "g0", True), ("q1", "g1", False), ("q2", "g2", False)),
    ]
    assert [one.expected for one in scores] == ["zero", "one", "zero"]
    assert scores[1].values["mrr"] == pytest.approx(1 / 3)
    told = _summary(scores, 3, ("mrr",))
    assert (told["correct"], told["problems"], told["without_target"]) == (1, 3, 0)
    assert told["means"]["mrr"] == pytest.approx((1 + 1 / 3) / 3)


def test_a_query_without_a_right_target_is_left_out_and_counted():
    lost = search(({0: 2}, {1: 1}, {0: 2}))
    found = ranked(lost, encode(QUERIES), encode(TARGETS), 3)
    held = [row[1] for row in _scored(lost, found, ("ndcg@10",))]
    assert [one.id for one in held] == ["q0", "q2"]
    assert _summary(held, 3, ("ndcg@10",))["without_target"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "model"),
        ({"model": "stage:train", "metrics": ["ndcg"]}, "there is no measure 'ndcg'"),
        ({"model": "stage:train", "metrics": []}, "names no measure"),
        ({"model": "stage:train", "metrics": ["mrr", "mrr"]}, "names no measure, or one twice"),
        ({"model": "stage:other"}, "is no input of it"),
        ({"model": "x", "k": 0}, "k"),
    ],
)
def test_options_that_cannot_be_are_refused(options, said):
    stage = StageSpec(name="retrieve", kind="retrieve", needs=("train",), options=options)
    found = faults(stage, RetrieveOptions, {"needs": ("train",)})
    assert any(said in f"{one.key} {one.message}" for one in found), found


def test_a_metric_deeper_than_the_ranking_is_refused():
    with pytest.raises(DataError, match="a metric reads 100 targets, and k=10"):
        RetrieveOptions(model="x", k=10).check()


def test_the_metrics_are_declared_before_anything_runs():
    stage = StageSpec(name="r", kind="retrieve", options={"model": "x", "metrics": ["mrr"]})
    assert [one.name for one in RetrieveStage.declares(stage)] == ["mrr"]
    usual = StageSpec(name="r", kind="retrieve", options={"model": "x"})
    assert RetrieveStage.declares(usual)[0].name == "ndcg@10"


def test_data_that_are_no_pairs_are_refused():
    options = {"model": "stage:train"}
    stage = StageSpec(name="retrieve", kind="retrieve", needs=("train",), options=options)
    arm = ArmSpec(data=DataSpec(kind="gsm_symbolic"))
    with pytest.raises(ConfigError, match="which holds no pairs"):
        RetrieveStage().identity(StageInput(stage, {"main": arm}))
