"""What is compared has one temperature and one way to draft, or the plan says so."""

import pytest

from llmx.config.compose import compose
from llmx.core.errors import ConfigError
from llmx.core.spec import SamplerSpec, unlike
from llmx.graph.graph import build_graph
from llmx.graph.plan import alike_notes

SD = SamplerSpec(algorithm="speculative", max_tokens=40)
FUZZY = SamplerSpec(algorithm="fuzzy", threshold=0.1, max_tokens=40)


def changed(sampler, **settings):
    return sampler.model_copy(update=settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ()),
        ({"gamma": 16, "threshold": 0.3, "semantics": "fallback"}, ()),
        ({"temperature": 0.0}, ("temperature 0 and 0.6", "drafts greedy and sampled")),
        ({"draft": "greedy"}, ("drafts greedy and sampled",)),
        ({"draft": "greedy_soft"}, ("drafts greedy_soft and sampled",)),
        ({"top_p": 1.0, "top_k": 50}, ("top-p 1 and 0.9", "top-k 50 and 0")),
        ({"repetition_penalty": 1.1}, ("repetition penalty 1.1 and 1",)),
        ({"presence_penalty": 0.5}, ("presence penalty 0.5 and 0",)),
        ({"frequency_penalty": 0.5}, ("frequency penalty 0.5 and 0",)),
        ({"max_tokens": 41}, ("length cap 41 and 40",)),
        ({"stop": ("x",)}, ("stop texts ('x',) and ()",)),
    ],
)
def test_what_two_arms_differ_in_besides_their_rule(settings, said):
    assert unlike(changed(FUZZY, **settings), SD) == said


def test_at_temperature_0_a_sampled_draft_is_a_greedy_one_and_nothing_is_cut():
    cold = {"temperature": 0.0}
    greedy = changed(FUZZY, **cold, draft="greedy", top_p=1.0, top_k=50)
    assert unlike(greedy, changed(SD, **cold)) == ()
    assert unlike(changed(greedy, draft="greedy_soft"), changed(SD, **cold)) == (
        "drafts greedy_soft and greedy",
    )


def test_cuts_are_idle_only_where_both_are_greedy():
    warm, cold = changed(SD, top_k=50), changed(SD, temperature=0.0, top_k=10)
    assert "top-k 10 and 50" in unlike(cold, warm) and "top-k 50 and 10" in unlike(warm, cold)


def test_who_drafts_nothing_has_no_way_to_draft():
    alone = SamplerSpec(algorithm="target", max_tokens=40)
    assert unlike(changed(SD, draft="greedy"), alone) == ()
    assert unlike(None, SD) == unlike(SD, None) == ()


def test_the_plan_names_what_is_not_like_for_like():
    words = ["arms=[sd,fsd_h_mid,target]", "arms.fsd_h_mid.sampler.draft=greedy"]
    spec = compose("fsd_gsm8k", words, scale="smoke")
    assert alike_notes(spec) == (
        "fsd_h_mid beside sd is not like for like: drafts greedy and sampled",
    )


def test_pairs_of_findings_are_looked_at_too_and_those_of_absent_arms_are_not():
    spec = compose("fsd_guards", ["arms=[sd,sd_soft]"], scale="smoke")
    assert alike_notes(spec) == (
        "sd_soft beside sd is not like for like: drafts greedy_soft and sampled",
    )
    alone = spec.model_copy(update={"references": {}})
    assert alike_notes(alone) == alike_notes(spec)
    assert alike_notes(compose("fsd_guards", ["arms=[sd_soft]"], scale="smoke")) == ()


def test_rules_are_not_timed_on_two_forwards(monkeypatch):
    """Also where nothing is compiled: which forward an arm asks for is what is looked at."""
    found = {"auto": "native-1"}
    monkeypatch.setattr("llmx.stages.speed.kernel_of", lambda e: found.get(e.kernel, e.kernel))
    words = ["arms=[sd,fsd_h_mid]", "engine.kernel=torch"]
    build_graph(compose("fsd_gsm8k", words, scale="smoke"))
    words = ["arms=[sd,fsd_h_mid]", "arms.sd.engine.kernel=torch"]
    mixed = "speed would time arms on different forwards: sd on torch, fsd_h_mid on native-1"
    with pytest.raises(ConfigError, match=mixed):
        build_graph(compose("fsd_gsm8k", words, scale="smoke"))
