"""Tools: one definition for schema, documentation and check; errors speak of the schema alone."""

import json
from datetime import date
from typing import ClassVar, Literal

import jsonschema
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from llmx.core.dialogue import FORM_FAULTS, observed
from llmx.core.errors import ConfigError
from llmx.core.record import ToolCall
from llmx.tools.arguments import LONGEST, read_call
from llmx.tools.tool import FailedCallError, Tool, ToolResult, WorldLostError
from llmx.tools.toolset import ToolSession, Toolset, chosen_tools


class Place(BaseModel):
    model_config = {"extra": "forbid", "strict": True}
    title: str
    row: int = 0


class Take(Tool):
    """Takes things.

    From a place.
    """

    tool: ClassVar[str] = "take"

    number: int = Field(ge=1, le=9, description="how many")
    share: float = 1.0
    kind: Literal["a", "b"] = "a"
    names: tuple[str, ...] = Field(default=(), max_length=2)
    place: Place | None = None
    day: date | None = None
    whole: bool = False

    def run(self, world):
        world.append(self.number)
        return ToolResult(f"{self.number} of {sum(world)}", handle=f"r{len(world)}")


class Submit(Tool):
    """Gives the answer."""

    tool: ClassVar[str] = "submit"
    answer: str

    def run(self, world):
        return ToolResult("Done.", answer=self.answer)


class Fail(Tool):
    """Fails."""

    tool: ClassVar[str] = "fail"

    def run(self, world):
        raise FailedCallError("suppressed", "Too few rows.")


class Lose(Tool):
    """Loses all."""

    tool: ClassVar[str] = "lose"

    def run(self, world):
        raise WorldLostError


TOOLS = {tool.tool: tool for tool in (Take, Submit, Fail, Lose)}
GOOD = '{"number": 3}'


def call(arguments=GOOD, name="take"):
    return ToolCall(id="c", name=name, arguments=arguments)


def fault(arguments, name="take"):
    with pytest.raises(FailedCallError) as caught:
        read_call(call(arguments, name), TOOLS)
    return caught.value


def test_a_tool_is_told_as_it_is_checked():
    told = Take.spec()
    assert (told.name, told.description) == ("take", "Takes things.\n\nFrom a place.")
    schema = told.parameters
    assert schema["required"] == ["number"] and schema["additionalProperties"] is False
    assert schema["properties"]["number"] == {
        "description": "how many",
        "maximum": 9,
        "minimum": 1,
        "type": "integer",
    }
    text = json.dumps(schema)
    assert "$ref" not in text and "$defs" not in text and '"title": "' not in text
    place = schema["properties"]["place"]["anyOf"][0]
    assert place["properties"]["title"] == {"type": "string"}
    jsonschema.Draft202012Validator.check_schema(schema)


WRONG = {
    "not_json": [
        *("{", "[1]", "3", "{'number': 1}", "\x00", '{"a": ' * 100),
        *('{"number": 1, "number": 2}', '{"number": 1, "place": {"title": "x", "title": "y"}}'),
        *('{"number": NaN}', '{"share": Infinity}', '{"number": 1e999}'),
        *('{"number": ' + "9" * digits + "}" for digits in (400, 5000)),
        *('{"a": "' + "x" * LONGEST + '"}', '{"kind": "\\ud800"}'),
    ],
    "missing_argument": ["{}", "", '{"number": 1, "place": {}}', '{"share": 1}'],
    "unknown_argument": [
        *('{"number": 1, "run": 2}', '{"number": 1, "place": {"title": "x", "z": 1}}'),
    ],
    "ill_typed": [
        *('{"number": "3"}', '{"number": true}', '{"number": 1.5}', '{"number": null}'),
        *('{"number": 1, "names": "x"}', '{"number": 1, "names": [1]}', '{"number": [1]}'),
        *('{"number": 1, "whole": 1}', '{"number": 1, "place": 3}', '{"number": 1, "day": "soon"}'),
    ],
    "out_of_range": [
        *('{"number": 0}', '{"number": 10}', '{"number": 1, "kind": "c"}'),
        '{"number": 1, "names": ["a", "b", "c"]}',
    ],
}
TABLE = [(name, text) for name, texts in WRONG.items() for text in texts]


@pytest.mark.parametrize(("name", "arguments"), TABLE, ids=[f"{n}-{t[:40]!r}" for n, t in TABLE])
def test_a_call_that_does_not_fit_is_refused(name, arguments):
    found = fault(arguments)
    assert found.fault == name and found.fault in FORM_FAULTS and "\n" not in found.text


def test_an_unknown_tool_is_told_which_there_are():
    found = fault(GOOD, "steal the gold")
    assert found.fault == "unknown_tool"
    assert all(name in found.text for name in TOOLS) and "steal" not in found.text


@settings(max_examples=count(60, 500), deadline=None)
@given(secret=st.from_regex(r"[QXZ]{6}", fullmatch=True), shape=st.sampled_from(range(6)))
def test_an_error_says_nothing_of_what_was_given(secret, shape):
    shapes = [
        {"number": secret},
        {"number": 1, secret: 1},
        {"number": 1, "place": {"title": "x", secret: secret}},
        {"number": 1, "kind": secret},
        {"number": 1, "names": [secret] * 3},
        {"number": 1, "day": secret},
    ]
    assert secret not in fault(json.dumps(shapes[shape])).text


PLACES = st.fixed_dictionaries({"title": st.text()}, optional={"row": st.integers()})


@settings(max_examples=count(60, 500), deadline=None)
@given(
    given=st.fixed_dictionaries(
        {},
        optional={
            "number": st.integers(-1, 11) | st.booleans() | st.none(),
            "share": st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
            "kind": st.sampled_from(["a", "b", "c", 1]),
            "names": st.lists(st.text(max_size=3), max_size=3),
            "place": st.none()
            | st.fixed_dictionaries({"title": st.text()}, optional={"row": st.integers()}),
            "whole": st.booleans() | st.integers(0, 1),
            "other": st.none(),
        },
    )
)
def test_the_schema_that_is_told_is_the_check_that_is_made(given):
    """Of all that JSON can hold jsonschema and the tool accept the same."""
    told = jsonschema.Draft202012Validator(Take.spec().parameters).is_valid(given)
    try:
        read_call(call(json.dumps(given)), TOOLS)
        taken = True
    except FailedCallError:
        taken = False
    assert told == taken


def test_a_session_makes_calls_in_their_order_and_goes_on_behind_a_wrong_one():
    session = ToolSession(list(TOOLS.values()), [], (100, 100))
    found = session.do([call(), call("{"), call('{"number": 4}'), call("{}", "fail")])
    assert [one.text for one in found[:1] + found[2:]] == ["3 of 3", "4 of 7", "Too few rows."]
    assert [one.fault for one in found] == [None, "not_json", None, "suppressed"]
    assert [one.handle for one in found] == ["r1", "", "r2", ""]
    assert session.do([call('{"answer": "7"}', "submit")])[0].answer == "7"
    with pytest.raises(WorldLostError):
        session.do([call("{}", "lose")])


def test_a_long_observation_is_shown_by_its_ends_and_known_by_all_of_it():
    whole = "".join(chr(97 + n % 26) for n in range(100))
    for first, last in ((10, 5), (0, 5), (10, 0), (0, 0)):
        found = observed(call(), whole, (first, last))
        end = whole[len(whole) - last :]
        assert found.text == f"{whole[:first]}\n[{100 - first - last} characters left out]\n{end}"
        assert found.cut and found.bytes == 100
    for shown in (None, (60, 40), (100, 0)):
        found = observed(call(), whole, shown)
        assert found.text == whole and not found.cut
    assert found.sha256 == observed(call(), whole, (1, 1)).sha256
    assert observed(call(), "é\ud800").text == "é\ufffd"


class Set(Toolset):
    kind: ClassVar[str] = "things"
    tools: ClassVar = (Take, Submit)


def test_a_set_gives_the_tools_that_are_named_in_its_own_order():
    things = Set({})
    assert chosen_tools(things, None) == (Take, Submit)
    assert chosen_tools(things, ["submit", "take"]) == (Take, Submit)
    assert chosen_tools(things, ["submit"]) == (Submit,)
    with pytest.raises(ConfigError, match="has no tool 'submitt'") as caught:
        chosen_tools(things, ["submitt"])
    assert "submit" in caught.value.hint
    with pytest.raises(ConfigError, match=r"agent\.toolset_options\.size"):
        Set({"size": 3})


class Loop(BaseModel):
    inner: "Loop | None" = None


class Endless(Tool):
    """Goes on."""

    tool: ClassVar[str] = "endless"
    inner: Loop


class Silent(Tool):
    tool: ClassVar[str] = "silent"


def test_a_tool_that_cannot_be_told_is_refused():
    with pytest.raises(ConfigError, match="holds itself"):
        Endless.spec()
    with pytest.raises(ConfigError, match="says nothing"):
        Silent.spec()
