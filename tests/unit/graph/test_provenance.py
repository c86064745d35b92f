"""Pages of a run folder say where they come from; what a stage wrote does not."""

import html
import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.graph.graph import CACHE
from llmx.graph.provenance import facts_of, with_provenance, without_provenance
from llmx.runs.check import check
from llmx.runs.run import run

FACTS = {
    "made": "2026-12-01T03:49:16Z",
    "command": "llmx run recipe=x 'arms=[a,b]'",
    "scale": "smoke scale",
    "problems": "4 problems",
    "seeds": "seed 0",
}
PAGE = "<header>\n<h1>{}</h1>\n<nav></nav>\n</header>\n<main>{}</main>\n"
TEXTS = st.text("ab<>&#`\n \u2028é-!", max_size=40)


@given(TEXTS, TEXTS, st.sampled_from([".html", ".md"]), TEXTS)
def test_what_was_put_in_can_be_taken_out(title, body, ending, command) -> None:
    title = title.replace("\n", " ")
    page = PAGE.format(html.escape(title), html.escape(body))
    page = page if ending == ".html" else f"# {title}\n\n- {body}\n"
    put = with_provenance(page, ending, FACTS | {"command": command.replace("<!--", "")})
    assert without_provenance(put) == page
    assert len(put) > len(page) and without_provenance(page) == page


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_a_page_without_a_title_stays_as_it_is(ending: str) -> None:
    assert with_provenance("some text\n", ending, FACTS) == "some text\n"


@pytest.mark.parametrize(
    "command", ["llmx run a=`b`", "llmx run 'a=``'", "llmx run '<b>&amp;</b>'", "llmx run a=b"]
)
def test_a_command_is_code_that_can_be_copied(command: str) -> None:
    text = with_provenance("# T\n\nx\n", ".md", FACTS | {"command": command})
    (line,) = re.findall(r"^- command: (.*)$", text, re.MULTILINE)
    fence = re.match("`+", line).group()
    assert line.strip("`").strip() == command.strip("`") or line == f"{fence} {command} {fence}"
    assert fence not in command
    page = with_provenance(PAGE.format("T", "x"), ".html", FACTS | {"command": command})
    assert html.escape(command) in page and "<b>" not in page


@pytest.fixture
def finished(recipe, runs, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["llmx", "run", "recipe=tiny", "a<b>=1"])
    return run(recipe(), runs=runs, workers=1)


def test_report_and_page_say_when_how_and_where(finished) -> None:
    made = finished.folder.manifest()
    texts = [(finished.folder.path / name).read_text() for name in ("report.md", "report.html")]
    for text in texts:
        for word in (made["written"], "laptop scale", "6 problems", "seed 0"):
            assert word in text
        assert made["code"] is None or made["code"]["commit"][:12] in text
    assert "`llmx run recipe=tiny 'a<b>=1'`" in texts[0]
    assert "llmx run recipe=tiny &#x27;a&lt;b&gt;=1&#x27;" in texts[1]
    assert texts[0].index("provenance") < texts[0].index("## ")


def test_what_the_stage_wrote_knows_nothing_of_it(finished, runs) -> None:
    (kept,) = (path.parent for path in (runs / CACHE / "report").glob("*/report.md"))
    for name in ("report.md", "report.html"):
        written = (kept / name).read_text()
        assert "provenance" not in written and "recipe=tiny" not in written
        assert without_provenance((finished.folder.path / name).read_text()) == written


def test_accidents_move_no_byte_of_the_cache(finished, recipe, runs, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["python", "elsewhere"])
    run(recipe(), runs=tmp_path / "others", workers=1)
    trees = [
        {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("report*/*/report.*")}
        for place in (runs / CACHE, tmp_path / "others" / CACHE)
    ]
    assert trees[0] == trees[1] and len(trees[0]) == 2


def test_pages_are_checked_by_what_they_were(finished, runs) -> None:
    assert check(runs).clean
    page = finished.folder.path / "report.html"
    page.write_text(page.read_text().replace("laptop", "paper"))
    found = check(runs)
    assert found.linked == {finished.folder.name: ("report.html has other content",)}
    assert not found.damages


def test_the_same_command_brings_an_edited_page_back(finished, recipe, runs) -> None:
    page = finished.folder.path / "report.md"
    before = page.read_bytes()
    page.write_bytes(b"mine")
    run(recipe(), runs=runs, workers=1)
    assert page.read_bytes() == before and check(runs).clean


def test_a_run_of_an_older_version_is_still_checked(finished, runs) -> None:
    """Its manifest names no pages: they were links to what the stage wrote."""
    path = finished.folder.path / "manifest.json"
    made = json.loads(path.read_text())
    del made["pages"]
    path.write_text(json.dumps(made))
    (kept,) = (path.parent for path in (runs / CACHE / "report").glob("*/report.md"))
    for name in ("report.md", "report.html"):
        (finished.folder.path / name).write_bytes((kept / name).read_bytes())
    assert check(runs).clean


MANIFEST = {
    "written": "2026-12-01T00:00:00Z",
    "seconds": 1234.5,
    "command": ["llmx", "run", "a b"],
    "code": {"commit": "0123456789abcdef", "dirty": True},
    "packages": {"llmx-lab": "0.1.0"},
    "machine": {"processor": "P", "cores": 2, "accelerators": ["H200"], "system": "Linux"},
}


def test_facts(recipe, arm) -> None:
    two = {"a": arm(), "b": arm("It is 7.\n#### 7").model_copy(update={"seed": 3})}
    assert facts_of(MANIFEST, recipe(two)) == {
        "made": "2026-12-01T00:00:00Z",
        "command": "llmx run 'a b'",
        "code": "llmx 0.1.0 commit 0123456789ab with changes",
        "machine": "P, 2 cores, H200, Linux",
        "scale": "laptop scale",
        "problems": "6 problems",
        "seeds": "seeds 0, 3",
        "took": "1,234.5 s",
    }


def test_of_a_manifest_that_says_little_the_rest_is_said(recipe) -> None:
    found = facts_of({"seconds": 1.0, "code": None}, recipe())
    assert found["code"] == "no commit known" and found["problems"] == "6 problems"
    assert Path(found["command"]) == Path()
