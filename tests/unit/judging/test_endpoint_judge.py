"""A judge behind an address: asked once a game, read, paid for, and named in errors."""

import pytest
from judge_server import about, alpaca, arena, saying
from loopback import Endpoint

from llmx.core.errors import ConfigError, EngineError, LlmxError
from llmx.core.judging import JudgeSpec
from llmx.core.record import Sample
from llmx.engines.endpoint import retry
from llmx.judging.alpaca_eval import AlpacaEval
from llmx.judging.arena_hard import ArenaHard
from llmx.judging.endpoint import EndpointJudge

TOP = {"logprobs": True, "top_logprobs": 5}
SECRET = "sk-planted-77c1e0"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(retry, "FIRST", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def games(protocol, count=8):
    problems = [Sample(id=f"q{n}", question=f"Q<{n}>", answer="wrong") for n in range(count)]
    return [game for one in problems for game in protocol.games(one, f"right {one.id}")]


def judge(endpoint, protocol, **changes):
    given = {"url": endpoint.url, "model": "judge", "batch_size": 3, **changes}
    return EndpointJudge(JudgeSpec(**given), protocol)


def test_alpaca_eval_s_judge_gives_probabilities_wherever_the_output_stands():
    with Endpoint(answer=alpaca(about, sure=0.8)) as endpoint:
        asks = judge(endpoint, AlpacaEval(), max_tokens=1, temperature=1.0, options=TOP)
        found = list(asks.judgements(games(AlpacaEval(), 12)))
    assert {one.ours for one in found} == {"first", "second"}
    assert [one.preference for one in found] == pytest.approx([0.8] * 12)
    assert all(one.asked and one.alternatives and one.reply in ("m", "M") for one in found)
    assert {body["temperature"] for body in endpoint.seen} == {1.0}


def test_arena_hard_s_judge_is_asked_in_both_orders():
    with Endpoint(answer=arena(about)) as endpoint:
        found = list(judge(endpoint, ArenaHard()).judgements(games(ArenaHard(), 4)))
    assert {one.preference for one in found} == {1.0} and {one.weight for one in found} == {3}
    assert {(one.ours, one.label) for one in found} == {("first", "A>>B"), ("second", "B>>A")}
    assert all("Instruction" in one.prompt or "Q<" in one.prompt for one in found)
    assert {(one.prompt_tokens, one.completion_tokens) for one in found} == {(100, 7)}
    assert len(endpoint.seen) == 8


@pytest.mark.parametrize("protocol", [AlpacaEval(), ArenaHard()])
@pytest.mark.parametrize("text", ["", "Both are fine.", "[[maybe]]"])
def test_nonsense_is_unparsable_and_kept(protocol, text):
    with Endpoint(answer=saying(text, [("Both", -0.1)])) as endpoint:
        found = list(judge(endpoint, protocol).judgements(games(protocol, 2)))
    assert {one.preference for one in found} == {None} and {one.reply for one in found} == {text}


def test_a_filtered_answer_is_unparsable_and_ends_no_run():
    with Endpoint(answer=arena(about), faults={"Q<1>": ["filtered"]}) as endpoint:
        found = list(judge(endpoint, ArenaHard()).judgements(games(ArenaHard(), 2)))
    (lost,) = [one for one in found if one.preference is None]
    assert lost.sample == "q1" and lost.ended == "content_filter"


def test_faults_that_pass_lose_nothing_and_ask_nothing_twice():
    faults = {"Q<0>": ["429", "500"], "Q<1>": ["half", "page"]}
    with Endpoint(answer=arena(about), faults=faults) as endpoint:
        found = list(judge(endpoint, ArenaHard()).judgements(games(ArenaHard(), 3)))
    assert len(found) == 6 and set(endpoint.worked.values()) == {1}


def test_a_budget_counts_what_an_earlier_try_took():
    every = games(ArenaHard(), 6)
    with Endpoint(answer=arena(about)) as endpoint:
        kept = list(judge(endpoint, ArenaHard()).judgements(every[:6]))
        spent = sum(one.prompt_tokens + one.completion_tokens for one in kept)
        poor = judge(endpoint, ArenaHard(), max_total_tokens=spent + 10)
        with pytest.raises(EngineError, match="budget is used up") as error:
            list(poor.judgements(every[6:], kept))
        assert len(endpoint.seen) == 6
    assert "judge.max_total_tokens" in error.value.hint and "engine." not in str(error.value)


BAD = {
    "no address": ({"url": None}, r"judge\.url is not set"),
    "no name": ({"model": None}, r"judge\.model is not set"),
    "no address at all": ({"url": "HOST/v1"}, r"judge\.url=HOST/v1 is no address"),
    "a key in it": ({"url": "http://me:key@127.0.0.1/v1"}, r"judge\.url .* holds a name, a key"),
    "a key among options": ({"options": {"api_key": "x"}}, r"judge\.options\.api_key would be"),
}


@pytest.mark.parametrize(("changes", "says"), BAD.values(), ids=BAD)
def test_a_wrong_judge_is_named(changes, says):
    given = {"url": "http://127.0.0.1:9/v1", "model": "judge", **changes}
    with pytest.raises(ConfigError, match=says) as error:
        EndpointJudge(JudgeSpec(**given), ArenaHard())
    assert "engine." not in str(error.value)


def test_a_key_is_read_from_the_variable_and_told_to_nobody(monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", SECRET + "x")
    with Endpoint(answer=arena(about), key=SECRET) as endpoint:
        wrong = judge(endpoint, ArenaHard(), key_env="JUDGE_KEY")
        with pytest.raises(LlmxError, match="401") as error:
            list(wrong.judgements(games(ArenaHard(), 1)))
        assert SECRET not in str(error.value) and "judge.key_env" in error.value.hint
        monkeypatch.setenv("JUDGE_KEY", SECRET)
        assert len(list(wrong.judgements(games(ArenaHard(), 1)))) == 2


def test_a_far_address_without_a_key_is_refused_before_it_is_asked(monkeypatch):
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    spec = JudgeSpec(url="https://judge.invalid/v1", model="judge", key_env="JUDGE_KEY")
    with pytest.raises(EngineError, match=r"\$JUDGE_KEY is not set") as error:
        list(EndpointJudge(spec, ArenaHard()).judgements(games(ArenaHard(), 1)))
    assert "judge.key_env" in error.value.hint
