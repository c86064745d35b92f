"""The sweeps: what varies with what, by laws that each has to keep; small answers, little load."""

from functools import cache
from itertools import pairwise

import pytest

from llmx.papers.staircase.simulate.explore import AGGREGATOR, PROPOSER, as_rows, explore

TOKENS = 64


@cache
def points():
    return explore(TOKENS, questions=12)


def sweep(name, quantity):
    """Return value → quantity, in the order of the page."""
    found = {point.value: getattr(point, quantity) for point in points() if point.sweep == name}
    assert len(found) > 1
    return found


def rises(values):
    return all(one < other for one, other in pairwise(values))


def step(speed, rows=1):
    return speed.decode_base + rows * speed.decode_row


def test_a_first_token_after_whole_drafts_takes_their_length_and_after_chunks_the_chunks():
    first = sweep("first chunk", "stair_ttft")
    per_token = step(PROPOSER)
    for short, long in ((4, 8), (8, 16), (16, 32)):
        paid = (long - short) * (per_token + 3 * AGGREGATOR.prefill_token)
        gained = first[str(long)] - first[str(short)]
        assert gained == pytest.approx(paid, rel=1e-9)
    (plain,) = set(sweep("first chunk", "plain_ttft").values())
    paid = (TOKENS - 32) * (per_token + 3 * AGGREGATOR.prefill_token)
    assert plain - first["32"] == pytest.approx(paid, rel=1e-9)


def test_the_cut_is_what_is_saved_of_the_plain_time():
    for point in points():
        assert point.cut == pytest.approx((point.plain_ttft - point.stair_ttft) / point.plain_ttft)
        assert 0 < point.cut < 1
    assert [row["cut"] for row in as_rows(points())] == [point.cut for point in points()]


def test_more_to_wait_for_takes_longer():
    for name in ("proposers", "slowest over fastest proposer", "layers before the answer"):
        assert rises(sweep(name, "plain_ttft").values())
        assert rises(sweep(name, "stair_ttft").values())


def test_a_proposer_so_much_slower_takes_so_much_longer():
    plain = sweep("slowest over fastest proposer", "plain_ttft")
    for skew in (2.0, 4.0):
        more = (TOKENS - 1) * (skew - 1) * PROPOSER.decode_base
        assert plain[str(skew)] - plain["1.0"] == pytest.approx(more, rel=1e-9)


def test_shorter_chunks_later_compute_more_prompts_again_and_stall_less():
    again, stalled = sweep("later chunk", "again"), sweep("later chunk", "stalled")
    assert rises(again[size] for size in ("64", "32", "16", "8"))
    assert rises(stalled[size] for size in ("8", "16", "32", "64"))
    assert again["8, doubling"] < again["8"]


def test_a_layout_made_for_the_cache_computes_less_again():
    again = sweep("layout, with a prefix cache", "again")
    assert again["L2"] < again["L1b"] <= again["L1"] < again["L0"]


def test_whoever_waits_for_fewer_waits_less():
    waited = sweep("quorum, slowest proposer four times as slow", "stair_ttft")
    assert rises(waited[share] for share in ("0.5", "0.75", "1.0"))


def test_more_load_is_a_longer_wait_and_a_longer_tail():
    name = "offered load, of what the plain proposers can do"
    for quantity in ("plain_ttft", "stair_ttft", "plain_p95", "stair_p95"):
        loaded = sweep(name, quantity)
        assert rises(loaded[load] for load in ("0.1", "0.5", "0.9"))
    loads = [point for point in points() if point.sweep == name]
    assert all(p.plain_p95 >= p.plain_ttft and p.stair_p95 >= p.stair_ttft for p in loads)
    assert not [p for p in explore(4, questions=0) if p.sweep == name]


def test_on_a_shared_replica_the_first_chunks_wait_for_the_prompts_of_all():
    shared = sweep("one replica for all", "stair_ttft")
    assert shared["yes"] > shared["no"]
