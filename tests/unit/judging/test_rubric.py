"""Scorer `judge`: what it asks, how a reply is read, and what of its options is meaning."""

import pytest
from judge_server import saying
from loopback import Endpoint

from llmx.core.errors import ConfigError, DataError, EngineError, LlmxError
from llmx.core.judging import judged
from llmx.core.record import Record, Sample
from llmx.engines.endpoint import retry
from llmx.judging.rubric import CLOSING, RUBRIC
from llmx.scoring.scorer import made, options_fault
from llmx.stages.graded import Graded

SECRET = "sk-planted-4c1d02"
RIGHT = [
    "CORRECT",
    "Correct",
    "correct.",
    "**CORRECT**",
    "`CORRECT`",
    "Both say four.\nCORRECT",
    "Both say four.\n\n**CORRECT**\n",
    "VERDICT: CORRECT",
    "Verdict=CORRECT.",
    "[[CORRECT]]",
    '{"verdict": "CORRECT"}',
    "The units are incorrect, but nobody asked for them.\nCORRECT",
    "CORRECT. As I said: CORRECT",
    "<think>INCORRECT? No.</think>CORRECT",
    "<think>not CORRECT</think>\n\nCorrect",
    "It is not wrong.\nCORRECT",
    "I do not doubt it: it is CORRECT",
    "That the answer is short is no fault. CORRECT",
]
WRONG = [
    "INCORRECT",
    "Incorrect",
    "incorrect!",
    "**INCORRECT**.",
    "It says five, which is not correct.\nINCORRECT",
    "VERDICT: INCORRECT",
    "[[INCORRECT]]",
    "<think>CORRECT</think>INCORRECT",
    "INCORRECT\nINCORRECT",
]
UNREAD = [
    "",
    " ",
    "Yes.",
    "It is right.",
    "I cannot say.",
    "The correct answer is 4.",
    "CORRECT or INCORRECT?",
    "CORRECT\nINCORRECT",
    "INCORRECT, not CORRECT",
    'The answer says "CORRECT". INCORRECT',
    "not CORRECT",
    "This is not CORRECT.",
    "NOT INCORRECT",
    "It isn't CORRECT",
    "It isn’t CORRECT",
    "It is never CORRECT",
    "neither CORRECT",
    "not entirely CORRECT",
    "not a CORRECT one",
    "PARTIALLY CORRECT",
    "partly CORRECT",
    "mostly **CORRECT**",
    "almost CORRECT",
    "half-CORRECT",
    "Is it CORRECT if so? Say INCORRECT",
    "if CORRECT",
    "The CORRECT answer is 4.",
    "the CORRECT value",
    "This is an INCORRECT answer",
    "CORRECTLY",
    "INCORRECTLY done",
    "CORRECT-ish",
    "UNCORRECT",
    "<think>It seems CORRECT",
    "<think>CORRECT</think>",
    "<reasoning> CORRECT",
]
READ = [(t, "CORRECT") for t in RIGHT] + [(t, "INCORRECT") for t in WRONG]
READ += [(t, None) for t in UNREAD]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(retry, "FIRST", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def scorer(**options):
    return made("judge", {"base_url": "http://127.0.0.1:9/v1", "model": "j", **options})


def record(text, name="a"):
    return Record(
        id=name,
        prompt_ids=(1,),
        completion_ids=(5,),
        prompt="q",
        text=text,
        finish="eos",
        rounds=1,
    )


def sample(answer="4", name="a", **more):
    return Sample(id=name, question="What is 2 + 2?", answer=answer, **more)


def asked(judge, text="four", **more):
    return judge.turns(judge.game(record(text), sample(**more)))


@pytest.mark.parametrize(("reply", "label"), READ)
def test_a_reply_is_one_word_or_no_verdict(reply, label):
    found = scorer().read(reply, {})
    assert found.label == label
    assert found.first == {"CORRECT": 1.0, "INCORRECT": 0.0, None: None}[label]


def test_a_verdict_is_a_score_and_no_verdict_is_unparsed():
    with Endpoint(answer=saying("CORRECT")) as endpoint:
        judge = scorer(base_url=endpoint.url)
        (said,) = judge.judge().judgements([judge.game(record("four"), sample())])
    right = judge.graded(record("four"), sample(), said)
    assert (right.correct, right.correct_flexible, right.unparsed) == (True, True, False)
    assert (right.strict, right.expected) == ("CORRECT", "4")
    wrong = judge.graded(record("four"), sample(), said.model_copy(update={"label": "INCORRECT"}))
    assert (wrong.correct, wrong.correct_flexible, wrong.unparsed) == (False, False, False)
    for none in (None, said.model_copy(update={"label": None})):
        score = judge.graded(record("four"), sample(), none)
        assert (score.correct, score.unparsed, score.strict) == (False, True, None)


def test_the_judge_is_told_the_rubric_and_the_three_texts():
    system, user = asked(scorer())
    assert (system.role, user.role) == ("system", "user")
    assert system.content == f"{RUBRIC}\n\n{CLOSING}"
    assert user.content == (
        "<|Question|>\nWhat is 2 + 2?\n<|End|>\n\n<|Reference answer|>\n4\n<|End|>\n\n"
        "<|Answer to be graded|>\nfour\n<|End|>"
    )
    own, _ = asked(scorer(rubric="Right is what is polite."))
    assert own.content == f"Right is what is polite.\n\n{CLOSING}"


def test_thinking_is_not_graded_and_every_reference_is_told():
    _, user = asked(scorer(), "<think>five?</think> four ", metadata={"answers": ["vier", ""]})
    assert "five" not in user.content and "graded|>\nfour\n<" in user.content
    assert "answer|>\n4\nor: vier\n<" in user.content


def test_each_draw_of_a_problem_has_a_judgement_of_its_own():
    draws = [record("four"), record("five").model_copy(update={"draw": 1})]
    games = [scorer().game(one, sample()) for one in draws]
    assert [game.id for game in games] == ["a", "a#1"]
    verdicts = [scorer().read(word, {}) for word in ("CORRECT", "INCORRECT")]
    said = {game.id: judged(game, one) for game, one in zip(games, verdicts, strict=True)}
    scores = [Graded(scorer(), said, {}).score(one, sample()) for one in draws]
    assert [(one.draw, one.correct, one.unparsed) for one in scores] == [
        (0, True, False),
        (1, False, False),
    ]


@pytest.mark.parametrize("text", ["", " \n", "<think>four</think>", "<think>x</think>  "])
def test_nobody_is_asked_about_nothing(text):
    assert scorer().game(record(text), sample()) is None


def test_only_a_rubric_of_ones_own_does_without_a_reference():
    with pytest.raises(DataError, match="'a' is empty"):
        scorer().reference(sample(""))
    own = scorer(rubric="Right is what is polite.")
    assert own.reference(sample("")) == ""
    _, user = asked(own, answer="")
    assert "Reference" not in user.content


MEANING = {"model": "k", "rubric": "x", "temperature": 0.5, "max_tokens": 9, "options": {"a": 1}}
ACCIDENTS = {"key_env": "OTHER", "batch_size": 1, "retries": 0, "timeout": 9.0, "deadline": 9.0}
ACCIDENTS |= {"max_total_tokens": 9, "max_cost": 1.0, "price_in": 1.0, "price_out": 1.0}
ACCIDENTS |= {"address_by": "file", "key_by": "file"}


def test_what_a_verdict_depends_on_is_stated_and_nothing_else():
    usual = scorer().stated()
    assert all(scorer(**{key: value}).stated() != usual for key, value in MEANING.items())
    assert all(scorer(**{key: value}).stated() == usual for key, value in ACCIDENTS.items())
    assert scorer(base_url="http://127.0.0.1:9/v1/").stated() == usual
    assert scorer(base_url="http://127.0.0.1:8/v1").stated() != usual
    fields = {*MEANING, *ACCIDENTS, "base_url"}
    assert fields == set(type(scorer()).Options.model_fields)


def test_the_endpoint_gets_all_of_its_settings():
    given = {**MEANING, **ACCIDENTS}
    spec = scorer(**given).spec
    held = {name: getattr(spec, name) for name in given if name != "rubric"}
    assert held == {name: value for name, value in given.items() if name != "rubric"}
    assert (spec.kind, spec.url) == ("endpoint", "http://127.0.0.1:9/v1")


BAD = {
    "no address": ({"base_url": None}, r"judge\.url is not set"),
    "no name": ({"model": None}, r"judge\.model is not set"),
    "no address at all": ({"base_url": "HOST/v1"}, r"judge\.url=HOST/v1 is no address"),
    "a key in it": ({"base_url": "http://me:key@127.0.0.1/v1"}, "holds a name, a key"),
    "a key among options": ({"options": {"api_key": "x"}}, r"judge\.options\.api_key would be"),
}


@pytest.mark.parametrize(("changes", "says"), BAD.values(), ids=BAD)
def test_a_wrong_judge_is_named(changes, says):
    with pytest.raises(ConfigError, match=says):
        scorer(**changes).check()


REFUSED = [("key_env", "sk-1"), ("rubric", ""), ("max_tokens", 0), ("temperature", -1)]
REFUSED += [("retries", "few"), ("max_cost", 0), ("url", "http://127.0.0.1:9/v1")]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_an_option_that_cannot_be_is_refused(name, value):
    fault = options_fault("judge", {name: value})
    assert fault is not None and fault.key == name


def test_a_far_address_without_a_key_is_refused_where_it_is_asked(monkeypatch):
    far = scorer(base_url="https://judge.invalid/v1", key_env="JUDGE_KEY")
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    far.check()
    with pytest.raises(EngineError, match=r"\$JUDGE_KEY is not set"):
        far.check(reach=True)
    monkeypatch.setenv("JUDGE_KEY", SECRET)
    far.check(reach=True)


def test_one_that_a_file_names_gets_nothing():
    far = scorer(base_url="https://judge.invalid/v1", address_by="file")
    with pytest.raises(LlmxError, match="nothing is sent there without your word"):
        far.check(reach=True)
