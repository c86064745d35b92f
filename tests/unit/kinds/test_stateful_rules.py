"""Rules with a memory that a package brings: through the loop, beside others, and in vLLM's."""

from types import SimpleNamespace

import numpy as np
import pytest
from native_folders import V, native_pair, needs_compiler

from llmx.core.errors import ConfigError
from llmx.core.plugins import use
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec
from llmx.decoding import DecodeOptions, decode
from llmx.decoding.api import decode_refill
from llmx.decoding.block_model import reads
from llmx.decoding.stateful_rule import Closeness, StatefulRule, stateful_rule

# An answer may hold so many drafted tokens as its threshold says, whatever they are.
RULES = """\
import numpy as np

from llmx.decoding.stateful_rule import ThresholdState
from llmx.decoding.stateful_rule import Closeness, Decision, StatefulRule


class Given(ThresholdState):
    held = (*ThresholdState.held, "given")

    def __init__(self, size, options):
        super().__init__(size, options)
        self.given = np.zeros(size)

    def reset(self, rows):
        super().reset(rows)
        self.given[rows] = 0

    def pay(self, charge, accepted):
        super().pay(charge, accepted)
        self.given += accepted


class FewRule(StatefulRule):
    version = 7
    settings = frozenset({"floor"})

    def remember(self, size, options):
        return Given(size, options)

    def limits(self, tokens, state, options):
        return np.full((len(tokens), 1), np.inf)

    def compare(self, logits, probs, proposal, options):
        assert probs is None
        return Closeness(np.zeros(tuple(proposal.tokens.shape), np.float32), None)

    def decide(self, close, tokens, exempt, state, options):
        left = state.threshold - state.given
        passes = np.arange(tokens.shape[1]) < left[:, None]
        return Decision(passes, np.ones(tokens.shape, np.float32), passes.astype(np.float64))


class ReadRule(FewRule):
    def reads_numbers(self, options):
        return True

    def read(self, found, options):
        assert np.isfinite(found.divergence[:, 0]).all()
        return super().read(found, options)


class FirstRule(FewRule):
    def beside(self, options):
        return "first"


class WarpedRule(FewRule):
    def reads_warped(self, options):
        return True

    def compare(self, logits, probs, proposal, options):
        assert probs.shape == logits.shape and (probs == 0).any()
        return super().compare(logits, None, proposal, options)


FEW, READ, FIRST, WARPED = FewRule(), ReadRule(), FirstRule(), WarpedRule()
"""
KINDS = """\
KINDS = {
    "accept.few": "NAME.rules:FEW",
    "accept.few_read": "NAME.rules:READ",
    "accept.few_first": "NAME.rules:FIRST",
    "accept.few_warped": "NAME.rules:WARPED",
    "accept.no_object": "NAME.rules:FewRule",
}
"""
PROMPTS = [[3, 1, 4], [1, 5], [9, 2, 6, 5, 3], [5], [8, 9, 7]]
IDS = [f"s{at}" for at in range(len(PROMPTS))]


@pytest.fixture(autouse=True)
def rules(plugin):
    use([plugin("rules_with_memory", KINDS, rules=RULES)])


def options(algorithm="few", **changes):
    given = {"threshold": 3.0, "gamma": 4, "max_tokens": 14, "temperature": 0.0, **changes}
    return DecodeOptions(algorithm=algorithm, **given)


@needs_compiler
@pytest.mark.parametrize("algorithm", ["few", "few_read", "few_warped"])
def test_what_an_answer_was_given_is_remembered_to_its_end(algorithm):
    found = decode(*native_pair(1), PROMPTS, IDS, options(algorithm, temperature=0.8), 5)
    assert {one.accepted for one in found} == {3}


@needs_compiler
def test_the_memory_is_of_the_answer_not_of_its_row():
    """Rows are refilled and let go of; an answer is what it is alone."""
    how, pair = options(temperature=0.8), native_pair(1)
    alone = [decode(*pair, [p], [i], how, 5)[0] for p, i in zip(PROMPTS, IDS, strict=True)]
    for slots in (2, 5):
        assert decode_refill(*pair, PROMPTS, IDS, how, 5, slots=slots) == alone


@needs_compiler
def test_numbers_and_distributions_give_one_answer():
    assert reads(options("few_read")) and not reads(options("few"))
    pair, one, other = native_pair(2), options("few_read"), options("few")
    assert decode(*pair, PROMPTS, IDS, one, 5) == decode(*pair, PROMPTS, IDS, other, 5)


@needs_compiler
def test_the_test_beside_it_lets_stand_what_the_rule_refuses():
    target, draft = native_pair(1)
    how = options("few_first", threshold=0.0)
    found = decode(target, target, PROMPTS, IDS, how, 5)
    alone = decode(target, draft, PROMPTS, IDS, options("target"), 5)
    assert [one.token_ids for one in found] == [one.token_ids for one in alone]
    assert all(one.accepted == one.drafted > 0 for one in found)
    refused = decode(target, target, PROMPTS, IDS, options(threshold=0.0), 5)
    assert [one.token_ids for one in refused] == [one.token_ids for one in alone]
    assert not any(one.accepted for one in refused)


def test_a_rule_is_looked_up_once_a_run(monkeypatch):
    from llmx.decoding import stateful_rule as module

    asked = []

    def lookup(family, kind):
        asked.append(kind)
        return found(family, kind)

    found = module.lookup
    monkeypatch.setattr(module, "lookup", lookup)
    how = options("fuzzy", semantics="union")
    assert [how.tests_ratio, how.tests_first, how.brought, reads(how)] == [False, True, False, True]
    assert asked == ["fuzzy"]
    assert options("target").stateful is None and asked == ["fuzzy"]


def test_the_beside_of_each_fuzzy_rule():
    for semantics, ratio, first in (
        ("research", False, False),
        ("fallback", True, False),
        ("union", False, True),
    ):
        how = options("fuzzy", semantics=semantics, temperature=0.7)
        assert (how.tests_ratio, how.tests_first) == (ratio, first)


def test_what_stands_anyway_costs_nothing():
    """A token that the test beside the rule lets stand leaves the budget to others."""
    how = options("fuzzy", threshold=0.5, budget=0.5, semantics="fallback")
    rule = stateful_rule("fuzzy")
    assert rule is not None
    close = Closeness(np.full((1, 3), 0.3, np.float32), None)
    tokens = np.zeros((1, 3), np.int64)
    exempt = np.array([[True, False, False]])
    found = rule.decide(close, tokens, exempt, rule.remember(1, how), how)
    assert found.charge.tolist() == [[0.0, pytest.approx(0.3), 0.0]]
    assert found.accept.tolist() == [[True, True, False]]


def test_a_rule_by_token_is_none_with_a_memory():
    assert isinstance(stateful_rule("few"), StatefulRule) and not options("few").brought
    assert stateful_rule("speculative") is None is stateful_rule("target")
    with pytest.raises(ConfigError, match="unknown accept kind 'fuzy'"):
        stateful_rule("fuzy")


def test_a_class_in_place_of_a_rule_is_one_line():
    from llmx.decoding.accept_rule import brought_rule

    assert stateful_rule("no_object") is None
    with pytest.raises(ConfigError, match=r"'no_object' is <class .*no StatefulRule"):
        brought_rule("no_object")


def identity(**sampler):
    from llmx.stages.requests import decoding_identity

    model = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
    arm = ArmSpec(
        model=model,
        data=DataSpec(kind="gsm_symbolic"),
        sampler={"algorithm": "few", "threshold": 2, **sampler},
    )
    return decoding_identity(arm, "test", "generate")


def test_what_it_reads_and_its_version_are_what_a_sample_depends_on():
    assert identity()["rule"] == 7
    assert identity() != identity(floor=0.1) and identity() != identity(threshold=3)
    assert identity() == identity(divergence="tv", budget=0.5)


def test_the_fuzzy_rule_reads_what_only_it_keeps_in_an_identity():
    from llmx.stages.requests import _FUZZY

    rule = stateful_rule("fuzzy")
    assert rule is not None and rule.settings == _FUZZY


def vllm_rule(algorithm, **asked):
    from llmx.engines.vllm_plugin.rule import rule_of

    params = SimpleNamespace(
        **{"temperature": 0.7, "top_p": 1.0, "top_k": 0, "max_tokens": 32, "seed": 1},
        **{"presence_penalty": 0.0, "frequency_penalty": 0.0, "repetition_penalty": 1.0},
        **{"min_p": 0.0, "all_stop_token_ids": set()},
        extra_args={"llmx": {"algorithm": algorithm, **asked}},
    )
    found = rule_of({}, params, "r", 4)
    assert found is not None
    return found


def stepped(rule, steps, tokens=(1, 2, 3, 4)):
    """Return how many drafted tokens each step of one request of vLLM's accepts."""
    import torch

    from llmx.engines.vllm_plugin.acceptance import Verified, outcome
    from llmx.engines.vllm_plugin.answer import DraftedBlock, InFlight

    answer, accepted = InFlight(rule), []
    logits = torch.randn((len(tokens) + 1, V), generator=torch.Generator().manual_seed(3))
    for step in range(steps):
        drafted = torch.tensor(tokens)
        answer.block = DraftedBlock(
            drafted, list(tokens), logits[:-1], logits[:-1].softmax(-1), None
        )
        seen = Verified(logits, logits, [len(tokens)], [list(tokens)])
        found = outcome(seen, [(0, answer, 1 + 5 * step)], rule.options)
        accepted.append(int(found.accepted[0]))
    return answer, accepted


def test_vllms_loop_remembers_too():
    answer, accepted = stepped(vllm_rule("few", threshold=6), 3)
    assert accepted == [4, 2, 0]
    assert answer.held == {"threshold": 6.0, "spent": 6.0, "given": 6.0}


def test_vllms_loop_moves_a_held_threshold():
    answer, accepted = stepped(vllm_rule("fuzzy", threshold=0.5, hold_share=0.5), 1)
    assert accepted == [4]  # both models say the same
    assert answer.held["threshold"] == pytest.approx(0.5 * np.exp(0.5 * (0.5 * 5 - 4) / 5))


def test_vllm_follows_rules_with_a_memory_and_names_them():
    from llmx.engines.vllm.settings import check

    check(SamplerSpec(algorithm="few", threshold=2), EngineSpec(kind="vllm"))
    told = "target, draft, speculative, random, ensemble, fuzzy, few, few_read"
    with pytest.raises(ConfigError, match=r"no rule for sampler\.algorithm=block") as caught:
        check(SamplerSpec(algorithm="block"), EngineSpec(kind="vllm"))
    assert told in str(caught.value) and "no_object" not in str(caught.value)
    for unknown in ("fuzy", ["fuzzy"], 3):
        with pytest.raises(ConfigError, match="no rule of llmx in vLLM is called"):
            vllm_rule(unknown)
