"""The page of one episode: everything is there, and nothing of a stranger's text acts."""

from html.parser import HTMLParser

import pytest

from llmx.core.dialogue import Observation
from llmx.core.episode import Episode, EpisodeTurn, EpisodeUse
from llmx.core.record import Record, Sample, ToolCall
from llmx.report.episode_page import episode_html, gold_calls

SHA = "0" * 64
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</pre></dd><style>*{display:none}</style>",
    "{{ page.title }}{% raw %}",
    "<a href='javascript:alert(1)'>x</a>",
    "&lt;b&gt;",
    "<!--",
    "]]>",
)
STEERING = ("\x1b[2J", "\x07", "\x00", "\u202e", "\r", "\x9b31m")


def record(text, tokens=3, reasoning=""):
    return Record(
        id="p", prompt_ids=(), completion_ids=tuple(range(tokens)), prompt="", text=text,
        finish="eos", rounds=1, reasoning=reasoning,
    )  # fmt: skip


def turn(number, text, seen, name="count_rows", arguments="{}", fault=None, **more):
    call = ToolCall(id="c", name=name, arguments=arguments)
    saw = Observation(call="c", name=name, text=seen, bytes=len(seen), sha256=SHA, fault=fault)
    return EpisodeTurn(
        id="p", turn=number, record=record(text, 3 * number), calls=(call,), observations=(saw,),
        **more,
    )  # fmt: skip


def page(text="says", seen="sees", answer="5", question="How many?", program=None, **more):
    told = {} if program is None else {"program": program}
    sample = Sample(id="p", question=question, answer="4", metadata=told)
    end = Episode(id="p", ending="submitted", answer=answer, use=EpisodeUse(turns=2, calls=2))
    turns = [turn(1, text, seen, **more), turn(2, text, seen)]
    return episode_html("run:arm p", end, turns, {1: (0.5, 0.25)}, sample)


class Read(HTMLParser):
    """Tags, attributes and texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *one) for one in attrs]

    def handle_data(self, data):
        self.texts.append(data)


PLAIN = Read(page())


def test_turns_calls_observations_answer_and_gold_are_there():
    program = [{"name": "s1", "tool": "filter_rows", "arguments": {"op": "eq"}}, {"tool": "x"}]
    read = Read(page("I count", "17 rows", answer="17", program=program, arguments='{"t":1}'))
    texts = "\n".join(read.texts)
    for said in (
        *("I count", "17 rows", 'count_rows({"t":1})', "How many?", "End: submitted", "4"),
        *('s1 = filter_rows({"op": "eq"})', "x({})", "0.50 s and 0.25 s of calls"),
    ):
        assert said in texts
    assert read.tags.count("details") == 2 and "summary" in read.tags
    assert [v for t, n, v in read.attributes if n == "style" and t == "i"] == [
        "width:50%", "width:100%",
    ]  # fmt: skip


def test_without_a_gold_program_nothing_stands_beside():
    assert "Gold program" not in page() and "Gold program" in page(program=[{"tool": "x"}])


@pytest.mark.parametrize("program", [None, 3, "text", [1], [{"name": "s1"}], {"tool": "x"}])
def test_what_is_no_program_is_none(program):
    assert list(gold_calls(program)) == []


PLACES = ("text", "seen", "answer", "question", "name", "arguments", "program")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wicked", HOSTILE)
def test_a_hostile_text_is_shown_and_does_nothing(place, wicked):
    given = {place: [{"tool": wicked}] if place == "program" else wicked}
    read = Read(page(**given))
    gold = Read(page(program=[{"tool": "x"}])) if place == "program" else PLAIN
    assert read.tags == gold.tags
    assert {a for a in read.attributes if a[1] not in ("class",)} == {
        a for a in gold.attributes if a[1] not in ("class",)
    }
    assert any(wicked in text for text in read.texts)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wicked", STEERING)
def test_what_steers_is_a_mark(place, wicked):
    given = {place: [{"tool": wicked}] if place == "program" else wicked}
    text = page(**given)
    assert wicked not in text
    assert f"\\u{ord(wicked[0]):04x}" in text


def test_a_fault_is_marked_and_nothing_is_fetched():
    text = page(fault="unknown_tool", seen="there is no such tool")
    read = Read(text)
    assert ("details", "class", "turn faulty") in read.attributes
    assert "Sees (unknown_tool)" in read.texts
    assert "script" not in read.tags and "link" not in read.tags and "http" not in text


def test_an_episode_without_a_model_or_a_problem_has_a_page():
    end = Episode(id="p", ending="no_call", answer="", use=EpisodeUse())
    text = episode_html("t", end, [EpisodeTurn(id="p", turn=1, record=None)], {})
    assert "End: no call" in text and "Turn 1: no call" in text and "Reference" not in text
