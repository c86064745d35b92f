"""What one value of a file means: YAML 1.2, and a refusal where 1.1 would read another number."""

import pytest

from llmx.config.yaml_file import scalar
from llmx.core.speech import SamplerSpec

MEANT = [
    ("12", 12),
    ("-12", -12),
    ("0", 0),
    ("0x1f", 31),
    ("1e-3", 0.001),
    ("1.50", 1.5),
    ("010.5", 10.5),
    ("true", True),
    ("False", False),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("OFF", "OFF"),
    ("y", "y"),
    ("null", None),
    ("~", None),
    ("'010'", "010"),
    ('"1:30"', "1:30"),
    ("2026-11-30", "2026-11-30"),
    ("a:b", "a:b"),
    ("09", "09"),
    ("1:30pm", "1:30pm"),
    ("12:3:x", "12:3:x"),
    ("0b12", "0b12"),
    ("1.2.3", "1.2.3"),
    ("[1, no, '1:30']", [1, "no", "1:30"]),
]
APART = [
    ("010", "write 10"),
    ("00", "write 0"),
    ("-017", "write 17"),
    ("0_17", "write 17"),
    ("1:30", "in quotes"),
    ("-1:30", "in quotes"),
    ("10:20:30", "in quotes"),
    ("0b11", "in quotes"),
    ("[1, 010]", "write 10"),
    ("{a: 1:30}", "in quotes"),
]


@pytest.mark.parametrize(("text", "value"), MEANT, ids=[row[0] for row in MEANT])
def test_meaning(text: str, value: object) -> None:
    found = scalar(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("text", "hint"), APART, ids=[row[0] for row in APART])
def test_what_two_versions_read_apart_is_refused(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        scalar(text)


@pytest.mark.parametrize("stop", [("",), ("a", ""), ("", "a")])
def test_no_answer_stops_at_an_empty_text(stop: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="empty text"):
        SamplerSpec(algorithm="target", stop=stop)
    assert SamplerSpec(algorithm="target", stop=(" ", "\n")).stop == (" ", "\n")
