"""The table of markers of an arm: what is in it, how it is written, and what it may claim."""

import json

import numpy as np
import pytest
from planted_pools import drawn, flat, planted

from llmx.core.errors import DataError
from llmx.core.record import Record
from llmx.papers.inference_scaling.features.clustered import Bootstrap
from llmx.papers.inference_scaling.features.lexicon import read_lexicons
from llmx.papers.inference_scaling.features.measured import TOKENS, Feature, measure
from llmx.papers.inference_scaling.features.rows import MarkerTable
from llmx.papers.inference_scaling.features.rules import RULES, ballots_of, plain
from llmx.papers.inference_scaling.features.table import marker_table
from llmx.papers.inference_scaling.features.votes import feature_vote, gain_of, random_feature

LEXICONS = read_lexicons()
BY = Bootstrap(resamples=300)
HEDGING = Feature("hedging", "a", "all", "density")


def record(name, draw, hedges, connectives, tokens, thinks=True):
    said = " ".join(
        ["maybe"] * hedges + ["so"] * connectives + ["word"] * (20 - hedges - connectives)
    )
    return Record(
        id=name,
        draw=draw,
        prompt_ids=(),
        completion_ids=(1,) * tokens,
        prompt="",
        text=f"{said}\n#### 4" if thinks else "4",
        finish="eos",
        rounds=0,
    )


def written(pool, rng, thinks=True):
    """Wrong draws hedge more, hard problems are longer, and what is left is the same for all."""
    problem, correct = flat(pool)
    hard = 1 - np.array([one.correct.mean() for one in pool])[problem]
    return [
        record(
            pool[at].id,
            0,
            int(rng.binomial(8, 0.3 if right else 0.6)),
            int(rng.binomial(6, 0.4)),
            int(60 + 40 * how + rng.integers(10)),
            thinks,
        )
        for at, right, how in zip(problem, correct, hard, strict=True)
    ]


@pytest.fixture(scope="module")
def pool():
    return planted(np.random.default_rng(0), 120, 8)[0]


@pytest.fixture(scope="module")
def table(pool):
    records = written(pool, np.random.default_rng(1))
    return marker_table(measure(records, LEXICONS), pool, arm="worked", by=BY)


def row(table, category, part="all", filing="a", measure="density"):
    filing, measure = ("", measure) if category == "length" else (filing, measure)
    name = (category, filing, part, measure)
    (found,) = (
        one for one in table.rows if (one.category, one.filing, one.part, one.measure) == name
    )
    return found


def test_hedging_tells_both_ways_and_length_by_difficulty_alone(table):
    hedging = row(table, "hedging")
    assert (hedging.read_pooled, hedging.read_within) == ("fewer", "fewer")
    assert hedging.below > hedging.above
    assert hedging.p_sign < 0.01
    assert hedging.auc.below(0.5)
    assert hedging.auc_within.below(0.5)
    assert hedging.effect.estimate < -0.5
    length = row(table, "length", measure="tokens")
    assert (length.read_pooled, length.read_within) == ("fewer", "unclear")
    discourse = row(table, "discourse")
    assert discourse.read_within == "unclear"


def test_every_category_stands_in_both_filings_and_all_parts(table):
    names = {(one.category, one.filing, one.part) for one in table.rows}
    markers = {
        (category, filing, part)
        for category in ("hedging", "thinking", "discourse")
        for filing in "ab"
        for part in ("all", "thinking", "final")
    }
    lengths = {("length", "", part) for part in ("all", "thinking", "final")}
    assert names == markers | lengths
    assert [one.measure for one in table.rows[:2]] == ["rank", "tokens"]


def test_numbers_of_a_row_are_those_of_its_draws(table, pool):
    problem, correct = flat(pool)
    found = row(table, "hedging")
    values = measure(written(pool, np.random.default_rng(1)), LEXICONS).values
    hedging = values[HEDGING]
    assert found.right == pytest.approx(hedging[correct].mean())
    assert found.pooled.estimate == pytest.approx(found.right - found.wrong)
    both = [0 < one.correct.sum() < 8 for one in pool]
    assert (found.draws, found.problems, found.mixed) == (960, 120, sum(both))
    assert sum(found.thirds_right) == pytest.approx(1)
    assert found.thirds_right[0] > 0.5  # hedges come first in every text
    assert row(table, "hedging", "final").thirds_right is None
    assert len(problem) == table.draws


def test_together_with_hedging_length_tells_nothing(table):
    weights = {(one.filing, one.category): one.weight for one in table.logit}
    assert weights["a", "hedging"].below(0)
    assert weights["a", "length"].low < 0 < weights["a", "length"].high
    assert weights["a", "thinking"] is None  # no text has any: it never differs
    assert {filing for filing, _ in weights} == {"a", "b"}


def test_votes_stand_beside_length_and_a_random_feature(table):
    names = [(one.rule, one.feature, one.filing) for one in table.votes]
    # No text has a thinking marker, and both filings find the same others.
    alone = [("length", ""), ("hedging", "a"), ("discourse", "a")]
    together = [("logit", "all", "a"), ("logit", "all", "b")]
    assert names == [(rule, *one) for rule in RULES for one in alone] + together
    for one in table.votes:
        assert one.gain.estimate == pytest.approx(one.accuracy - one.plain)
        assert one.excess.estimate == pytest.approx(one.gain.estimate - one.control.estimate)
        assert (one.over_length is None) == (one.feature == "length")
        assert (one.settings == ()) == (one.rule == "logit")
    weighted = {one.feature: one for one in table.votes if one.rule == "weighted"}
    assert weighted["hedging"].claim == "gain"
    assert weighted["hedging"].over_length.above(0)
    assert weighted["length"].claim != "gain"
    assert all(one.feature in ("hedging", "all") for one in table.claimed())


def test_p_values_are_those_of_all_votes_that_were_tried(table, pool):
    """Holm takes the smallest p value as often as there are votes."""
    values = measure(written(pool, np.random.default_rng(1)), LEXICONS).values
    least = min(table.votes, key=lambda one: one.p)
    name = Feature(least.feature, least.filing, "all", "density")
    both = (values[name], random_feature(pool))
    tried, control = (feature_vote(pool, value, least.rule).accuracy for value in both)
    own = gain_of(tried, control, plain(ballots_of(pool)), BY).p
    assert least.p == pytest.approx(own * len(table.votes))


def test_the_table_is_written_and_read_again(table):
    text = table.model_dump_json()
    assert MarkerTable.model_validate_json(text) == table
    assert json.loads(text)["hashes"] == LEXICONS.hashes
    for flat_rows in (table.as_rows(), [one.as_row() for one in (*table.logit, *table.votes)]):
        assert json.loads(json.dumps(flat_rows)) == flat_rows
    first = table.as_rows()[0]
    assert {"category", "pooled", "pooled_low", "pooled_high", "within", "read_within"} <= set(
        first
    )


def test_the_same_seed_gives_the_same_bytes(pool):
    few = pool[:20]
    measured = measure(written(few, np.random.default_rng(1)), LEXICONS)
    first, second = (marker_table(measured, few, by=BY).model_dump_json() for _ in range(2))
    assert first == second


def test_a_model_that_does_not_think_has_rows_without_values(pool):
    records = written(pool[:20], np.random.default_rng(1), thinks=False)
    table = marker_table(measure(records, LEXICONS), pool[:20], by=BY)
    found = row(table, "hedging", "thinking")
    assert (found.draws, found.problems, found.mixed) == (0, 0, 0)
    assert (found.right, found.pooled, found.within, found.auc) == (None,) * 4
    assert table.as_rows()
    assert not table.claimed()


@pytest.mark.parametrize("answers", [[0, 0], [1, 1], [-1, -1], [0, 1]])
def test_a_handful_of_problems_is_no_error(answers):
    pool = [drawn(answers, f"p{at}") for at in range(4)]
    records = written(pool, np.random.default_rng(1))
    table = marker_table(measure(records, LEXICONS), pool, by=BY)
    assert MarkerTable.model_validate_json(table.model_dump_json()) == table
    assert not table.claimed()
    assert row(table, "hedging").mixed == (4 if answers == [0, 1] else 0)


def test_one_problem_and_other_draws_are_refused(pool):
    measured = measure(written(pool[:1], np.random.default_rng(1)), LEXICONS)
    with pytest.raises(DataError, match="one problem cannot be held out"):
        marker_table(measured, pool[:1], by=BY)
    with pytest.raises(ValueError, match="features of 8 draws for 16"):
        marker_table(measured, pool[:2], by=BY)


def test_more_measures_are_more_rows(pool):
    measured = measure(written(pool[:10], np.random.default_rng(1)), LEXICONS)
    table = marker_table(measured, pool[:10], by=BY, measures=("density", "diversity"))
    assert {one.measure for one in table.rows} >= {"density", "diversity"}
    assert TOKENS in measured.values
