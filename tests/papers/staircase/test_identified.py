"""A prediction counts only where what the published rows leave open does not decide it."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.claims.reproduce.shown import _prediction
from llmx.papers.staircase.simulate.predict import (
    MOVES,
    OPEN,
    Assumed,
    FittedRows,
    predict,
    predicted,
    scene,
)
from llmx.papers.staircase.simulate.scene import answer
from llmx.papers.staircase.simulation import _stored, markdown, said_error

DRAFTS, CHUNKS, COSTS = (0.5, 1.0, 2.0), (16, 64), (0.0, 1e-4)
PUBLISHED = FittedRows(0.06, 69.4, 10.6, 28.3)
SHORT = FittedRows(0.08, 56.0, 5.0, 3.8)  # of an answer of 20 tokens


def grid(value):
    """Every combination, with what `value` makes of it."""
    return [(one, value(one)) for one in (Assumed(*key) for key in product(DRAFTS, CHUNKS, COSTS))]


@given(st.floats(0.1, 100), st.sampled_from(OPEN), st.floats(0, 0.5))
def test_a_figure_that_one_open_assumption_moves_is_not_identified(base, what, moved):
    """The rule asks the parts of the grid, not its span: each part has one value of `what`."""
    values = {"draft_length": DRAFTS, "later_chunk": CHUNKS, "prompt_token": COSTS}[what]

    def value(one):
        return base * (1 + moved * (getattr(one, what) == values[-1]))

    found = predicted("x", 1.0, grid(value))
    low, high = found.swayed[what]
    assert (low, high) == pytest.approx((base, base * (1 + moved)))
    others = [found.swayed[name] for name in OPEN if name != what]
    assert all(end == pytest.approx(start) for start, end in others)
    assert found.identified == (high - low <= MOVES * found.middle)
    assert moved < 0.01 or found.mover == what


def test_what_no_assumption_touches_is_identified_and_has_an_error():
    found = predicted("x", 2.0, grid(lambda _: 3.0))
    assert found.identified and said_error(found) == "+50"
    assert _stored(found)["error"] == pytest.approx(0.5)


def test_a_narrow_span_beside_the_bounds_does_not_identify_a_figure():
    """Between 0.06 s and 10.6 s a span of 0.1 to 0.4 is little; and it is the drafts' length."""
    found = predicted("ttft", 0.47, grid(lambda one: 0.2 / one.draft_length))
    assert not found.identified and found.mover == "draft_length"
    assert "draft length alone moves it, 0.10–0.40" in said_error(found)


def test_no_error_is_stated_of_what_is_not_identified_on_any_page():
    (found,) = predict(SHORT, {"ttft 4": 0.42})
    assert not found.identified  # such rows do not say how long drafts are
    kept = _stored(found)
    assert kept["error"] is None and kept["identified"] is False
    assert "not identified" in _prediction(kept)[-1]
    (row,) = [line for line in markdown(SHORT, [found], []).splitlines() if "ttft 4" in line]
    assert "not identified" in row and "%" not in row


def test_the_tokens_a_second_of_the_paper_do_not_follow_from_its_plain_rows():
    """Drafts of half to twice the answer's length: each length gives another figure."""
    some = [Assumed(length, 64, 2e-5) for length in DRAFTS]
    answers = [(one, answer(scene(PUBLISHED, one, streaming="staircase"))) for one in some]
    found = predicted("tokens/s", 43.4, [(one, got.tokens / got.total) for one, got in answers])
    low, high = found.swayed["draft_length"]
    assert low < 40 < 50 < high and not found.identified
