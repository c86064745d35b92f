"""Forms of calls: what is written is read again, and what cannot be read says what was asked."""

import json

import jsonschema
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.dialogue import observed
from llmx.core.record import Record, ToolCall, ToolSpec
from llmx.core.registry import kinds, lookup
from llmx.dialogue.agent.call_format import NativeFormat
from llmx.dialogue.agent.fenced_format import FencedFormat
from llmx.dialogue.agent.json_format import JsonFormat
from llmx.dialogue.agent.plan_format import PlanFormat, references, resolved
from llmx.dialogue.agent.react_format import ReactFormat

FORMS = {kind: lookup("call_format", kind)() for kind in kinds("call_format")}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
TOOLS = (
    ToolSpec(name="add", description="Adds <numbers>.", parameters=SCHEMA),
    ToolSpec(name="shell", description="Runs a command.", parameters=SCHEMA),
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,15}", fullmatch=True)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(TEXTS, VALUES, max_size=3)


def call(name, arguments, id=""):
    return ToolCall(id=id, name=name, arguments=json.dumps(arguments))


def plain(calls):
    return [(one.name, json.loads(one.arguments)) for one in calls]


def said(text="", calls=(), reasoning=""):
    return Record(
        id="a",
        prompt_ids=(),
        completion_ids=(),
        prompt="",
        text=text,
        finish="eos",
        rounds=0,
        calls=calls,
        reasoning=reasoning,
    )


def written(form, calls):
    """Return the reply that makes these calls."""
    return said(calls=tuple(calls)) if form.kind == "native" else said(form.written(calls))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_tells_what_it_asks_for(form):
    assert form.kind in FORMS and FORMS[form.kind] is form
    told = form.told(TOOLS)
    assert (told == "") == (form.kind == "native")
    assert form.named(TOOLS) == (TOOLS if form.kind == "native" else ())
    if form.kind in ("json", "react", "plan"):
        assert all(tool.name in told and tool.description in told for tool in TOOLS)
        assert json.dumps(SCHEMA) in told


@pytest.mark.parametrize("kind", sorted(set(FORMS) - {"fenced"}))
@settings(max_examples=count(40, 500), deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_again(kind, data):
    form = FORMS[kind]
    most = 3 if form.several else 1
    made = data.draw(st.lists(st.tuples(NAMES, ARGUMENTS), min_size=1, max_size=most))
    calls = [call(name, given, f"s{at}") for at, (name, given) in enumerate(made)]
    if form.stepwise and any(set(references(given)) for _, given in made):
        return
    found = form.read(written(form, calls))
    assert plain(found.calls) == [(name, given) for name, given in made] and not found.fault


@pytest.mark.parametrize("kind", ["json", "plan"])
@settings(max_examples=count(30, 300), deadline=None)
@given(number=st.integers(), refers=st.booleans())
def test_what_is_written_fits_the_schema_of_a_form(kind, number, refers):
    form = FORMS[kind]
    fits = jsonschema.Draft202012Validator(form.schema(TOOLS)).is_valid
    given = {"a": {"ref": "s0"} if refers and kind == "plan" else number}
    assert fits(json.loads(form.written([call("add", given, "s1")])))
    assert not fits(json.loads(form.written([call("steal", given, "s1")])))
    assert fits({"answer": "7"}) == (kind == "json") and not fits({}) and not fits([])
    if kind == "json":
        assert not fits(json.loads(form.written([call("add", {"a": "x"})])))


def test_forms_that_are_no_json_have_no_schema():
    assert {kind for kind, form in FORMS.items() if form.schema(TOOLS)} == {"json", "plan"}


@settings(max_examples=count(60, 500), deadline=None)
@given(command=st.text(st.sampled_from("a `\n~\r") | st.characters(codec="utf-8"), max_size=30))
def test_a_command_is_read_to_the_letter_whatever_fences_it_holds(command):
    form = FencedFormat()
    text = form.written([call("shell", {"command": command})])
    for around in (text, f"I look.\n\n{text}", f"{text}\nThen I go on."):
        found = form.read_text(around)
        assert plain(found.calls) == [("shell", {"command": command})] and not found.fault


@pytest.mark.parametrize("command", ["a\n```\nb", "```bash\n````\n```", "", "\n", "a\n"])
def test_a_fence_in_a_command_is_a_part_of_it(command):
    form = FencedFormat()
    found = form.read_text(form.written([call("shell", {"command": command})]))
    assert plain(found.calls) == [("shell", {"command": command})]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@settings(max_examples=count(40, 500), deadline=None)
@given(text=TEXTS | st.text(st.sampled_from('{}[]":,`\nActionInput FlaswerPTb '), max_size=60))
def test_any_text_is_calls_or_an_answer_or_a_fault_and_never_an_error(form, text):
    found = form.read(said(text))
    assert not (found.calls and found.fault)
    if found.fault:
        # It says what was asked, and nothing of what was said.
        assert found.fault in {form.read(said(one)).fault for one in BROKEN[form.kind]}


BROKEN = {
    "native": [],
    "json": ["{", "{}", '{"tool": 1}'],
    "react": ["Action: \nx", "Action: x\ny"],
    "fenced": ["```bash\nx", "```sh\na\n```\n```sh\nb\n```"],
    "plan": [
        "{",
        '{"plan": []}',
        '{"plan": [{"id": "a", "tool": "x"}, {"id": "a", "tool": "x"}]}',
        '{"plan": [{"id": "a", "tool": "x", "arguments": {"b": {"ref": "a"}}}]}',
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, ts in BROKEN.items() for t in ts])
def test_what_cannot_be_read_is_a_fault(kind, text):
    found = FORMS[kind].read(said(text))
    assert found.fault and not found.calls


JSON = [
    ('{"tool": "add", "arguments": {"a": 1}}', [("add", {"a": 1})], ""),
    ('I add.\n{"tool": "add"}', [("add", {})], "I add."),
    ('```json\n{"tool": "add", "arguments": {"a": 1}}\n```', [("add", {"a": 1})], ""),
    ('{"answer": "7"}', [], "7"),
    ('{"answer": [1, 2]}', [], "[1, 2]"),
    ("It is 7.", [], "It is 7."),
    ('{"tool": "add", "tool": "sub"}', None, ""),
    ('{"tool": "add", "arguments": {"a": NaN}}', None, ""),
    ('{"tool": "add", "arguments": {"a": 1e999}}', None, ""),
    ('{"tool": "add", "arguments": {"a": ' + "9" * 400 + "}}", None, ""),
    ('{"tool": "add", "arguments": [1]}', None, ""),
    ('{"tool": "add", "why": "x"}', None, ""),
    ('{"tool": "add"} {"tool": "add"}', None, ""),
]


@pytest.mark.parametrize(("text", "calls", "answer"), JSON)
def test_one_object_is_one_call(text, calls, answer):
    found = JsonFormat().read_text(text)
    if calls is None:
        assert found.fault and not found.calls
    else:
        assert (plain(found.calls), found.answer, found.fault) == (calls, answer, "")


REACT = [
    ('Thought: so\nAction: add\nAction Input: {"a": 1}', [("add", '{"a": 1}')], "Thought: so"),
    ("Action: add\nAction Input: {", [("add", "{")], ""),
    ("Action: add\nAction Input: {}\nObservation: 3\nFinal Answer: 3", [("add", "{}")], ""),
    ("Action: a\nAction Input: 1\nAction: b\nAction Input: 2", [("a", "1")], ""),
    ("Thought: so\nFinal Answer: 7 ", [], "7"),
    ("Seven.", [], "Seven."),
]


@pytest.mark.parametrize(("text", "calls", "answer"), REACT)
def test_the_first_action_counts_and_no_observation_of_the_models_own(text, calls, answer):
    found = ReactFormat().read_text(text)
    assert [(one.name, one.arguments) for one in found.calls] == calls
    assert found.answer == answer and not found.fault


def test_only_a_block_for_a_shell_is_a_command():
    form = FencedFormat()
    assert form.read_text("```python\n1\n```").calls == ()
    assert form.read_text("``` bash\n1\n```").calls == ()
    assert plain(form.read_text("```sh\nls\n```").calls) == [("shell", {"command": "ls"})]
    with pytest.raises(ValueError, match="one tool"):
        form.written([call("add", {"command": "x"})])


def test_a_plan_refers_to_earlier_steps_and_to_older_results():
    plan = [
        {"id": "one", "tool": "load", "arguments": {}},
        {"id": "two", "tool": "add", "arguments": {"x": [{"ref": "one"}], "y": {"ref": "r9"}}},
    ]
    found = PlanFormat().read_text(json.dumps({"plan": plan}))
    assert [one.id for one in found.calls] == ["one", "two"]
    given = json.loads(found.calls[1].arguments)
    assert resolved(given, {"one": "r1"}) == {"x": [{"ref": "r1"}], "y": {"ref": "r9"}}
    with pytest.raises(KeyError):
        resolved(given, {"one": ""})
    # A text that looks like a reference is none.
    assert list(references({"x": "one", "y": {"ref": 1}, "z": {"ref": "a", "b": 1}})) == []


def test_a_reply_goes_back_to_the_letter_and_results_by_the_form():
    results = [observed(call("add", {}, f"c{n}"), f"<{n}>") for n in (1, 2)]
    for kind, form in FORMS.items():
        reply = said(" x ", (call("add", {}, "c1"),), "hm")
        turn = form.turn(reply, reply.calls)
        assert (turn.role, turn.content, turn.reasoning) == ("assistant", " x ", "hm")
        assert turn.calls == (reply.calls if kind == "native" else ())
        told = form.shown(results)
        text = "\n".join(one.content for one in told)
        assert text.index("<1>") < text.index("<2>")
        ids = [one.call for one in told]
        assert ids == (["c1", "c2"] if kind == "native" else [""])
    assert [one.role for one in NativeFormat().shown(results)] == ["tool", "tool"]
