"""The simulator against the formulas, exactly; and time that costs none."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import RunError
from llmx.papers.staircase.simulate.closed_form import Member, ttft
from llmx.papers.staircase.simulate.scene import (
    Scene,
    answer,
    ensemble_of,
    events,
    run_virtual,
    under_load,
)
from llmx.papers.staircase.simulate.server_model import ReplicaSpeed

RATE = st.floats(0.001, 0.2, allow_nan=False)
SPEED = st.builds(
    ReplicaSpeed,
    prefill_overhead=RATE,
    prefill_token=st.just(0.0),
    decode_base=RATE,
    decode_row=st.just(0.0),
)


def test_a_day_takes_no_time():
    began = time.perf_counter()
    assert run_virtual(asyncio.sleep(86_400, "slept")) == "slept"
    assert time.perf_counter() - began < 2


def test_waiting_for_nobody_is_said():
    async def stand_still():
        await asyncio.Event().wait()

    with pytest.raises(RunError, match="stands still"):
        run_virtual(stand_still())


@given(
    st.lists(SPEED, min_size=1, max_size=6),
    SPEED,
    st.integers(1, 40),
    st.integers(2, 60),
    st.integers(2, 4),
    st.sampled_from(["plain", "staircase"]),
)
def test_ttft_is_the_formula(proposers, aggregator, chunk, tokens, layers, streaming):
    """Separate replicas, no variance: equal to rounding, for any speeds, chunks and layers."""
    spec = ensemble_of(
        len(proposers), layers=layers, streaming=streaming, first_chunk=chunk, later_chunk=chunk
    )
    speeds = {f"p{n}": speed for n, speed in enumerate(proposers, 1)} | {"aggregator": aggregator}
    found = answer(Scene(spec, speeds, tokens))
    members = [Member(one.prefill_overhead, one.decode_base, tokens) for one in proposers]
    # a replica serves the same member of every layer, and is busy with the first when the second
    # layer asks: with several layers the formula holds where the layers do not share replicas
    if layers > 2:
        return
    expected = ttft(
        [members], aggregator.prefill_overhead, chunk if streaming == "staircase" else None
    )
    assert found.ttft == pytest.approx(expected, rel=1e-9, abs=1e-9 * (tokens + 5))


def test_layers_add_up_when_nothing_is_shared():
    spec = ensemble_of(3, layers=4, streaming="plain")
    speeds = {f"p{n}": ReplicaSpeed(0.1, 0.0, 0.01 * n) for n in (1, 2, 3)}
    speeds["aggregator"] = ReplicaSpeed(0.05, 0.0, 0.02)
    members = [Member(0.1, 0.01 * n, 50) for n in (1, 2, 3)]
    expected = ttft([members] * 3, 0.05, None)  # plain: a layer begins when the last one has ended
    assert answer(Scene(spec, speeds, 50)).ttft == pytest.approx(expected, rel=1e-9)


def test_ttft_is_linear_in_the_first_chunk_with_the_slowest_token_as_slope():
    speeds = {
        "p1": ReplicaSpeed(0.1, 0, 0.01),
        "p2": ReplicaSpeed(0.1, 0, 0.03),
        "aggregator": ReplicaSpeed(0.05, 0, 0.02),
    }
    times = [
        answer(Scene(ensemble_of(2, streaming="staircase", first_chunk=c), speeds, 100)).ttft
        for c in (4, 8, 32)
    ]
    assert (times[1] - times[0]) / 4 == pytest.approx(0.03)
    assert (times[2] - times[1]) / 24 == pytest.approx(0.03)


def test_same_seed_same_events():
    speeds = {name: ReplicaSpeed(variance=0.2) for name in ("p1", "p2", "aggregator")}
    scene = Scene(ensemble_of(2, streaming="staircase"), speeds, 60, seed=5)
    assert events(scene) == events(scene)
    assert events(scene) != events(Scene(scene.spec, speeds, 60, seed=6))


def test_a_prefix_cache_computes_less_in_the_layouts_that_are_made_for_it():
    speeds = {name: ReplicaSpeed() for name in ("p1", "p2", "p3", "aggregator")}

    def again(layout, cache=True):
        spec = ensemble_of(3, streaming="staircase", layout=layout, first_chunk=16, later_chunk=16)
        return answer(Scene(spec, speeds, 256, cache=cache)).answer_again

    assert again("L2") < 0.1 * again("L0", cache=False)
    assert again("L2") < again("L1b") < again("L0") < again("L0", cache=False)


def test_requests_queue_when_a_replica_is_full():
    speeds = {name: ReplicaSpeed(batch=1) for name in ("p1", "aggregator")}
    scene = Scene(ensemble_of(1, streaming="plain"), speeds, 50)
    alone = answer(scene).total
    busy = under_load(scene, rate=4 / alone, questions=20)
    assert max(one.total for one in busy) > 2 * alone
    idle = under_load(scene, rate=0.01 / alone, questions=20)
    assert max(one.total for one in idle) < 1.2 * alone
