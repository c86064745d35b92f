"""Similarities of a model beside those of people: scores whose mean is the correlation itself."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from llmx.core.errors import DataError
from llmx.core.options import faults
from llmx.core.record import Record, Sample, Score
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.data.pairs.pairs import Pair, PairRows
from llmx.stages.similarity import SimilarityOptions, SimilarityStage, scored


def pair(number, dataset, grade):
    return Pair(f"{dataset}-{number}", f"a{number}", f"b{number}", number, dataset,
                group=f"g{number}", grade=grade)  # fmt: skip


def rows_of(*datasets):
    """Rows of datasets, of each its grades."""
    made = [(f"d{at}", grade) for at, grades in enumerate(datasets) for grade in grades]
    return PairRows(tuple(pair(n, name, grade) for n, (name, grade) in enumerate(made)))


def encode(cosines):
    """Vectors of a plane: the second of a pair is turned away from the first."""

    def of(texts):
        found = []
        for text in texts:
            turned = np.arccos(cosines[int(text[1:])]) if text[0] == "b" else 0.0
            found.append([np.cos(turned), np.sin(turned)])
        return np.array(found, np.float64)

    return of


GRADES = st.lists(st.integers(0, 5), min_size=3, max_size=12).filter(lambda g: len(set(g)) > 1)


@settings(max_examples=count(40, 500), deadline=None)
@given(GRADES, GRADES, st.integers(0, 99))
def test_means_over_pairs_are_the_correlations_of_scipy(one, other, seed):
    rows = rows_of(one, other)
    cosines = np.random.default_rng(seed).uniform(-0.9, 0.9, len(rows))
    found = scored(rows, encode(cosines))
    parts = {"d0": slice(0, len(one)), "d1": slice(len(one), None)}
    grades = np.array([*one, *other])
    wanted = {
        name: 100 * stats.spearmanr(cosines[part], grades[part]).statistic
        for name, part in parts.items()
    }
    values = [score.values for _, score, _ in found.rows]
    for name, value in wanted.items():
        mean = np.mean([held[f"spearman.{name}"] for held in values])
        assert mean == pytest.approx(value, abs=1e-7)
    assert np.mean([held["spearman"] for held in values]) == pytest.approx(
        np.mean([*wanted.values()]), abs=1e-7
    )


def test_the_spread_of_the_mean_over_datasets_is_that_of_their_correlations():
    rng = np.random.default_rng(0)
    grades = [rng.integers(0, 6, size).tolist() for size in (400, 100)]
    rows = rows_of(*grades)
    noise = rng.normal(size=len(rows))
    cosines = np.tanh([(row.grade - 2.5) / 4 + 0.5 * e for row, e in zip(rows, noise, strict=True)])
    found = scored(rows, encode(cosines))
    held = {k: np.array([s.values[k] for _, s, _ in found.rows]) for k in found.rows[0][1].values}
    errors = {name: value.std(ddof=1) / np.sqrt(len(value)) for name, value in held.items()}
    alone = [one.influences() for one in found.correlations.values()]
    own = [value.std(ddof=1) / np.sqrt(len(value)) for value in alone]
    assert [errors["spearman.d0"], errors["spearman.d1"]] == pytest.approx(own, rel=0.01)
    assert errors["spearman"] == pytest.approx(np.hypot(*own) / 2, rel=0.01)
    told = found.summary()
    low, high = told["datasets"]["d1"]["interval"]
    assert high - low == pytest.approx(2 * 1.96 * own[1], rel=0.12)
    means = [one["spearman"] for one in told["datasets"].values()]
    assert (
        told["spearman"] == pytest.approx(np.mean(means)) == pytest.approx(held["spearman"].mean())
    )


def test_a_record_a_score_and_a_problem_a_pair():
    found = scored(rows_of([0, 1, 4, 5]), encode([-0.5, 0.6, 0.1, 0.9]))
    assert [tuple(map(type, row)) for row in found.rows] == [(Record, Score, Sample)] * 4
    record, score, problem = found.rows[1]
    assert (record.id, record.prompt, record.text) == ("d0-1", "a1", "b1\n0.600000")
    assert (score.expected, score.strict, score.cluster) == ("1", "0.600000", "g1")
    assert (problem.question, problem.answer) == ("a1\nb1", "1")
    # Medians are 0.35 and 2.5: of the second and third model and people disagree.
    assert [one.correct for _, one, _ in found.rows] == [True, False, False, True]


@pytest.mark.parametrize(
    ("rows", "cosines", "said"),
    [
        (rows_of([0, None, 2]), [0.1, 0.2, 0.3], "pair d0-1 has no grade"),
        (rows_of([0, 1, 2]), [0.1, float("nan"), 0.3], "is not finite"),
        (rows_of([0, 1, 2]), [0.5, 0.5, 0.5], "the model gave all 3 pairs one similarity"),
    ],
)
def test_what_cannot_be_scored_is_refused(rows, cosines, said):
    with pytest.raises(DataError, match=said):
        scored(rows, encode(cosines))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"kind": "gsm8k"}, "the kind 'gsm8k', which holds no pairs"),
        ({"kind": "stss"}, "the kind 'stss', which holds no pairs"),
        ({"kind": "sts", "tests": 5}, "is no data"),
        ({"kind": "sts", "options": {"tasks": ["sts11"]}}, "tasks"),
    ],
)
def test_pairs_that_are_none_are_refused_at_composition(data, said):
    stage = StageSpec(name="score", kind="similarity", options={"model": "m", "data": data})
    assert any(said in fault.message for fault in faults(stage, SimilarityOptions, {}))


def test_metrics_are_declared_by_task_before_anything_runs():
    data = {"kind": "sts", "options": {"tasks": ["stsb", "sickr"]}}
    stage = StageSpec(name="score", kind="similarity", options={"model": "m", "data": data})
    names = [one.name for one in SimilarityStage.declares(stage)]
    assert names == ["spearman", "spearman.sickr", "spearman.stsb"]
    assert all(
        one.explain.endswith(".") and one.low is None for one in SimilarityStage.declares(stage)
    )


def test_a_plan_knows_the_seconds_of_token_vectors_alone():
    options = {"model": "stage:train"}
    stage = StageSpec(name="score", kind="similarity", needs=("train",), options=options)
    for student, known in (("static", True), ("whole", False)):
        train = StageSpec(name="train", kind="contrastive", options={"student": student})
        given = StageInput(stage, {"a": ArmSpec()}, stages={"train": train})
        assert (SimilarityStage().plan(given).seconds is not None) is known
