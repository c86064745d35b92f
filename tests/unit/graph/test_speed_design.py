"""How engines that do not fit side by side are timed: one at a time, warmed, and said so."""

from types import SimpleNamespace

import pytest

from llmx.core.errors import ConfigError
from llmx.core.record import Sample
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.speech import ask
from llmx.core.stage import StageInput
from llmx.stages.speed import SpeedStage, _neighbours
from llmx.stages.timing import POOL, VllmClock, clocks

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
DATA = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=6)
ALGORITHMS = {"sd": "speculative", "target": "target", "fsd": "fuzzy", "draft": "draft"}


def arm(algorithm):
    threshold = 0.1 if algorithm == "fuzzy" else None
    sampler = SamplerSpec(algorithm=algorithm, threshold=threshold)
    return ArmSpec(model=PAIR, data=DATA, engine=EngineSpec(kind="vllm"), sampler=sampler)


def given(**options):
    arms = {name: arm(algorithm) for name, algorithm in ALGORITHMS.items()}
    return StageInput(StageSpec(name="speed", kind="decode_speed", options=options), arms)


def test_side_by_side_is_the_default_and_parts_no_fingerprint():
    stage = SpeedStage()
    assert stage.identity(given()) == stage.identity(given(engines="together"))
    assert stage.identity(given(engines="one at a time"))["engines"] == "one at a time"


def test_an_unknown_way_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"stages\.speed\.engines is 'one'.*one at a time"):
        SpeedStage().identity(given(engines="one"))


def test_arms_that_share_an_engine_are_neighbours_where_a_change_is_a_load():
    assert list(_neighbours(given())) == list(ALGORITHMS)
    order = list(_neighbours(given(engines="one at a time")))
    assert sorted(order) == sorted(ALGORITHMS)
    assert abs(order.index("sd") - order.index("fsd")) == 1


@pytest.mark.parametrize(("together", "most"), [(True, 3), (False, 1)])
def test_so_many_engines_are_up_and_share_the_memory(together, most):
    with clocks(given().arms, {}, SimpleNamespace(note=print), together) as timed:
        assert POOL.most == most
        shares = {c.engine.spec.options["gpu_memory_utilization"] for c in timed.values()}
    assert list(shares) == [pytest.approx(0.9 / most)]


def test_a_new_load_is_warmed_before_it_is_timed():
    asked = [ask(Sample(id="a", question="q", answer="1"), "", arm("target").sampler, 0)] * 3
    blocks, processes = [], iter(["first", "first", "second"])
    record = SimpleNamespace(tokens=1, rounds=1)

    def answer(requests, batch):
        blocks.append(len(requests))
        return [record] * len(requests)

    engine = SimpleNamespace(start=lambda sampler: next(processes), answer=answer)
    clock = VllmClock(engine)
    for _ in range(3):
        assert clock(asked, 1)["problems"] == 3
    assert blocks == [2, 3, 3, 2, 3]
