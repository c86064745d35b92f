"""The tables of stage options in the docs are those of the kinds' models, and so is `--stages`.

``LLMX_UPDATE_GOLDEN=1`` writes them anew.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.core.options import described, model_of
from llmx.core.registry import rooms

DOCS = Path(__file__).parents[2] / "docs"
PAGE, OPTIONS = DOCS / "add-a-recipe.md", DOCS / "stage-options.md"
# Of llmx's own rooms: other tests bring stages of theirs.
KINDS = sorted(kind for room in rooms() for family, kind in room.kinds if family == "stage")
UPDATE = bool(os.environ.get("LLMX_UPDATE_GOLDEN"))
ROW = re.compile(r"^\| `(\w+)` \| (.*?) ?\| (.*) \|$", re.M)


def models() -> Iterator[tuple[str, type]]:
    for kind in KINDS:
        model = model_of(kind)
        assert model is not None, f"{kind} has no model of its options"
        yield kind, model


def cell(kind: str) -> str:
    """Names with their defaults, as a cell of the table of kinds."""
    model = dict(models())[kind]
    found = ", ".join(
        f"`{one.name}`" + (f" ({one.default})" if one.default not in (None, "null") else "")
        for one in described(model)
    )
    return found.replace("|", "\\|")


def table_of_kinds(text: str) -> str:
    """The page with the column of options as the models have them."""
    before, heading, rest = text.partition("## The parts")
    part, next_heading, after = rest.partition("\n## ")
    part = ROW.sub(
        lambda row: f"| `{row[1]}` | {cell(row[1])} | {row[3]} |" if row[1] in KINDS else row[0],
        part,
    )
    return before + heading + part + next_heading + after


def page_of_options() -> str:
    lines = [
        "# Options of stages",
        "",
        "What each kind of stage takes beside `kind`, `over` and `needs`"
        " ([add-a-recipe.md](add-a-recipe.md#the-parts)). This page is made of the models that"
        " check a recipe; `llmx describe RECIPE --stages` shows those of one recipe.",
    ]
    for kind, model in models():
        lines += ["", f"## {kind}", ""]
        rows = [
            f"| `{one.name}` | {'required' if one.default is None else f'`{one.default}`'} "
            f"| {one.about} |"
            for one in described(model)
        ]
        head = ["| option | default | what it is |", "| --- | --- | --- |"]
        lines += [*head, *(row.replace("``", "empty") for row in rows)] if rows else ["No options."]
    return "\n".join(lines) + "\n"


def test_the_table_of_kinds_has_the_options_of_the_models() -> None:
    text = PAGE.read_text(encoding="utf-8")
    if UPDATE:
        PAGE.write_text(table_of_kinds(text), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == table_of_kinds(text)


def test_the_page_of_options_is_made_of_the_models() -> None:
    if UPDATE:
        OPTIONS.write_text(page_of_options(), encoding="utf-8")
    assert OPTIONS.read_text(encoding="utf-8") == page_of_options()


def test_every_option_is_described_in_one_line() -> None:
    for kind, model in models():
        for one in described(model):
            assert one.about and "\n" not in one.about and len(one.about) <= 110, (kind, one)


def test_describe_shows_the_options_of_a_recipes_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = CliRunner().invoke(app, ["describe", "gsm_answers", "--stages"])
    assert done.exit_code == 0
    text = " ".join(done.output.split())
    assert "decode: generate" in text and "score: score" in text and "grpo" not in text
    assert "problems null how many; null = the scale's" in text
    assert "scorer null kind of scorer" in text
