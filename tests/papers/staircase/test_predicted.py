"""Rates fitted on published rows give these rows back; what they predict follows from the rates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.papers.staircase.simulate.predict import Assumed, FittedRows, assumptions, predict, scene
from llmx.papers.staircase.simulate.scene import answer


def rows(tokens, per_token, prefill, waited):
    """The rows of a model whose length and rate are known."""
    single, plain = (first + (tokens - 1) * per_token for first in (prefill, waited))
    return FittedRows(prefill, tokens / single, waited, tokens / plain)


@given(st.integers(20, 2000), st.floats(0.002, 0.1), st.floats(0.01, 0.5), st.floats(1.0, 30.0))
def test_two_rows_give_length_and_rate_back(tokens, per_token, prefill, more):
    fitted = rows(tokens, per_token, prefill, prefill + more)
    assert fitted.tokens == pytest.approx(tokens, rel=1e-6)
    assert fitted.per_token == pytest.approx(per_token, rel=1e-6)


@pytest.mark.parametrize(
    "assumed", [one for one in assumptions() if one.later_chunk == 16], ids=str
)
def test_the_plain_form_of_what_was_fitted_gives_the_rows_it_was_fitted_on(assumed):
    """To the few tokens of roles and headings that a prompt has, and the rounding of a length."""
    fitted = rows(100, 0.015, 0.08, 5.0)
    found = answer(scene(fitted, assumed, streaming="plain"))
    words = 100 * assumed.prompt_token
    assert found.tokens == 100
    assert found.ttft == pytest.approx(fitted.plain_ttft, abs=words + 1e-6)
    assert found.tokens / found.total == pytest.approx(fitted.plain_tps, rel=words / 5 + 1e-6)


@given(st.sampled_from([4, 8, 32]), st.floats(0.5, 2.0), st.integers(10, 60))
def test_a_predicted_first_token_is_the_slowest_first_chunk_and_two_prompts(chunk, share, tokens):
    fitted = rows(tokens, 0.015, 0.08, 5.0)
    drafts = max(2, round(tokens * share))
    stair = scene(fitted, Assumed(share, 64, 0.0), streaming="staircase", first_chunk=chunk)
    per_token = (5.0 - 2 * 0.08) / (drafts - 1)  # the whole draft took what was left of 5 s
    waited = (min(chunk, drafts) - 1) * per_token
    assert answer(stair).ttft == pytest.approx(2 * 0.08 + waited, rel=1e-6)


def test_a_prediction_is_the_middle_and_the_span_of_all_that_is_open():
    fitted = rows(20, 0.015, 0.08, 5.0)
    (found,) = predict(fitted, {"ttft 4": 0.2})
    every = [
        answer(scene(fitted, one, streaming="staircase", first_chunk=4)).ttft
        for one in assumptions()
    ]
    every.sort()
    assert len(every) == 48 and found.published == 0.2
    assert (found.low, found.high) == pytest.approx((every[0], every[-1]))
    assert found.middle == pytest.approx((every[23] + every[24]) / 2)
    assert found.error == pytest.approx(found.middle / 0.2 - 1)
