"""Rules that a plugin brings: their law, their names, and what depends on them."""

import numpy as np
import pytest
from pydantic import ValidationError

from llmx.core import registry, speech
from llmx.core.errors import ConfigError
from llmx.core.plugins import use
from llmx.core.record import Sample, as_json
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import LOSSLESS, LOSSY
from llmx.decoding.accept_rule import brought_rule
from llmx.stages.requests import decoding_identity

RULES = """\
from llmx.decoding import accept
from llmx.decoding.accept_rule import AcceptRule


def likely(p, q, u, threshold):
    assert p.shape == q.shape == u.shape
    return p >= threshold


LIKELY = AcceptRule(likely, version=3)
EVER = AcceptRule(lambda p, q, u, threshold: p == p)
NEVER = AcceptRule(lambda p, q, u, threshold: p != p)
"""
KINDS = """\
KINDS = {
    "accept.likely": "NAME.rules:LIKELY",
    "accept.ever": "NAME.rules:EVER",
    "accept.never": "NAME.rules:NEVER",
    "accept.broken": "NAME.rules:accept",
}
"""


@pytest.fixture(autouse=True)
def rules(plugin):
    use([plugin("rules_of_mine", KINDS, rules=RULES)])


def decoded(algorithm, temperature=0.0, **more):
    """Return the completions of the zoo's pair, and what was accepted of them."""
    from llmx.core.speech import ask
    from llmx.engines.engine import engine_class

    spec = EngineSpec(kind="hf", batch_size=4, kernel="torch")
    engine = engine_class("hf")(ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft"), spec, {})
    sampler = SamplerSpec(algorithm=algorithm, temperature=temperature, max_tokens=12, **more)
    texts = ("Tom has 3 apples and buys 4 more. How many?", "Ann reads 12 pages a day for 5 days.")
    samples = [Sample(id=str(n), question=text, answer="7") for n, text in enumerate(texts)]
    found = list(engine.generate([ask(sample, "", sampler, 1) for sample in samples]))
    ids = [one.completion_ids for one in found]
    return ids, sum(one.accepted for one in found), sum(one.drafted for one in found)


def test_llmx_names_its_own_rules():
    own = {kind for room in registry.rooms() for family, kind in room.kinds if family == "accept"}
    assert own == {*LOSSLESS, *LOSSY}
    assert not any(map(speech.brought, (*own, "target", "draft")))
    assert speech.brought("likely")


def test_all_stands_or_nothing_does():
    alone, drafts = decoded("target"), decoded("draft")
    never, ever = decoded("never"), decoded("ever")
    assert never[0] == alone[0] and never[1] == 0 < never[2]
    assert ever[1] == ever[2] > 0 and ever[0] != alone[0]
    assert [ids[:5] for ids in ever[0]] == [ids[:5] for ids in drafts[0]]


def test_a_rule_reads_p_as_tokens_are_drawn():
    """Of arg-maxes p is 1 where the target would have said the same: that is greedy SD."""
    assert decoded("likely", threshold=0.5) == decoded("speculative")
    strict = decoded("likely", 0.8, threshold=0.9)
    lax = decoded("likely", 0.8, threshold=0.05)
    assert strict[1] / strict[2] < lax[1] / lax[2]


def test_a_rule_that_rounding_may_turn_over_is_fragile():
    import torch

    from llmx.decoding.accept_rule import accept_brought
    from llmx.decoding.options import DecodeOptions
    from llmx.decoding.propose import Proposal

    chances = torch.tensor([[[0.2, 0.8], [0.50005, 0.49995], [0.5, 0.5]]])
    options = DecodeOptions(algorithm="likely", temperature=1.0, top_p=1.0, threshold=0.5, gamma=2)
    tokens = torch.tensor([[1, 0]])
    logits = chances.log()
    proposal = Proposal(tokens, logits[:, :-1], logits[:, :-1], options, None)
    found = accept_brought(logits, logits, proposal, np.zeros((1, 2), np.float32), options)
    assert found.accept.tolist() == [[True, True]]
    assert (found.margin < 1e-4).tolist() == [[False, True]]
    assert found.probs is None


def test_its_version_is_part_of_what_a_sample_depends_on():
    model = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")

    def identity(**sampler):
        arm = ArmSpec(model=model, data=DataSpec(kind="gsm_symbolic"), sampler=sampler)
        return decoding_identity(arm, "test", "generate")

    mine = identity(algorithm="likely", threshold=0.5)
    assert mine["rule"] == 3 and mine["sampler"]["threshold"] == 0.5
    assert "rule" not in identity(algorithm="speculative")
    assert mine == identity(algorithm="likely", threshold=0.5, budget=0.3, divergence="tv")
    assert mine != identity(algorithm="likely", threshold=0.4)


def test_unknown_and_broken_rules_are_one_line():
    with pytest.raises(ValidationError, match="unknown algorithm 'likly': did you mean likely"):
        SamplerSpec(algorithm="likly")
    with pytest.raises(ConfigError, match=r"accept rule 'broken' is <module .*, no AcceptRule"):
        brought_rule("broken")


def test_an_engine_without_the_rule_says_so():
    from llmx.engines.vllm.settings import check

    with pytest.raises(ConfigError, match=r"no rule for sampler.algorithm=likely"):
        check(SamplerSpec(algorithm="likely", threshold=0.5), EngineSpec(kind="vllm"))


def test_a_sampler_is_written_as_before():
    assert as_json(SamplerSpec(algorithm="likely"))["algorithm"] == "likely"
