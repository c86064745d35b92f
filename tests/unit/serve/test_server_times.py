"""What Prometheus reads: which time is which, and bounds that tell them apart."""

import asyncio
import re
from itertools import pairwise

import pytest

from llmx.serve import metrics
from llmx.serve.metrics import Metrics

# Read at the start, at each piece and at the end.
TICKS = [10.0, 12.5, 12.75, 13.75, 14.0]
PIECES = ["a", "b", "c"]


def read(page, name):
    (found,) = re.findall(rf"^{name} (\S+)$", page, re.MULTILINE)
    return float(found)


@pytest.fixture
def page(monkeypatch):
    ticks = iter(TICKS)
    monkeypatch.setattr(metrics.time, "perf_counter", lambda: next(ticks))

    async def given():
        for piece in PIECES:
            yield piece

    async def passed_on(counted):
        return [piece async for piece in counted.timed(given(), lambda: 0)]

    counted = Metrics()
    assert asyncio.run(passed_on(counted)) == PIECES
    return counted.page().decode()


def test_a_first_token_is_timed_from_the_request_and_each_further_one_from_the_last(page):
    assert read(page, "llmx_ttft_seconds_sum") == 12.5 - 10
    assert read(page, "llmx_ttft_seconds_count") == 1
    assert read(page, "llmx_piece_gap_seconds_sum") == 13.75 - 12.5
    assert read(page, "llmx_piece_gap_seconds_count") == len(PIECES) - 1


def test_an_answer_is_timed_to_its_end(page):
    assert read(page, "llmx_answer_seconds_sum") == 14 - 10
    assert read(page, "llmx_answer_seconds_count") == 1


@pytest.mark.parametrize(
    "name", ["llmx_ttft_seconds", "llmx_piece_gap_seconds", "llmx_answer_seconds"]
)
def test_bounds_rise_from_a_hundredth_to_minutes_and_no_gap_is_wide(page, name):
    found = re.findall(rf'^{name}_bucket{{le="([^"]+)"}}', page, re.MULTILINE)
    bounds = [float(bound) for bound in found[:-1]]
    assert found[-1] == "+Inf" and bounds[0] == 0.01 and bounds[-1] == 120
    ratios = [b / a for a, b in pairwise(bounds)]
    assert all(1 < ratio <= 3 for ratio in ratios)
