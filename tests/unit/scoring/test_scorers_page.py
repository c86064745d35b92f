"""The page of scorers: its tables are made of the classes, and its readings are what they read.

``LLMX_UPDATE_GOLDEN=1`` writes the tables anew.
"""

import inspect
import os
import re
from pathlib import Path

import pytest
from test_scorers import record, sample

from llmx.core.options import described
from llmx.core.registry import lookup, rooms
from llmx.scoring.scorer import made

PAGE = Path(__file__).parents[3] / "docs" / "scorers.md"
UPDATE = bool(os.environ.get("LLMX_UPDATE_GOLDEN"))
ROOMS = [room for room in rooms() if room.name in ("llmx.scoring", "llmx.judging")]
ROOMS.sort(key=lambda room: room.name, reverse=True)  # the one that asks others last
KINDS = [kind for room in ROOMS for family, kind in room.kinds if family == "scorer"]
ROW = re.compile(r"^\| `(\w+)` \| `(.+?)` \| `(.+?)` \| (\w+) \|$", re.M)


def sentence(kind: str) -> str:
    first = inspect.getdoc(lookup("scorer", kind)).partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


def table_of_kinds() -> str:
    rows = [f"| `{kind}` | {sentence(kind)} |" for kind in KINDS]
    return "\n".join(["| scorer | in short |", "| --- | --- |", *rows])


def table_of_options() -> str:
    lines = ["| scorer | option | default | what it is |", "| --- | --- | --- | --- |"]
    for kind in KINDS:
        model = getattr(lookup("scorer", kind), "Options", None)
        for one in described(model) if model else ():
            default = "required" if one.default is None else f"`{one.default}`"
            lines.append(f"| `{kind}` | `{one.name}` | {default} | {one.about} |")
    return "\n".join(lines)


def written(text: str) -> str:
    for name, made_of in (("kinds", table_of_kinds()), ("options", table_of_options())):
        head, tail = f"<!-- {name} -->\n", f"<!-- end {name} -->"
        before, _, rest = text.partition(head)
        text = f"{before}{head}{made_of}\n{tail}{rest.partition(tail)[2]}"
    return text


def test_the_tables_are_made_of_the_classes():
    text = PAGE.read_text(encoding="utf-8")
    if UPDATE:
        PAGE.write_text(written(text), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == written(text)


SHOWN = PAGE.read_text(encoding="utf-8").partition("## Readings")[2].partition("## Options")[0]
READINGS = ROW.findall(SHOWN)


@pytest.mark.parametrize(("kind", "answer", "text", "reading"), READINGS)
def test_a_reading_is_what_the_page_says(kind, answer, text, reading):
    found = made(kind, {}).score(record(text), sample(answer, choices=5))
    seen = "right" if found.correct else "unparsed" if found.unparsed else "wrong"
    assert seen == reading


def test_the_page_shows_readings_of_each_scorer_that_reads_without_options():
    assert {row[0] for row in READINGS} == {*KINDS} - {"code", "rouge", "pattern", "judge"}
