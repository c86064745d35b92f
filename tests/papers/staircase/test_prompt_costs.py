"""What a prompt costs in virtual time: so much for each token that is not kept, and of no other."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.record import Part
from llmx.core.spec import SamplerSpec
from llmx.core.stream import Ask, Turn
from llmx.papers.staircase.simulate.model import SimulatedModel
from llmx.papers.staircase.simulate.scene import Scene, answer, ensemble_of, run_virtual
from llmx.papers.staircase.simulate.server_model import ReplicaSpeed, ServerModel, SimulatedRequest

RATE = st.floats(0.001, 0.2, allow_nan=False)
SPEED = st.builds(
    ReplicaSpeed, prefill_overhead=RATE, prefill_token=RATE, decode_base=RATE, decode_row=RATE
)


def given_at(speed, *jobs, seed=0):
    """Return when each token of jobs that come together is there, job by job."""

    async def served():
        station = ServerModel(speed, seed)
        for job in jobs:
            station.submit(job)
        return [[await job.given.get() for _ in range(job.tokens)] for job in jobs]

    return run_virtual(served())


@given(SPEED, st.integers(1, 400), st.integers(1, 20))
def test_a_first_token_takes_the_prompt_and_each_further_one_a_step(speed, prompt, tokens):
    (found,) = given_at(speed, SimulatedRequest(prompt, tokens))
    first = speed.prefill_overhead + speed.prefill_token * prompt
    step = speed.decode_base + speed.decode_row
    assert found == pytest.approx([first + step * place for place in range(tokens)], rel=1e-9)


@given(SPEED, st.integers(1, 400), st.integers(1, 400))
def test_two_prompts_are_computed_one_after_the_other_and_decode_together(speed, one, other):
    first, second = given_at(speed, SimulatedRequest(one, 2), SimulatedRequest(other, 2))
    taken = [speed.prefill_overhead + speed.prefill_token * prompt for prompt in (one, other)]
    step = speed.decode_base + 2 * speed.decode_row
    assert first == pytest.approx([taken[0], sum(taken) + step], rel=1e-9)
    assert second == pytest.approx([sum(taken), sum(taken) + step], rel=1e-9)


def test_luck_keeps_the_mean_and_has_the_variance():
    steps, variance = 20_000, 0.3
    station = ServerModel(ReplicaSpeed(variance=variance), seed=1)
    drawn = [station._luck() for _ in range(steps)]
    mean = sum(drawn) / steps
    spread = sum((one - mean) ** 2 for one in drawn) / steps
    expected = 2.718281828459045**variance - 1  # of a lognormal whose mean is 1
    assert mean == pytest.approx(1, abs=5 * (expected / steps) ** 0.5)
    assert spread == pytest.approx(expected, rel=0.1)


def test_without_a_variance_there_is_no_luck():
    assert {ServerModel(ReplicaSpeed(), seed)._luck() for seed in range(5)} == {1.0}


SLOW, LISTENER = st.builds(replace, SPEED, decode_row=st.just(0.0)), SPEED


@given(SLOW, LISTENER, st.integers(1, 300), st.sampled_from(["plain", "staircase"]))
def test_a_longer_question_is_paid_for_by_the_proposer_and_by_the_listener(
    proposer, listener, more, streaming
):
    def first_token(question):
        spec = ensemble_of(1, streaming=streaming, first_chunk=8)
        speeds = {"p1": proposer, "aggregator": listener}
        return answer(Scene(spec, speeds, 20, question=question)).ttft

    paid = more * (proposer.prefill_token + listener.prefill_token)
    assert first_token(50 + more) - first_token(50) == pytest.approx(paid, rel=1e-6)


@given(SLOW, LISTENER, st.integers(1, 100))
def test_a_longer_draft_is_paid_for_where_it_is_written_and_where_it_is_read(
    proposer, listener, more
):
    def first_token(tokens):
        scene = Scene(
            ensemble_of(1, streaming="plain"), {"p1": proposer, "aggregator": listener}, 20
        )
        return answer(replace(scene, lengths={"p1": tokens})).ttft

    paid = more * (proposer.decode_base + listener.prefill_token)
    assert first_token(20 + more) - first_token(20) == pytest.approx(paid, rel=1e-6)


def test_a_kept_prompt_is_not_computed_again():
    """The same speaker's prefix, in whole blocks; never all of it, since a token comes of it."""
    greedy = SamplerSpec(algorithm="target", temperature=0)

    async def prompts(cache):
        model = SimulatedModel("m", ServerModel(ReplicaSpeed()), 4, cache=cache)
        found = []
        for text in ("x" * 100, "x" * 100, "x" * 100 + "y" * 40, "z" * 100):
            turn = Turn(role="user", parts=(Part(text=text),))
            told = Ask(id="q", prompt=(turn,), budget=1, sampler=greedy)
            found += [piece async for piece in model.stream(told)]
        return [(one.prompt_tokens, one.cached_tokens) for one in found]

    sent = len("<user>")
    assert run_virtual(prompts(False)) == [(sent + n, 0) for n in (100, 100, 140, 100)]
    kept = [cached for _, cached in run_virtual(prompts(True))]
    assert kept == [0, 96, 96, 0]  # of 106, 105 could be kept: six blocks of 16


def test_virtual_time_is_the_loops_own():
    async def slept():
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(asyncio.sleep(3), asyncio.sleep(5))
        return began, loop.time()

    assert run_virtual(slept()) == (0.0, 5.0)
