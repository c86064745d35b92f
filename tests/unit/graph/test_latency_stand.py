"""What an arm is timed with: answers of one length, past every end, and a cache of its own."""

import pytest
from ensembles import GREEDY, ensemble

from llmx.core.spec import ArmSpec, DataSpec, EngineSpec
from llmx.stages import stand

DATA = DataSpec(kind="gsm_symbolic", templates=(43,), test=40)


@pytest.mark.parametrize("kind", ["hf", "vllm"])
def test_a_stand_has_the_arms_engine_inputs_and_words_and_so_many_tokens(kind, monkeypatch):
    opened = []
    monkeypatch.setattr(stand, "open_cast", lambda *given: opened.append(given) or {})
    engine = EngineSpec(kind=kind, options={"swap_space": 1})
    arm = ArmSpec(data=DATA, sampler=GREEDY, engine=engine, ensemble=ensemble(), seed=3)
    found = stand.open_stand("name", arm, {"need": "folder"}, 17, 32)
    ((spec, given, inputs),) = opened
    assert (given, inputs, found.cast) == (engine, {"need": "folder"}, {})
    assert spec == found.arm.ensemble and set(spec.voices) == set(arm.ensemble.voices)
    salt = {"cache_salt": "name/17"} if kind == "vllm" else {}
    for voice in spec.voices.values():
        assert voice.sampler.max_tokens == 17
        assert voice.engine.options == {"swap_space": 1, "ignore_eos": True, **salt}
    assert {one.sampler.max_tokens for one in found.requests} == {17}
    assert {one.seed for one in found.requests} == {3} and len(found.requests) == 32
