"""Overrides are read as Hydra's manual says; what cannot be read is one line."""

import pytest

from llmx.config.edge import parse_override
from llmx.core.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("a.b=1", "a.b", (1,)),
        ("a.b=1e-3", "a.b", (0.001,)),
        ("a=null", "a", (None,)),
        ("a=true", "a", (True,)),
        ("a='x,y'", "a", ("x,y",)),
        ('a="x=y"', "a", ("x=y",)),
        ("a='it\\'s'", "a", ("it's",)),
        ("a=[1,2]", "a", ([1, 2],)),
        ("a=['x,y',z]", "a", (["x,y", "z"],)),
        ("a=1,2", "a", (1, 2)),
        ("a='1',2", "a", ("1", 2)),
        ("a=[1],[2]", "a", ([1], [2])),
        ("a=org/name", "a", ("org/name",)),
        ("a=./x/y.yaml", "a", ("./x/y.yaml",)),
        ("a=zoo:gsm", "a", ("zoo:gsm",)),
        ("a=inf", "a", (float("inf"),)),
        (r'a="\n"', "a", ("\n",)),
        (r"a='\n'", "a", (r"\n",)),
        (r"a=\\n", "a", (r"\n",)),
        (r'a="\\n"', "a", (r"\n",)),
        (r'a="\\"', "a", ("\\",)),
        (r'a="x\"y\t"', "a", ('x"y\t',)),
        (r'a="\u00e9\x41"', "a", ("éA",)),
        (r'a=["\n\n","b"]', "a", (["\n\n", "b"],)),
        (r'a={b:["\t"]}', "a", ({"b": ["\t"]},)),
        (r'a="\n",b', "a", ("\n", "b")),
        ('a="# no comment: [x"', "a", ("# no comment: [x",)),
        ("a=010", "a", ("010",)),
        ("a=1:30", "a", ("1:30",)),
    ],
)
def test_values(text: str, key: str, values: tuple[object, ...]) -> None:
    given = parse_override(text, "here")
    assert (given.key, given.values) == (key, values)
    assert [type(value) for value in given.values] == [type(value) for value in values]


UNREADABLE = ["a", "=3", "a==3", "a=b=c", "a=[1", "a='x", "a..b=1", "a=1,", "a=" + "[" * 3000]
ESCAPES = [r'a="\d"', r'a=["\w+"]', r'a={b:"\q"}', r'a="\d","x"', r'a="\u12"']
UNWANTED = ["+a=1", "++a=1", "~a", "a@b=1", "a=glob(*)", "a=interval(0,1)", "a=1,1"]


@pytest.mark.parametrize("text", [*UNREADABLE, *UNWANTED, *ESCAPES], ids=lambda text: text[:20])
def test_refusals_are_one_line_and_advise_no_plus(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_override(text, "here")
    assert caught.value.message.startswith("here: ")
    assert "\n" not in str(caught.value)
    assert "+" not in caught.value.hint
