"""Votes by the log-probability that a model gave its own answers."""

from dataclasses import replace
from math import isnan

import numpy as np
import pytest
from drawn_pools import drawn as drawn_problem
from drawn_pools import many, pool
from hypothesis import given
from hypothesis import strategies as st
from planted_pools import planted
from test_load_draws import pool as records_of
from test_load_draws import written

from llmx.core.errors import DataError
from llmx.core.figure import Figure, Figures, Span
from llmx.core.record import Record
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.assembled import EstimatorSettings, _on_the_pool
from llmx.papers.inference_scaling.associations import of_markers
from llmx.papers.inference_scaling.certainty import (
    BEST,
    VOTE,
    certainties,
    certainty_of,
    certainty_points,
)
from llmx.papers.inference_scaling.costs import UNKNOWN
from llmx.papers.inference_scaling.estimators import majority, single, sizes_of
from llmx.papers.inference_scaling.features.clustered import Bootstrap
from llmx.papers.inference_scaling.features.lexicon import read_lexicons
from llmx.papers.inference_scaling.features.measured import CERTAINTY, measure
from llmx.papers.inference_scaling.features.rules import RULES
from llmx.papers.inference_scaling.features.table import marker_table
from llmx.papers.inference_scaling.load import drawn
from llmx.papers.inference_scaling.report_tables import RIGHT_AND_WRONG

LEXICONS = read_lexicons()


def record(logprobs, text="#### 4"):
    return Record(
        id="a", prompt_ids=(), completion_ids=(1,) * 3, prompt="", text=text, finish="eos",
        rounds=0, logprobs=tuple(logprobs),
    )  # fmt: skip


def sure(problems, values):
    """Problems with the certainty of each of their draws; None = none has one."""
    pairs = zip(problems, values, strict=True)
    return [
        replace(one, certainty=None if own is None else np.array(own, dtype=float))
        for one, own in pairs
    ]


def told(pool, shift=1.0, seed=0):
    """Problems whose right draws are more certain by `shift` standard deviations."""
    rng = np.random.default_rng(seed)
    return sure(pool, [rng.normal(size=one.draws) + shift * one.correct for one in pool])


def by_size(points, method):
    return {one.size: one for one in points if one.method == method}


@given(st.lists(st.floats(-20, 0), min_size=1, max_size=9))
def test_certainty_is_the_mean_log_probability(values):
    assert certainty_of(record(values)) == pytest.approx(sum(values) / len(values))
    assert isnan(certainty_of(record([])))


def test_of_two_answers_of_one_chance_a_token_the_longer_is_no_less_certain():
    """The mean, not the sum, by which the shorter one always wins."""
    assert certainty_of(record([-0.5] * 2)) == certainty_of(record([-0.5] * 9))


def test_certainty_is_read_with_the_draws(tmp_path):
    groups = records_of()
    groups[0][1] = groups[0][1].model_copy(update={"logprobs": (-1.0, -3.0)})
    kept, bare = drawn(*written(tmp_path, ["p0", "p1"], groups))
    np.testing.assert_array_equal(kept.certainty, [np.nan, -2.0, np.nan, np.nan])
    assert bare.certainty is None
    found = certainties([kept, bare])
    assert np.isnan(found[1]).all() and len(found[1]) == bare.draws


def test_where_nothing_is_kept_nothing_is_said():
    plain = many(4, 6)
    assert certainties(plain) is None and certainty_points(plain, (1, 2), 0) == []
    assert not {BEST, VOTE} & {one.method for one in on_the_pool(plain)}
    values = measure([record([]), record([])], LEXICONS).values
    assert CERTAINTY not in values and CERTAINTY not in measure([], LEXICONS).values


def on_the_pool(problems):
    return _on_the_pool("a", problems, UNKNOWN, EstimatorSettings())


def test_both_methods_stand_beside_the_others_at_every_size():
    problems = told(many(6, 8))
    found = [one for one in on_the_pool(problems) if one.method in (BEST, VOTE)]
    sizes = sizes_of(problems)
    assert [(one.method, one.size) for one in found] == [
        (name, size) for name in (BEST, VOTE) for size in sizes
    ]
    plain = by_size(majority(problems, sizes, arm="a"), "majority")
    for one in found:
        assert one.arm == "a"
        for kind, spent in one.costs.items():  # no call, and no token more than the plain vote
            np.testing.assert_array_equal(spent, plain[one.size].costs[kind])


@given(drawn_problem())
def test_of_one_draw_the_most_certain_is_a_single_answer(one):
    rng = np.random.default_rng(0)
    problems = sure([one], [rng.normal(size=one.draws)])
    (best,) = certainty_points(problems, (1,), 0)
    assert best.method == BEST
    assert best.mean == pytest.approx(single(problems).mean, abs=1e-12)


def test_of_all_draws_the_one_of_the_highest_certainty_is_taken():
    problems = sure(
        [pool([0, 1, 1, -1]), pool([0, 1, 1, -1])], [[-1, -2, -3, -4], [-3, -1, -2, -4]]
    )
    assert by_size(certainty_points(problems, (4,), 0), BEST)[4].accuracy.tolist() == [1, 0]


def test_a_draw_without_a_certainty_is_taken_last():
    problems = sure(
        [pool([0, 1, 1]), pool([1, 0, 0], 0)], [[np.nan, -9.0, -9.5], [-9.0, np.nan, np.nan]]
    )
    found = by_size(certainty_points(problems, (1, 3), 0), BEST)
    assert found[3].accuracy.tolist() == [0, 0]
    assert found[1].accuracy.tolist() == [pytest.approx(1 / 3), pytest.approx(2 / 3)]


def test_a_problem_without_log_probabilities_has_one_answer_and_a_plain_vote():
    other = told(many(30, 8), shift=3.0)
    bare = pool([0, 0, 0, 1, 1, 1, 1, 2])
    points = certainty_points([*other, bare], (8,), 0)
    assert by_size(points, BEST)[8].accuracy[-1] == pytest.approx(3 / 8)
    assert by_size(points, VOTE)[8].accuracy[-1] == 0


def test_a_planted_effect_is_used_and_noise_is_not():
    """λ is chosen on other problems; where certainty says nothing the vote stays plain."""
    plain_pool, _ = planted(np.random.default_rng(3), 120, 8)
    alone = majority(plain_pool, (8,))[0].mean
    used = by_size(certainty_points(told(plain_pool, 2.0), (8,), 0), VOTE)[8]
    assert used.mean > alone + 0.05
    assert used.error == 0  # all draws are one subset
    noise = by_size(certainty_points(told(plain_pool, 0.0), (8,), 0), VOTE)[8]
    assert noise.mean == pytest.approx(alone, abs=0.02)


def test_wrong_answers_that_are_more_certain_lose_weight():
    """The sign of λ is learned too; the most certain draw has no such choice."""
    plain_pool, _ = planted(np.random.default_rng(3), 120, 8)
    points = certainty_points(told(plain_pool, -2.0), (8,), 0)
    alone = majority(plain_pool, (8,))[0].mean
    assert by_size(points, VOTE)[8].mean > alone + 0.05
    assert by_size(points, BEST)[8].mean < single(plain_pool).mean - 0.05


def test_one_problem_has_no_other_to_set_a_weight_on():
    points = certainty_points(told(many(1, 4)), (1, 4), 0)
    assert {one.method for one in points} == {BEST}


def test_more_draws_than_there_are_is_refused_in_one_line():
    with pytest.raises(DataError, match="8 draws cannot be taken"):
        certainty_points(told(many(3, 4)), (8,), 0)


@pytest.fixture(scope="module")
def table():
    problems, _ = planted(np.random.default_rng(0), 100, 8)
    made = told(problems, 2.5)
    records = [record([float(value)]) for one in made for value in one.certainty]
    return marker_table(measure(records, LEXICONS), made, arm="a", by=Bootstrap(resamples=200))


def test_the_table_has_certainty_after_lengths_and_reads_it(table):
    names = [one.category for one in table.rows]
    assert names.count("certainty") == 1
    assert names.index("certainty") == names.index("length") + names.count("length")
    row = table.rows[names.index("certainty")]
    assert (row.measure, row.part, row.filing) == ("logprob", "all", "")
    assert (row.read_pooled, row.read_within) == ("more", "more")
    assert row.right - row.wrong == pytest.approx(2.5, abs=0.3)


def test_every_rule_by_certainty_stands_beside_length_and_a_random_feature(table):
    votes = [one for one in table.votes if one.feature == "certainty"]
    assert [one.rule for one in votes] == list(RULES)
    assert all(one.over_length is not None for one in votes)
    weighted = votes[0]
    assert weighted.claim == "gain" and max(weighted.settings) < 0
    assert weighted.over_length.above(0)


def test_a_certainty_that_never_differs_is_no_vote():
    problems, _ = planted(np.random.default_rng(0), 20, 4)
    records = [record([-1.0]) for _ in range(80)]
    table = marker_table(measure(records, LEXICONS), problems, by=Bootstrap(resamples=100))
    assert not [one for one in table.votes if one.feature == "certainty"]


def test_right_minus_wrong_is_a_figure_in_nats():
    problems, _ = planted(np.random.default_rng(0), 40, 6)
    made = told(problems, 2.0)
    measured = measure(
        [record([float(value)]) for one in made for value in one.certainty], LEXICONS
    )
    table = marker_table(measured, made, arm="a", by=Bootstrap(resamples=100))
    found = {one.quantity: one for one in of_markers(table, measured, made, trained=False)}
    for name in (figure_names.SURER, figure_names.SURER_WITHIN):
        assert found[name].unit == "nats" and found[name].span.estimate > 1
        assert found[name].p < 0.001
    one_answer = Figure(
        quantity=figure_names.ONE_ANSWER, arm="a", span=Span(estimate=0.5), unit="share"
    )
    figures = Figures(figures=(one_answer, *found.values()))
    (row,) = (one for one in RIGHT_AND_WRONG.rows(figures) if one[1] == "certainty")
    assert row[0] == "a" and row[3] == "nats" and row[4].startswith("+")
