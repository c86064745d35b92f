"""Good answers in odd forms: kept, counted, asked for once, never the end of a run."""

import json
from math import inf, nan

import pytest
from loopback import Endpoint, completion
from test_faults import engine, requests

from llmx.core.record import LEAST_LOGPROB, Record
from llmx.engines.endpoint.budget import spent_on
from llmx.engines.endpoint.ending import is_filter

BESIDE = ("usage", "prompt_token_ids", "system_fingerprint", "error")
ODD = (None, 0.5, -1, nan, [], [None], {}, {"prompt_tokens": None}, {"completion_tokens": -4})


def asked(change, **settings):
    """Return the record of a completion that was changed, and the engine."""

    def answer(body):
        found = completion(body, ids_too=False)
        return change(found) or found

    with Endpoint(answer=answer) as endpoint:
        ours = engine(endpoint, retries=0, **settings)
        (found,) = ours.generate(requests(1))
        assert len(endpoint.seen) == 1
    # What is written is what is read: no number that JSON does not know.
    assert Record.model_validate_json(found.model_dump_json()) == found
    return found, ours


def in_choice(name, value):
    return lambda found: found["choices"][0].__setitem__(name, value)


def in_message(**given):
    return lambda found: found["choices"][0]["message"].update(given)


PLAIN = asked(lambda found: None)[0]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_nothing_beside_the_text_throws_an_answer_away(value):
    def spoil(found):
        found.update(dict.fromkeys(BESIDE[:3], value), error=None)
        for name in ("logprobs", "token_ids", "stop_reason", "refusal"):
            found["choices"][0][name] = value
        found["choices"][0]["message"] |= {
            "tool_calls": value,
            "reasoning": value,
            "annotations": 1,
        }

    found, _ = asked(spoil)
    assert (found.text, found.finish) == (PLAIN.text, "eos")


@pytest.mark.parametrize(
    ("usage", "prompt", "completion"),
    [
        ({"prompt_tokens": 3, "completion_tokens": None}, 3, None),
        ({"prompt_tokens": None, "completion_tokens": 5}, None, 5),
        ({"prompt_tokens": 3.0, "completion_tokens": 5.0}, 3, 5),
        ({"prompt_tokens": 3, "completion_tokens": 5, "prompt_tokens_details": 7}, 3, 5),
        ({"prompt_tokens": 3, "completion_tokens": -4}, 3, None),
        (None, None, None),
    ],
)
def test_what_was_counted_is_kept_and_the_rest_is_estimated(usage, prompt, completion):
    found, ours = asked(lambda found: found.update(usage=usage))
    assert (found.prompt_tokens, found.completion_tokens) == (prompt, completion)
    spent = spent_on(found)
    # A budget that counted nothing would never end.
    assert spent.prompt == (prompt or pytest.approx(len(found.prompt) / 3))
    assert spent.completion == (completion or pytest.approx(len(found.text) / 3))
    assert ours.accounts()["answers"] == 1


@pytest.mark.parametrize(
    ("content", "text", "thought"),
    [
        ("a b", "a b", ""),
        (None, "", ""),
        ([], "", ""),
        (["a ", {"type": "text", "text": "b"}], "a b", ""),
        ([{"type": "output_text", "text": "a"}, {"type": "image_url"}], "a", ""),
        ([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}], "a", "hm"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}, "a"], "a", "h"),
        ([{"type": "reasoning", "text": "hm"}], "", "hm"),
        ("a\u2028b\x85c\x00d", "a\u2028b\x85c\x00d", ""),
        ("half \ud83d", "half \ufffd", ""),
    ],
)
def test_contents_in_parts(content, text, thought):
    found, _ = asked(in_message(content=content))
    assert (found.text, found.reasoning) == (text, thought)


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_what_was_thought_is_kept_apart_from_the_text(name):
    found, _ = asked(in_message(content=None, **{name: "because 18"}))
    assert (found.text, found.reasoning) == ("", "because 18")


def test_the_tools_that_an_answer_asks_for_are_kept():
    calls = [{"id": "c1", "function": {"name": "add", "arguments": {"a": 1}}}]
    found, _ = asked(in_message(content=None, tool_calls=calls))
    assert [(one.id, one.name, one.arguments) for one in found.calls] == [("c1", "add", '{"a": 1}')]


ENDS = {
    "stop": ("eos", ""),
    "length": ("length", ""),
    "eos_token": ("eos", "eos_token"),
    "end_turn": ("eos", "end_turn"),
    "tool_calls": ("eos", "tool_calls"),
    "stop_sequence": ("stop", "stop_sequence"),
    "MAX_TOKENS": ("length", "MAX_TOKENS"),
    "content_filter": ("filtered", "content_filter"),
    "SAFETY": ("filtered", "SAFETY"),
    "a word of its own": ("eos", "a word of its own"),
    None: ("eos", "null"),
    7: ("eos", "null"),
}


@pytest.mark.parametrize("word", ENDS, ids=str)
def test_every_end_is_an_answer(word):
    found, ours = asked(in_choice("finish_reason", word))
    assert (found.finish, found.ended) == ENDS[word]
    assert ours.accounts().get("ended", {}) == ({found.ended: 1} if found.ended else {})


def test_an_end_without_a_word_is_told_by_its_length():
    def spoil(found):
        found["choices"][0]["finish_reason"] = None
        found["usage"] = {"prompt_tokens": 3, "completion_tokens": 200}

    assert asked(spoil)[0].finish == "length"


def test_a_refusal_is_what_was_said_and_an_end_of_its_own():
    found, _ = asked(in_message(content=None, refusal="I cannot"))
    assert (found.text, found.finish, found.ended) == ("I cannot", "filtered", "refusal")


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([-0.5, -inf], (-0.5, LEAST_LOGPROB)),
        ([-0.5, -1e5], (-0.5, LEAST_LOGPROB)),
        ([-0.5, None], ()),
        ([-0.5, nan], ()),
        ([inf, -0.5], ()),
    ],
)
def test_log_probabilities_are_numbers_that_can_be_written(values, kept):
    told = {"content": [{"token": "x", "logprob": value} for value in values]}
    assert asked(in_choice("logprobs", told), logprobs=True)[0].logprobs == kept


@pytest.mark.parametrize(
    "encoded",
    [
        lambda found: b"\xef\xbb\xbf" + json.dumps(found).encode(),
        lambda found: json.dumps(found, ensure_ascii=False).replace("one", "é").encode("latin-1"),
        lambda found: b"\n \r\n" + json.dumps(found).encode() + b"\n",
    ],
    ids=["a byte-order mark", "bytes that are no UTF-8", "space around"],
)
def test_bodies_that_are_not_quite_json(encoded, monkeypatch):
    from llmx.engines.endpoint import reply

    monkeypatch.setattr(Endpoint, "_handler", _raw(Endpoint._handler, encoded))
    found, _ = asked(lambda found: None)
    assert found.text and found.finish == "eos"
    assert reply.read(b'{"choices": [{"message": {"content": "a"}}]}').choices[0].message


def _raw(made, encoded):
    def handler(endpoint):
        kind = made(endpoint)
        kind.give = lambda self, status, value, **headers: self.raw(status, encoded(value))
        return kind

    return handler


FILTERS = [
    {"code": "content_filter", "message": "The response was filtered"},
    {"code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}},
    {"type": "content_policy_violation"},
    {"code": 403, "metadata": {"reasons": ["x"], "flagged_input": "…"}},
]


@pytest.mark.parametrize("error", FILTERS, ids=str)
def test_a_prompt_that_a_filter_takes_is_an_answer_of_its_own(error, monkeypatch):
    import loopback

    for status in (400, 403, 200):
        refuse = {"taken": lambda h, _, s=status: h.give(s, {"error": error})}
        monkeypatch.setattr(loopback, "FAULTS", refuse)
        with Endpoint({"<1>": ["taken"]}) as endpoint:
            found = list(engine(endpoint).generate(requests(3)))
            assert len(endpoint.seen) == 3
        assert [record.finish for record in found] == ["eos", "filtered", "eos"]
        assert (found[1].text, found[1].ended) == ("", "content_filter")


@pytest.mark.parametrize("error", [None, "content_filter", {}, {"code": 400}, {"innererror": "x"}])
def test_other_errors_are_no_filter(error):
    assert not is_filter(error)
