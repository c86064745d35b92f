"""A budget is never passed by what is in flight, counts earlier tries, and ends a run cleanly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Endpoint
from test_faults import engine, requests

from llmx.core.errors import EngineError
from llmx.core.record import Record
from llmx.core.spec import EngineSpec
from llmx.engines.endpoint.budget import Budget


def answer(request, prompt, completion):
    return Record(
        id=request.id,
        prompt_ids=(),
        completion_ids=(),
        prompt="p",
        text="t",
        finish="stop",
        rounds=completion,
        prompt_tokens=prompt,
        completion_tokens=completion,
    )


@given(
    limit=st.integers(100, 5000),
    sizes=st.lists(st.integers(0, 200), min_size=1, max_size=40),
    at_once=st.integers(1, 8),
)
def test_completions_never_pass_the_limit_whatever_is_in_flight(limit, sizes, at_once):
    budget = Budget.after(EngineSpec(kind="openai", max_total_tokens=limit), ())
    flying = []
    for place, request in enumerate(requests(len(sizes))):
        if len(flying) == at_once:
            done, took = flying.pop(0)
            budget.settle(done, answer(done, 4, took))
        if not budget.admits(request):
            break
        budget.start(request)
        flying.append((request, sizes[place]))
    for done, took in flying:
        budget.settle(done, answer(done, 4, took))
    # Prompts are estimated; those here take fewer tokens than that.
    assert budget.spent.tokens <= limit
    assert budget.idle


def test_a_run_stops_cleanly_keeps_its_answers_and_goes_on_with_more():
    with Endpoint() as endpoint:
        limited, kept = engine(endpoint, max_total_tokens=900), []
        with pytest.raises(EngineError, match=r"budget is used up.*\d+ not asked") as error:
            for record in limited.arrivals(requests(30)):
                kept.append(record)  # noqa: PERF402 - the list is needed after the error
        assert "max_total_tokens" in error.value.hint
        used = sum(r.tokens + (len(r.prompt_ids) or r.prompt_tokens) for r in kept)
        assert 0 < used <= 900
        there = {record.id for record in kept}
        left = [one for one in requests(30) if one.id not in there]
        with pytest.raises(EngineError, match="budget is used up"):  # the same budget, still used
            list(engine(endpoint, max_total_tokens=900).arrivals(left, kept))
        more = list(engine(endpoint, max_total_tokens=100_000).arrivals(left, kept))
        assert len(kept) + len(more) == 30
        assert set(endpoint.worked.values()) == {1}


def test_money_is_counted_by_the_million_in_both_directions():
    with Endpoint() as endpoint:
        paying = engine(endpoint, price_in=2.0, price_out=10.0, max_cost=1.0)
        records = list(paying.generate(requests(3)))
        wanted = sum(2.0 * r.prompt_tokens + 10.0 * r.tokens for r in records) / 1e6
        assert paying.accounts()["cost"] == pytest.approx(wanted)


def test_money_stops_a_run():
    with Endpoint() as endpoint:
        poor = engine(endpoint, price_out=1000.0, max_cost=0.5)
        with pytest.raises(EngineError, match=r"budget is used up.*money"):
            list(poor.generate(requests(30)))
