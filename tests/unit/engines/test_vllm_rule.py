"""The rule of a request, from configuration and request; without vLLM."""

from types import SimpleNamespace

import pytest

from llmx.core.errors import ConfigError
from llmx.core.philox import Purpose
from llmx.engines.vllm_plugin import guard, register
from llmx.engines.vllm_plugin.answer import InFlight
from llmx.engines.vllm_plugin.engine_state import EngineState
from llmx.engines.vllm_plugin.rule import rule_of


def params(**changes):
    given = {
        **{"temperature": 0.7, "top_p": 0.9, "top_k": 0, "max_tokens": 32, "seed": None},
        **{"presence_penalty": 0.0, "frequency_penalty": 0.0, "repetition_penalty": 1.0},
        **{"min_p": 0.0, "extra_args": None, "all_stop_token_ids": {2}},
    }
    return SimpleNamespace(**{**given, **changes})


def rule(config=None, asked=None, **changes):
    extra = None if asked is None else {"llmx": asked}
    return rule_of(config or {}, params(extra_args=extra, **changes), "r", 5)


def test_a_request_that_says_nothing_is_vllms_own():
    assert rule() is None
    assert rule({"threshold": None, "divergence": "tv"}) is None


def test_the_configuration_holds_unless_the_request_says_otherwise():
    config = {"threshold": 0.2, "divergence": "tv"}
    assert rule(config).options.threshold == 0.2
    found = rule(config, {"threshold": "inf"}).options
    assert (found.algorithm, found.threshold, found.divergence) == ("fuzzy", float("inf"), "tv")


@pytest.mark.parametrize("none", [None, "none"])
def test_no_threshold_is_lossless(none):
    assert rule({"threshold": 0.2}, {"threshold": none}).options.algorithm == "speculative"


def test_sampling_is_what_vllm_was_told():
    found = rule({}, {"threshold": 0.1}, top_k=-1, temperature=1e-6, max_tokens=None).options
    assert (found.temperature, found.top_k, found.gamma, found.eos_ids) == (0.0, 0, 5, (2,))
    assert found.first_block == "target" and found.max_tokens > 10**5


def test_numbers_are_fixed_by_seed_and_id():
    one = rule({}, {"threshold": 0.1, "id": "a", "seed": 3})
    assert (one.id, one.seed) == ("a", 3)
    assert (rule({}, {"threshold": 0.1}, seed=8).id, rule({}, {}, seed=8).seed) == ("r", 8)
    answer = InFlight(one)
    late, early = answer.draws(Purpose.TARGET, 700, 3), answer.draws(Purpose.TARGET, 0, 703)
    assert late.tolist() == early[700:].tolist()


def test_a_request_that_takes_more_input_draws_on_from_its_new_position():
    """Rows count from the answer's beginning; new parameters of a request are a new rule."""
    engine_state = EngineState({}, 0)
    asked = {"algorithm": "target", "id": "a", "seed": 3}
    first = params(extra_args={"llmx": asked})
    state = SimpleNamespace(sampling_params=first, output_token_ids=[7, 7])
    ((_, one, position),) = engine_state.rows(["r"], {"r": state}, ahead=False)
    assert position == 2 and engine_state.answer("r", state) is one
    more = params(extra_args={"llmx": {**asked, "position": 8}})
    state = SimpleNamespace(sampling_params=more, output_token_ids=[7])
    ((_, other, position),) = engine_state.rows(["r"], {"r": state}, ahead=False)
    assert position == 9 and other is not one
    assert other.draws(Purpose.TARGET, 9, 1) == one.draws(Purpose.TARGET, 0, 10)[9:]
    engine_state.forget(["r"])
    assert not engine_state.answers and not engine_state.params


WRONG = {
    "an unknown setting": ({"thresold": 1}, {}, "did you mean threshold"),
    "out of range": ({"threshold": 0.1, "floor": 2}, {}, "floor"),
    "a rule of llmx's loop": ({"algorithm": "block"}, {}, "called 'block'"),
    "a stop": ({"threshold": 0.1, "stop_below": 0.3}, {}, "no stop_below"),
    "a stop without a rule": ({"stop_below": 0.3}, {}, "no stop_below"),
    "min_p": ({"threshold": 0.1}, {"min_p": 0.1}, "min_p"),
    "penalties": ({"threshold": 0.1}, {"repetition_penalty": 1.2}, "penalties"),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_what_cannot_be_had_is_refused(case):
    asked, changes, told = WRONG[case]
    with pytest.raises(ConfigError, match=told):
        rule({}, asked, **changes)


def test_a_stop_that_is_off_or_not_read_is_no_trouble():
    assert rule({}, {"threshold": 0.1, "stop_below": 0.0}).options.stop_below == 0
    assert rule({}, {"algorithm": "target", "stop_below": 0.3}).options.algorithm == "target"
    with pytest.raises(ConfigError, match="no stop_below"):
        rule({"stop_below": 0.3})


def test_penalties_leave_lossless_decoding_lossless():
    assert rule({}, {}, presence_penalty=0.4).options.algorithm == "speculative"


def test_near_the_cap_fewer_tokens_are_drafted_and_none_before_the_first():
    answer = InFlight(rule({}, {"threshold": 0.1}, max_tokens=8))
    assert [answer.room(position) for position in range(9)] == [0, 5, 5, 4, 3, 2, 1, 0, 0]


def test_a_vllm_whose_internals_moved_is_told_in_one_line(monkeypatch):
    """Here there is none at all, or a place is gone."""
    monkeypatch.setitem(guard.PLACES, ("json", "dumps.nowhere"), ("self",))
    line = guard.moved()
    assert line is not None and "\n" not in line
    assert "not loaded" in line and "constraints-vllm.txt" in line


def test_a_place_with_other_parameters_has_moved(monkeypatch):
    monkeypatch.setattr(guard, "PLACES", {("json", "dumps"): ("value",)})
    assert "json.dumps takes other parameters" in (guard.moved() or "")
    monkeypatch.setattr(guard, "PLACES", {("json", "dumps"): ("obj",)})
    assert guard.moved() is None


def engine(**changes):
    speculative = SimpleNamespace(
        method="draft_model",
        rejection_sample_method="standard",
        draft_sample_method="probabilistic",
    )
    found = SimpleNamespace(
        speculative_config=speculative,
        scheduler_config=SimpleNamespace(async_scheduling=False),
        model_config=SimpleNamespace(logprobs_mode="raw_logprobs"),
    )
    for path, value in changes.items():
        place, _, name = path.partition("__")
        setattr(getattr(found, place), name, value)
    return found


UNUSABLE = {
    "scheduler_config__async_scheduling": (True, "async_scheduling"),
    "model_config__logprobs_mode": ("processed_logits", "logprobs_mode"),
    "speculative_config__method": ("ngram", "draft_model, not ngram"),
    "speculative_config__rejection_sample_method": ("synthetic", "standard"),
    "speculative_config__draft_sample_method": ("greedy", "probabilistic"),
}


@pytest.mark.parametrize("path", UNUSABLE)
def test_an_engine_in_which_no_rule_would_be_asked_for_is_refused(monkeypatch, path):
    monkeypatch.setattr(register, "find", lambda module, name: dict)
    value, told = UNUSABLE[path]
    assert register.unusable(engine(), dict) is None
    assert told in (register.unusable(engine(**{path: value}), dict) or "")
    assert "V2" in (register.unusable(engine(), list) or "")
